"""What looks wrong in a cohort, and what identifies a person."""
