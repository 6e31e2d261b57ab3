"""One module per step, named by its number.

Columns are added first and dropped a release later, so that two releases can run on one store.
There is no way back but a backup.
"""
