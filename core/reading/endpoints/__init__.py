"""Endpoints that are made from dates."""
