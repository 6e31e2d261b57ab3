"""Tables with one row per lesion, made into columns with one value per patient."""
