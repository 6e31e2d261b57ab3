"""RECIST 1.1 from lesions and visits, and the mode of progression."""
