"""Sections about models: their figures, tables and sentences."""
