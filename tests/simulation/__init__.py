"""What simulation says of the p-values, limits and hazard ratios of the cutoff page.

Long runs, made by hand; their results are kept beside the scripts, and `tests/test_simulation.py`
repeats a small sample of them.
"""
