"""Competing risks on the screen: the figure, the tables, the sentences."""
