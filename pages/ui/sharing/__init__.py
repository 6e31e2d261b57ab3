"""Sharing a view: links, saved views, reports and code to take away."""
