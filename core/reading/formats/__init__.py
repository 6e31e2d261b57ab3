"""Files of every kind -> a table of cells."""
