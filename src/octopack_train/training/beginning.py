"""How a run begins on all its machines: who holds a folder, where all go on from, and the same data everywhere."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any
from uuid import uuid4

from tqdm import tqdm

from humanevalpack.errors import InputError
from octopack_data.processes import alone
from octopack_train import run_folder
from octopack_train.checkpoints import chance_of, checkpoint_of, seal_of
from octopack_train.config.training import TrainingSettings
from octopack_train.prepared import REPORT, Prepared, fingerprints, is_current, prepare
from octopack_train.recipes.reading import Recipe
from octopack_train.tokens import Tokenizer
from octopack_train.training.agreement import from_main, on_all
from octopack_train.training.processes import is_first_here, is_main, rank, world_size


@dataclass(frozen=True)
class Beginning:
    """What all processes know before anything is prepared."""

    name: str
    """Of the run, for loggers: its folder's and its own, the same whenever it goes on."""
    run: str
    """The run's own name, which no other one has."""
    checkpoint: Path | None
    keeps: bool
    """Whether this process writes into its machine's folder: the main one, and the first of a machine that sees another
    disk."""
    main: str
    """Where the main process has the folder: HOST:PATH."""


def begin(recipe: Recipe, held: ExitStack, *, resume: str | None, overwrite: bool) -> Beginning:
    """Hold the run's folder on each machine until the run ends, and choose one checkpoint for all.

    Raises UsageError (the folder is another's, or another run is at work there) and InputError (a checkpoint that is
    not there), on all processes.
    """
    folder = Path(recipe.settings.output)

    def hold() -> None:
        run_folder.check(recipe, folder, resuming=resume is not None, overwrite=overwrite)  # before anything is written
        held.enter_context(alone(folder / run_folder.LOCK))
        run_folder.check(recipe, folder, resuming=resume is not None, overwrite=overwrite)  # one may have come and gone

    def choose() -> dict[str, Any]:
        hold()
        checkpoint = checkpoint_of(folder, resume)
        sign = folder / run_folder.LOCK / uuid4().hex
        sign.touch()
        held.callback(sign.unlink, missing_ok=True)
        return {
            "sign": sign.name,
            "run": (run_folder.environment_of(folder).get("run") if resume is not None else None) or uuid4().hex[:8],
            "checkpoint": checkpoint.name if checkpoint is not None else None,
            "seal": seal_of(checkpoint) if checkpoint is not None else None,
            "main": f"{socket.gethostname()}:{folder.resolve()}",
        }

    def join() -> bool:
        keeps = is_main() or (is_first_here() and not (folder / run_folder.LOCK / chosen["sign"]).exists())
        if keeps and not is_main():
            hold()
        if checkpoint is not None:
            _check_checkpoint(checkpoint, chosen["seal"], chosen["main"])
        return keeps

    def clear() -> None:
        if keeps and overwrite:
            run_folder.clear(folder)
        if keeps:
            (folder / run_folder.DONE).unlink(missing_ok=True)

    chosen = from_main(choose)
    checkpoint = folder / chosen["checkpoint"] if chosen["checkpoint"] is not None else None
    keeps = on_all(join)
    on_all(clear)
    if checkpoint is not None:
        _say_chance(checkpoint, chosen["seal"]["processes"])
    return Beginning(f"{folder.resolve().name}-{chosen['run']}", chosen["run"], checkpoint, keeps, chosen["main"])


def _check_checkpoint(checkpoint: Path, seal: Mapping[str, Any], main: str) -> None:
    """Raise InputError unless this process sees the checkpoint of the main one, with its own state of chance."""
    own = chance_of(checkpoint, rank(), world_size())
    if seal_of(checkpoint) != seal:
        raise InputError(
            f"{checkpoint.resolve()} is not the checkpoint from which the main process goes on, or not all of it; mend "
            f"it: {_copied(main, checkpoint.parent)}"
        )
    if seal["processes"] == world_size() and not own.is_file():  # the main process has it only on a disk of all
        raise InputError(
            f"{checkpoint.resolve()} lacks {own.name}, the state of chance of this process; mend it: copy it from the "
            "disk of the machine that wrote it, or go on from another checkpoint: --resume PATH"
        )


def _copied(main: str, folder: Path) -> str:
    there, here = quote(f"{main}/"), quote(f"{folder.resolve()}/")
    return f"rsync -a {there} {here} on {socket.gethostname()}, or --set output=FOLDER on a disk that all machines see"


def _say_chance(checkpoint: Path, wrote: int) -> None:
    now = world_size()
    if is_main() and wrote != now:
        tqdm.write(
            f"note: {checkpoint} holds the state of chance of {wrote} processes, and here are {now}: the rows are the "
            "same, dropout is not",
            file=sys.stderr,
        )


def data_of(settings: TrainingSettings, begun: Beginning) -> Prepared:
    """Prepare the data once on every disk, the main process's first; raises InputError if it is not the same on all.

    A run that goes on prepares it again only where it is gone, or a file of a source is not as it was; with other data
    it does not go on.
    """
    folder = Path(settings.output)
    place = folder / run_folder.DATA

    def of_main() -> dict[str, str]:
        if begun.checkpoint is None:
            return _make(settings, folder, None, "")
        before = _report(place)
        if before is not None and is_current(before):
            return fingerprints(before)
        wanted = fingerprints(before) if before is not None else run_folder.environment_of(folder).get("data")
        changed = f"{place}: the data is not what this run began with: a source or its tokenizer has changed"
        return _make(settings, folder, wanted, changed)

    def of_machine() -> None:
        there = _report(place)
        if begun.keeps and not is_main() and (there is None or fingerprints(there) != wanted):
            other = (
                f"{place.resolve()}: the data prepared here is not the main process's ({begun.main}): a source or its "
                f"tokenizer is another one here; mend it: copy them, or {_copied(begun.main, folder)}"
            )
            _make(settings, folder, wanted, other)

    def read() -> Prepared:
        report = _report(place)
        if report is None or fingerprints(report) != wanted:
            raise InputError(
                f"{place.resolve()}: not the data of the main process ({begun.main}); mend it: "
                f"{_copied(begun.main, folder)}"
            )
        return Prepared(place, _tokenizer(folder / run_folder.TOKENIZER), report, ())

    wanted = from_main(of_main)
    on_all(of_machine)
    return on_all(read)


def _make(settings: TrainingSettings, folder: Path, wanted: Mapping[str, str] | None, otherwise: str) -> dict[str, str]:
    """Prepare the data of a folder and return its fingerprints; raises InputError if they are not those wanted.

    What was there stays until then.
    """
    part, place = folder / run_folder.PART, folder / run_folder.DATA
    made = prepare(settings, part)
    found = fingerprints(made.report)
    if wanted is not None and found != wanted:
        shutil.rmtree(part)
        raise InputError(f"{otherwise} (fingerprints {_listed(wanted)} wanted, {_listed(found)} found)")
    made.tokenizer.save_pretrained(folder / run_folder.TOKENIZER)
    shutil.rmtree(place, ignore_errors=True)
    part.replace(place)
    return found


def _listed(prints: Mapping[str, str]) -> str:
    return ", ".join(f"{side} {one}" for side, one in prints.items())


def _report(place: Path) -> dict[str, Any] | None:
    path = place / REPORT
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else None


def _tokenizer(folder: Path) -> Tokenizer:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
