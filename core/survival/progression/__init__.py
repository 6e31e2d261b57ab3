"""Survival by the mode of progression."""
