"""What the rows are, and a second table of the same patients."""
