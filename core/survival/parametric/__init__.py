"""Parametric models of survival: their families, their fit, and what they say of a cohort."""
