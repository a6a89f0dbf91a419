"""The checkpoints of a run: which are whole, and from which one a run goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from humanevalpack.errors import InputError, UsageError
from octopack_data.manifests import write_json

WHOLE = "whole.json"
"""Last file of a checkpoint, when every process has written its part: one without it is what a kill has left."""

_STATES = ("optimizer.pt", "scheduler.pt")
"""Files of the main process where nothing is shared out."""


def place_of(folder: Path, step: int) -> Path:
    """Return the folder of the checkpoint behind a step, as transformers names it."""
    return folder / f"checkpoint-{step}"


def seal(checkpoint: Path, processes: int, kind: str) -> None:
    """Say that a checkpoint is whole, which of all it is, and what wrote it: so many processes, shared out so."""
    write_json(checkpoint / WHOLE, {"processes": processes, "kind": kind, "name": uuid4().hex})


def unseal(checkpoint: Path) -> None:
    """Take that back, before it is written over."""
    (checkpoint / WHOLE).unlink(missing_ok=True)


def step_of(checkpoint: Path) -> int:
    """Return the step behind which a checkpoint was written."""
    return int(checkpoint.name.rpartition("-")[2])


def seal_of(checkpoint: Path) -> dict[str, Any] | None:
    """Return what was said of a whole checkpoint; None for one that is not whole, or not there."""
    path = checkpoint / WHOLE
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else None


def chance_of(checkpoint: Path, rank: int, processes: int) -> Path:
    """Return the file with a process's state of chance, as transformers names it."""
    return checkpoint / (f"rng_state_{rank}.pth" if processes > 1 else "rng_state.pth")


def check_states(checkpoint: Path, processes: int, kind: str) -> None:
    """Check that so many processes of a kind can read the optimizer's state; raises UsageError and InputError.

    transformers begins optimizer and schedule anew, without a word, where files are missing that it would have written.
    """
    wrote = json.loads((checkpoint / WHOLE).read_text("utf-8"))
    shared = kind.startswith("zero")  # DeepSpeed reads its parts on as many processes as wrote them
    if wrote["kind"] != kind or (shared and wrote["processes"] != processes):
        raise UsageError(
            f"{checkpoint}: {wrote['kind']} on {wrote['processes']} processes wrote the optimizer's state, {kind} on "
            f"{processes} cannot read it: go on with distributed.kind={wrote['kind']} on {wrote['processes']} processes"
        )
    missing = [name for name in _STATES if not (checkpoint / name).is_file()] if kind == "ddp" else []
    if missing:
        raise InputError(f"{checkpoint}: {', '.join(missing)} is missing: go on from another one, --resume PATH")


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
        found = known[-1] if known else None
    else:
        found = next((one for one in known if one.resolve() == Path(resume).resolve()), None)
        if found is None:
            said = ", ".join(str(one) for one in known) or "none"
            raise InputError(f"--resume {resume}: no whole checkpoint is there; in {folder}: {said}")
    if found is not None and "kind" not in (seal_of(found) or {}):
        raise InputError(
            f"{found / WHOLE}: does not say which distributed.kind wrote the optimizer's state, so an earlier version "
            "did: go on with that one (environment.json names it), or begin anew: --overwrite"
        )
    return found
