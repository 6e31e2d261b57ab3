"""Reports: one description of what was found, and a renderer for each kind of file."""
