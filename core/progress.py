"""How long work tells how far it is, and how it is ended from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator

Progress = Callable[[float], None]
"""Called with the fraction that is done, 0 to 1. An exception that it raises ends the work."""


def quiet(fraction: float) -> None:
    """Tell nobody."""


def portions(total: int, size: int, progress: Progress) -> Iterator[int]:
    """Cut work into portions and tell after each of them how far it is.

    Examples
    --------
    >>> list(portions(5, 2, quiet))
    [2, 2, 1]
    """
    progress(0.0)
    for done in range(0, total, size):
        now = min(size, total - done)
        yield now
        progress((done + now) / total)


def part_of(progress: Progress, start: float, end: float) -> Progress:
    """The progress of one step out of several, which takes the work from `start` to `end`."""
    return lambda fraction: progress(start + (end - start) * fraction)
