"""Functions that a script brings along, copied as they stand: in Python and, beside it, in R."""
