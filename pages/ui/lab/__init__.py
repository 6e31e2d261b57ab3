"""The sections of the cutoff page."""
