"""What is asked of lesions and survival together."""
