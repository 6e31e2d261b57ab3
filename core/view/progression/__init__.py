"""Response and progression from lesions by visit, in figures, tables and sentences."""
