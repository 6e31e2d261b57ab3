"""Saved views: a question with its data, kept in a store or in a file, and opened by a link."""
