"""Reading zstd streams, of which none that was cut off passes for a whole one."""

from __future__ import annotations

import io
from typing import IO, Any

import zstandard

_PIECE = 1 << 11
"""Packed bytes of a zstd file that are unpacked at a time: 4 of them may become 128 KiB of text, so that at the very
worst there are 64 MiB in memory. Larger pieces are a sixth faster."""


class ZstdReader(io.RawIOBase):
    """A zstd stream (frames may follow each other); damage is an OSError, as it is for gzip.

    zstandard's own reader takes a file that was cut off (a copy that broke) for a shorter one, and its rows are lost
    without a word: here the last frame must have its end.
    """

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._damage = zstandard.ZstdError
        self._decompressor = zstandard.ZstdDecompressor()
        self._frame: Any = None
        self._rest = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        """Return True: it is for io.BufferedReader."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as one piece goes; return the bytes, 0 at the end; raises OSError."""
        while not self._ready:
            piece = self._rest or self._packed.read(_PIECE)
            if not piece:
                if self._frame is not None:
                    raise OSError("zstd data without its end: the file was cut off")
                return 0
            self._ready = memoryview(self._unpacked(piece))
        size = min(len(self._ready), len(buffer))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _unpacked(self, piece: bytes) -> bytes:
        self._frame = self._frame or self._decompressor.decompressobj()
        try:
            text: bytes = self._frame.decompress(piece)
        except self._damage as error:
            if "too much memory" in str(error):
                raise OSError("its zstd window is above 128 MiB: pack it again without --long") from error
            raise OSError(f"damaged zstd data ({error})") from error
        self._rest = self._frame.unused_data if self._frame.eof else b""
        self._frame = None if self._frame.eof else self._frame
        return text

    def close(self) -> None:
        """Close the packed file, too."""
        self._packed.close()
        super().close()
