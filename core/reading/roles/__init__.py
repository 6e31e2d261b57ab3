"""What the columns are: time, unit, event and its coding, patient, markers, groups."""
