"""How a pool and a supervisor talk: frames over two pipes.

A frame is a header line of 24 ASCII bytes (a kind, padded with spaces to 11 characters, the body's length in bytes,
right-justified to 12, a newline) and a JSON body. The header comes first and alone so that the long-lived process can
choose what to load without ever holding a program's text: the body is read by the process that serves this job only.
"""

from __future__ import annotations

import json
import os
from typing import Any

HEADER = 24
LARGEST = 256 * 1024 * 1024


class BrokenFrame(Exception):
    """The other side closed the pipe in the middle of a frame or sent something that is none."""


def pack(kind: str, body: Any, apart: bytes = b"") -> bytes:
    """Return the frame for ``body`` (plain JSON types; lone surrogates in texts survive, being escaped).

    ``apart`` follows the frame, and the body says of how many bytes it is: its receiver need not take it into memory.
    """
    data = json.dumps({**body, "apart": len(apart)} if apart else body).encode("ascii")
    return f"{kind:<11}{len(data):>12}\n".encode("ascii") + data + apart


def read_exactly(fd: int, size: int) -> bytes:
    """Read ``size`` bytes; raises BrokenFrame at an early end, returns b"" if the end comes before the first byte."""
    parts: list[bytes] = []
    missing = size
    while missing:
        part = os.read(fd, min(missing, 1 << 20))
        if not part:
            if missing == size:
                return b""
            raise BrokenFrame(f"the pipe closed {missing} bytes before the end of a frame")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def parse_header(header: bytes) -> tuple[str, int]:
    """Return (kind, length of the body in bytes); raises BrokenFrame for anything that is not a header."""
    try:
        kind, length = header[:11].decode("ascii").strip(), int(header[11:23])
    except ValueError as error:
        raise BrokenFrame(f"not a frame header: {header!r}") from error
    if header[23:] != b"\n" or not 0 <= length <= LARGEST:
        raise BrokenFrame(f"not a frame header: {header!r}")
    return kind, length


def write_all(fd: int, data: bytes) -> None:
    """Write all of ``data``, however large."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def unpack(data: bytes) -> tuple[str, Any, int] | None:
    """Return (kind, body, bytes used) of the frame that ``data`` begins with, or None if it is not complete yet."""
    if len(data) < HEADER:
        return None
    kind, length = parse_header(data[:HEADER])
    if len(data) < HEADER + length:
        return None
    return kind, json.loads(data[HEADER : HEADER + length]), HEADER + length
