"""Everything about where a marker is cut: the search, what it does to p, and how stable it is."""
