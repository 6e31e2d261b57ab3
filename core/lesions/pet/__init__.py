"""PET lesions: one row per lesion becomes uptake, volume and heterogeneity of a patient."""
