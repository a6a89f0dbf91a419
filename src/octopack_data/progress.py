"""How much of a part is done: told by whatever reads its files or does its work, shown by the one bar of a stage.

Readers of rows call :func:`at` as they go, so most stages need to say nothing. A work of several passes gives each its
:func:`stretch`; one that reads ahead of what takes long says itself how much is done (``here().done(0.5)``). Where
nobody listens (a reader outside a stage) nothing is told.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

Say = Callable[[float], object]
"""Is told the share of a part that is done, from 0 to 1."""
_PIECE = 1 << 17
"""Bytes that are read at once: what a place is told after."""


class Place:
    """How far the files of a part have been read; each counts as far as it was read at most."""

    def __init__(self, paths: Sequence[Path], say: Say = lambda _: None) -> None:
        self.share = 0.0
        self._say = say
        self._sizes = {path: path.stat().st_size for path in paths}
        self._read = dict.fromkeys(paths, 0)
        self._total, self._sum = max(1, sum(self._sizes.values())), 0

    def at(self, path: Path, place: int) -> None:
        """Take note of bytes from the beginning of a file; files that are none of the part's do not count."""
        more = min(place, self._sizes.get(path, 0)) - self._read.get(path, 0)
        if more > 0:
            self._read[path] += more
            self._sum += more
            self.done(self._sum / self._total)

    def done(self, share: float) -> None:
        """Take note of a share of the work, and say it."""
        self.share = share
        self._say(share)

    def stretch(self, begin: float, end: float, paths: Sequence[Path] = (), power: int = 1) -> Place:
        """Return the place of a pass over the same files (or others) that is the work from one share to another.

        ``power``: the work grows with this power of what was read.
        """
        return Place(paths or list(self._sizes), lambda share: self.done(begin + (end - begin) * share**power))


_PLACE: ContextVar[Place | None] = ContextVar("place", default=None)


@contextmanager
def told(place: Place | None) -> Iterator[None]:
    """Let what is read and done in the block count for a place (None: for none)."""
    before = _PLACE.set(place)
    try:
        yield
    finally:
        _PLACE.reset(before)


def here() -> Place | None:
    """Return the place of the part that is worked on."""
    return _PLACE.get()


def at(path: Path, place: int) -> None:
    """Say how far a file has been read, in bytes."""
    if (current := _PLACE.get()) is not None:
        current.at(path, place)


@contextmanager
def stretch(begin: float, end: float, paths: Sequence[Path] = (), *, power: int = 1) -> Iterator[None]:
    """Do one pass of several, over the part's files or others: it is the work from one share to another.

    ``power``: the work grows with this power of what was read (2: each row is compared with all before it).
    """
    current = _PLACE.get()
    with told(current and current.stretch(begin, end, paths, power)):
        yield


class _Told(io.FileIO):
    """A file that tells how far it has been read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path, self._place = path, 0

    def readinto(self, buffer: Any) -> int | None:
        size = super().readinto(buffer)
        self._place += size or 0
        at(self._path, self._place)
        return size


def opened(path: Path) -> io.BufferedReader:
    """Open a file for reading from its beginning to its end; how far it was read is told on the way."""
    return io.BufferedReader(_Told(path), _PIECE)
