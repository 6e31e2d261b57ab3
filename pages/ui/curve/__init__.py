"""The sections of the curves page, a file per tab."""
