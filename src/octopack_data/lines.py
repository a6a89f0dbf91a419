"""Lines of plain and packed files, one in memory at a time: whatever a file holds, memory does not grow with it."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from humanevalpack.errors import InputError, UsageError
from octopack_data.progress import opened

LONGEST = "OCTOPACK_DATA_MAX_LINE_BYTES"
"""Variable of the environment: the longest line that is read. Workers, on other machines too, inherit it."""
_LONGEST = 512 * 2**20
"""A row of two files as large as the release takes them has 200 MiB of text, and JSON may double it."""


def numbered_lines(path: Path, kind: str) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file and their numbers, from 1; ``kind`` is the ending that says how it is packed.

    Raises InputError: it cannot be read, is damaged or cut off, or has a line that is too long (a few kilobytes that
    unpack to gigabytes are one); UsageError for a limit that is no number.
    """
    longest = _longest()
    try:
        with opened(path) as packed, _unpacked(packed, kind) as stream:
            number = 0
            while line := stream.readline(longest + 1):
                number += 1
                if len(line) > longest:
                    raise InputError(
                        f"{path}, line {number}: longer than {longest:,} bytes, so the file may be damaged or hostile. "
                        f"If it is right, say how long a line may be: {LONGEST}={2 * longest}"
                    )
                yield number, line
    except (OSError, EOFError, zlib.error) as error:  # the last two: a .gz that is cut off or damaged
        raise InputError(f"{path} cannot be read: {error}") from error


def _longest() -> int:
    said = os.environ.get(LONGEST, "")
    if said and not (said.isascii() and said.isdigit() and int(said)):
        raise UsageError(f"{LONGEST}={said!r}: must be a number of bytes, as {_LONGEST}")
    return int(said) if said else _LONGEST


def _unpacked(packed: IO[bytes], kind: str) -> IO[bytes]:
    if kind == ".jsonl.zst":
        from octopack_data.zstd import ZstdReader

        return io.BufferedReader(ZstdReader(packed), 1 << 20)
    if kind == ".jsonl.gz":
        import gzip

        return io.BufferedReader(gzip.GzipFile(fileobj=packed), 1 << 20)
    return packed
