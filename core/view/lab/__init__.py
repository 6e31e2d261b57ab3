"""The figures and sentences of the cutoff page, a module for each of its sections."""
