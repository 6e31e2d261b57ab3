"""Printed tables: their cells, compared with what the data give, and checked against each other."""
