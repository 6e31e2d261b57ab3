"""The loops that numba compiles, and nothing else: numbers in, arrays out.

numba is imported when the first of them is used, and keeps what it compiled on the disk. The
modules here are imported inside functions, so that nobody waits for numba who does not need it.
"""
