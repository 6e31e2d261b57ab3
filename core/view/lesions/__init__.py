"""Figures, tables and sentences of the pages on lesions."""
