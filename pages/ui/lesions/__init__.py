"""The pages on lesions and their sections."""
