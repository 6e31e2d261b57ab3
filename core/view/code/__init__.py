"""The analysis as code: stand-alone scripts in Python and in R, and the table that they read."""

from core.view.code.script import python_script, r_script, reads_file, table_csv

__all__ = ["python_script", "r_script", "reads_file", "table_csv"]
