"""The output folder of a selection or an export: one run at a time, whole or not at all, nothing of others replaced."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from humanevalpack.errors import InputError
from octopack_data.manifests import MANIFEST, read_manifest
from octopack_data.processes import alone
from octopack_data.rows import PART

LICENCES_FILE = "licences.jsonl"
DATA = "data"
"""Folder of the metadata's shards: the next stage reads what is in it and not the licence map beside it."""
TABLES = "tables"
"""Folder of the tables that were made from clones."""
WORK = ".work"
"""While it is there, what lies beside it is of a run that is at work or was killed."""
PAID = ".jobs.json"
"""Finished jobs of a selection in BigQuery, until all are."""
_OURS = {WORK, TABLES, f".{TABLES}-lists", PAID}
"""What may lie in an output folder before a selection is finished."""
_STAGES = ("select", "export")
_PRODUCTS = {DATA, LICENCES_FILE, LICENCES_FILE + PART, MANIFEST + PART, PAID + PART}
"""What else a killed run may have left there."""


@contextmanager
def writing(output: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a folder for what a run needs while it writes ``output``; what was written goes if the block fails.

    What a killed run has left is removed first. Raises InputError (an earlier selection that is not to be replaced, or
    things of others, which never are) and UsageError (another run is at work there).
    """
    refuse_other(output, overwrite=overwrite)
    work = output / WORK
    with alone(work):
        if not overwrite:
            _refuse_finished(output)  # by a run that has ended since the first look
        remove_products(output)
        try:
            yield work
        except BaseException:
            remove_products(output)
            raise
        finally:
            shutil.rmtree(work, ignore_errors=True)  # the last, as the word above says


def refuse_other(output: Path, *, overwrite: bool) -> None:
    """Raise InputError if a folder holds an earlier selection that is not to be replaced, or things of others."""
    if not output.is_dir():
        return
    if (output / MANIFEST).is_file():
        stage = read_manifest(output)["stage"]
        if stage not in _STAGES:
            raise InputError(f"{output} holds what the stage {stage!r} wrote, and no selection: name another folder")
    else:
        ours = _OURS | (_PRODUCTS if (output / WORK).is_dir() else set())
        if {path.name for path in output.iterdir()} - ours:
            raise InputError(f"{output} is not empty and holds no selection: name another folder")
    if not overwrite:
        _refuse_finished(output)


def _refuse_finished(output: Path) -> None:
    if (output / MANIFEST).is_file():
        raise InputError(f"{output} holds a selection: name another folder, or start anew with --overwrite")


def remove_products(output: Path) -> None:
    """Remove what a selection writes, and nothing else; the manifest first: what is left is not taken for whole."""
    names = (MANIFEST, LICENCES_FILE, *(name + PART for name in (MANIFEST, LICENCES_FILE, PAID)))
    for old in [*(output / name for name in names), *(output / DATA).glob("metadata-*")]:
        old.unlink(missing_ok=True)
    with suppress(OSError):  # there are files of others in it: they stay
        (output / DATA).rmdir()
