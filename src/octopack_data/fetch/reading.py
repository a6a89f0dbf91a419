"""Contents of located blobs: from a repository on disk, or from the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from octopack_data.fetch.contents import blob_id
from octopack_data.fetch.git import Git
from octopack_data.fetch.objects import ObjectReader
from octopack_data.fetch.statuses import Status
from octopack_data.fetch.trees import Located, Place
from octopack_data.fetch.wants import Fetched, Side

Known = Callable[[str], bytes | None]
"""Gives the content of a blob id without any request, or None."""


def nothing_known(_: str) -> bytes | None:
    """Know no blob: all of them come from the repository."""
    return None


def read_located(
    git: Git,
    folder: Path,
    located: Sequence[Located],
    max_bytes: int,
    known: Known = nothing_known,
    held: frozenset[str] = frozenset(),
) -> Iterator[Fetched]:
    """Yield what each want has, in order, two contents in memory at a time; raises GitFailed.

    Blobs in ``held`` are taken from ``known``, which has them; a blob of more than ``max_bytes`` is not read.
    """
    if not located:
        return
    with ObjectReader(git, folder) as reader:
        asked = list({name: None for one in located for name in one.ids() if name not in held})
        sizes = dict(zip(asked, reader.sizes(asked), strict=True))
        contents = reader.contents(
            [name for one in located for name in one.ids() if name not in held and _fits(sizes[name], max_bytes)]
        )

        def side(place: Place) -> Side:
            if isinstance(place, Side):
                return place
            size = None if place in held else sizes[place]
            if size is not None and size[0] == "blob" and size[1] > max_bytes:
                return Side(Status.TOO_LARGE, detail=f"{size[1]} bytes")
            content = known(place) if place in held else next(contents) if _fits(size, max_bytes) else None
            if content is None:
                return Side(Status.GONE, detail=f"no blob {place}")
            if place not in held and blob_id(content, like=place) != place:  # a damaged or a forged repository
                return Side(Status.TRUNCATED, detail=f"other bytes than those of blob {place}")
            return Side(Status.OK, content)

        for one in located:
            new = side(one.new)
            yield Fetched(one.want, new, side(one.old) if one.ids() else Side(Status.GONE))


def _fits(size: tuple[str, int] | None, max_bytes: int) -> bool:
    return size is not None and size[0] == "blob" and size[1] <= max_bytes
