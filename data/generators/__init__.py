"""Scripts that made the synthetic cohorts in `data/`."""
