"""Contents on disk under their blob ids: written whole or not at all, by any number of processes at a time."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from humanevalpack.errors import EnvironmentFault
from octopack_data.fetch.contents import blob_id


@dataclass(frozen=True)
class BlobCache:
    """``blobs/ab/cd…`` holds a content (zstd), ``urls/…`` what was last got from an address: its ETag and blob id.

    No lock: a blob's file never changes, and the last writer of an address wins. What is damaged counts as absent.
    """

    folder: Path

    def get(self, name: str) -> bytes | None:
        """Return the content with this blob id, checked against it, or None."""
        import zstandard

        try:
            content = zstandard.ZstdDecompressor().decompress(self._blob(name).read_bytes())
        except (OSError, zstandard.ZstdError):
            return None
        return content if blob_id(content, like=name) == name else None

    def put(self, content: bytes, like: str = "") -> str:
        """Keep a content and return its blob id (``like``: an id of the same kind); raises EnvironmentFault."""
        import zstandard

        name = blob_id(content, like)
        path = self._blob(name)
        if not path.exists() or self.get(name) is None:
            _write(path, zstandard.ZstdCompressor(level=1).compress(content))
        return name

    def url(self, url: str) -> tuple[str, str] | None:
        """Return (ETag, blob id) of an address whose content is still here."""
        try:
            etag, name = json.loads(self._url(url).read_bytes())
        except (OSError, ValueError):
            return None
        return (etag, name) if self._blob(name).exists() else None

    def put_url(self, url: str, etag: str, name: str) -> None:
        """Keep what an address gave; raises EnvironmentFault."""
        _write(self._url(url), json.dumps([etag, name]).encode())

    def _blob(self, name: str) -> Path:
        return self.folder / "blobs" / name[:2] / name[2:]

    def _url(self, url: str) -> Path:
        key = hashlib.sha256(url.encode()).hexdigest()
        return self.folder / "urls" / key[:2] / key[2:]


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")  # made anew, never one of another process
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(part).replace(path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error}") from error
