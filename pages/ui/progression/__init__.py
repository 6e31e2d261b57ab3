"""The page of response and progression."""
