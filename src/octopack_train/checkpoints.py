"""The checkpoints of a run: which are whole, and from which one a run goes on."""

from __future__ import annotations

import json
from pathlib import Path

from humanevalpack.errors import InputError
from octopack_data.manifests import write_json

WHOLE = "whole.json"
"""Last file of a checkpoint, when every process has written its part: one without it is what a kill has left."""


def place_of(folder: Path, step: int) -> Path:
    """Return the folder of the checkpoint behind a step, as transformers names it."""
    return folder / f"checkpoint-{step}"


def seal(checkpoint: Path, processes: int) -> None:
    """Say that a checkpoint is whole, and how many processes' state of chance it holds."""
    write_json(checkpoint / WHOLE, {"processes": processes})


def unseal(checkpoint: Path) -> None:
    """Take that back, before it is written over."""
    (checkpoint / WHOLE).unlink(missing_ok=True)


def step_of(checkpoint: Path) -> int:
    """Return the step behind which a checkpoint was written."""
    return int(checkpoint.name.rpartition("-")[2])


def processes_of(checkpoint: Path) -> int:
    """Return how many processes wrote a whole checkpoint."""
    return int(json.loads((checkpoint / WHOLE).read_text("utf-8"))["processes"])


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints of a run that are whole, oldest first."""
    named = [path for path in folder.glob("checkpoint-*") if path.name.rpartition("-")[2].isdecimal()]
    return sorted((path for path in named if (path / WHOLE).is_file()), key=step_of)


def checkpoint_of(folder: Path, resume: str | None) -> Path | None:
    """Return the checkpoint that ``--resume`` names; auto: the newest, or none if there is none; raises InputError.

    One of another run is none: its data and settings are not those that are checked.
    """
    if resume is None:
        return None
    known = checkpoints(folder)
    if resume == "auto":
        return known[-1] if known else None
    found = next((one for one in known if one.resolve() == Path(resume).resolve()), None)
    if found is None:
        said = ", ".join(str(one) for one in known) or "none"
        raise InputError(f"--resume {resume}: no whole checkpoint is there; in {folder}: {said}")
    return found
