"""The user's files that decide about a stage's output (lists, a tokenizer): none may change while a run is on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from humanevalpack.errors import InputError
from octopack_data.manifests import sha256_of, version_of


@contextmanager
def unchanged(files: Mapping[Path, str]) -> Iterator[None]:
    """Raise InputError if a file is not, or is not any more at the end, the one with this SHA-256."""
    versions = {path: version_of(path) for path in files}
    for path, version in versions.items():
        if _hash(path, version) != files[path]:
            raise _changed(path)
    yield
    for path, version in versions.items():
        if version_of(path) != version:
            raise _changed(path)


@lru_cache(maxsize=32)
def _hash(path: Path, _version: tuple[int, int]) -> str:
    return sha256_of(path)


def _changed(path: Path) -> InputError:
    return InputError(
        f"{path} was changed while a run with it was on. What is finished was made with the file as it was: put that "
        "back and give the same command again, or start anew with --overwrite"
    )
