"""What the pages share: opening a page, controls, and showing results."""
