"""Cells -> numbers, dates, levels and missing values."""
