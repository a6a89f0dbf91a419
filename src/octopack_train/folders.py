"""A folder that is written whole or not at all, and never over something that is not ours."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from humanevalpack.errors import EnvironmentFault, UsageError

PART, OLD = ".part", ".old"
"""End the name of a folder that is being written, and of the one that is replaced."""


def check_free(path: Path, mark: str, *, overwrite: bool) -> None:
    """Raise UsageError if a folder may not be written: it is there, or holds something else than we would write.

    ``mark`` is a file that every folder of this kind has; one without it is not taken away.
    """
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not (path / mark).is_file():
        raise UsageError(f"{path} is there and holds something else (no {mark}): name another folder")
    if not overwrite:
        raise UsageError(f"{path} is there already; name another folder, or say --overwrite")


def check_apart(read: Path, written: Path) -> None:
    """Raise UsageError if a folder that is read, or one around it, is to be written."""
    if written.resolve() == read.resolve() or written.resolve() in read.resolve().parents:
        raise UsageError(f"{written} is what is read ({read}): name another folder")


@contextmanager
def whole_folder(path: Path, mark: str, *, overwrite: bool) -> Iterator[Path]:
    """Give a folder to write into, which becomes ``path`` if nothing is raised; raises UsageError, EnvironmentFault."""
    check_free(path, mark, overwrite=overwrite)
    part, old = (path.with_name(path.name + ending) for ending in (PART, OLD))
    try:
        shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
        part.mkdir(parents=True)
    except OSError as error:
        raise EnvironmentFault(f"{part} cannot be written: {error}") from error
    try:
        yield part
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
            path.replace(old)
        part.replace(path)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)
