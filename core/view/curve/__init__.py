"""Figures, tables and sentences of the curves page beside its main figure."""
