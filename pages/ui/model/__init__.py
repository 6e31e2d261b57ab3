"""Sections about models on the Cox page."""
