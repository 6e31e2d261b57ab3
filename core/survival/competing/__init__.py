"""Competing risks: cumulative incidence, Gray's test, two kinds of hazard ratios."""
