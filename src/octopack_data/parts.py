"""A stage's work, part by part: in several processes, each finished part marked, so that a killed run goes on."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, UsageError
from octopack_data.code import code_facts, named
from octopack_data.manifests import (
    MANIFEST,
    MARKS,
    FileFacts,
    file_facts,
    input_facts,
    new_manifest,
    read_manifest,
    write_json,
    write_manifest,
)
from octopack_data.processes import alone
from octopack_data.rows import ENDINGS, PART
from octopack_data.sources import Part
from octopack_data.user_files import unchanged
from octopack_data.workers import work_on


@dataclass(frozen=True)
class PartResult:
    """What one part gave: the files that were written (name below the output folder, rows), and what was counted."""

    files: tuple[tuple[str, int], ...]
    counts: Mapping[str, int]


Work = Callable[[Part, Path], PartResult]
"""Turns one part into files below the output folder. It is sent to other processes: a frozen dataclass with
``__call__`` or a functools.partial of a plain function. Each file is written whole or not at all."""


class OtherRun(InputError):
    """A folder holds a run with other settings, inputs or code."""


@dataclass(frozen=True)
class Stage:
    """One run of one stage: everything but the way in which its parts are spread over processes and machines."""

    name: str
    work: Work
    parts: tuple[Part, ...]
    output: Path
    settings: Mapping[str, Any]
    """All settings that decide about the output: a run that goes on must have the same."""
    files: Mapping[Path, str] = field(default_factory=dict)
    """Files of the user's that decide about the output (lists, a tokenizer) and their SHA-256 when the run began."""
    folders: tuple[str, ...] = ("data", "excluded")
    """Where below the output the parts' files lie; no other file with rows does."""
    scratch: tuple[str, ...] = ()
    """What else of the run lies below the output (first passes, a journal): a run that begins anew removes it."""

    @contextmanager
    def held(self, *, overwrite: bool = False) -> Iterator[None]:
        """Begin or go on in the folder, and let no other run into it meanwhile; what an old run left is removed.

        Raises InputError (the folder is of something else) and UsageError (another run is at work there).
        """
        self._check_folder()
        with alone(self.output / MARKS):
            self._begin(overwrite=overwrite)
            yield

    def _begin(self, *, overwrite: bool) -> None:
        """Make the folder or check that it is of the same stage, settings, inputs and code."""
        names = [part.name for part in self.parts]
        if len(set(names)) < len(names):
            raise UsageError(f"{self.name}: two inputs have the same name: {Counter(names).most_common(1)[0][0]}")
        if overwrite and self._started.exists():
            self._forget()
        self._check_folder()
        if overwrite or not self._started.exists():
            write_json(self._started, self._said())
        else:
            self.check()

    @property
    def _started(self) -> Path:
        return self.output / MARKS / "stage.json"

    def _said(self) -> dict[str, Any]:
        parts = {part.name: part.bytes for part in self.parts}
        said = {"stage": self.name, "settings": dict(self.settings), "parts": parts, "code": code_facts()}
        return dict(json.loads(json.dumps(said)))

    def check(self) -> None:
        """Raise InputError if the run that began the folder was another one than this."""
        theirs, mine = json.loads(self._started.read_text("utf-8")), self._said()
        if self.finished:  # it is only read, and its manifest tells which code made it
            theirs["code"] = mine["code"]
        if said := _differences(theirs, mine) if theirs != mine else self._changed_inputs():
            mend = "name another folder, or start anew with --overwrite"
            raise OtherRun(f"{self.output} holds another run ({said}): {mend}")

    @property
    def finished(self) -> bool:
        """Say whether all parts are done and the manifest is written."""
        return (self.output / MANIFEST).exists() and not self.left()

    def _check_folder(self) -> None:
        """Raise InputError if there are things of others in the folder: they are never overwritten or mixed with."""
        # A run that was killed as it began may have left its marks' folder without a word of itself in it.
        there = self.output.iterdir() if self.output.is_dir() else ()
        if not self._started.exists() and any(path.name != MARKS for path in there):
            raise InputError(f"{self.output} is not empty and holds no run of this stage: name another folder")

    def _changed_inputs(self) -> str:
        """Say which input of a finished part is another file now; one is read only if its time has changed."""
        for part in self.parts:
            if self.mark(part).exists():
                for path, (facts, time) in zip(part.paths, _inputs(self.mark(part)), strict=True):
                    if path.stat().st_mtime_ns != time and input_facts(path).sha256 != facts.sha256:
                        return f"{path} has changed since it was read"
        return ""

    def _forget(self) -> None:
        """Remove what an earlier run has made, and nothing else."""
        for mark in (self.output / MARKS / "done").rglob("*.json"):
            for name, _ in _result(mark).files:
                (self.output / name).unlink(missing_ok=True)
            mark.unlink()
        (self.output / MANIFEST).unlink(missing_ok=True)
        for path in (self.output / name for name in self.scratch):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        for folder in (self.output / name for name in self.folders):
            # Deepest first. Besides what is marked: files of a part that a kill has broken off.
            for left in (*sorted(folder.rglob("*"), reverse=True), folder):
                if left.is_dir():
                    with suppress(OSError):  # a file of the user's is in it
                        left.rmdir()
                elif left.name.removesuffix(PART).endswith(ENDINGS):
                    left.unlink()

    def mark(self, part: Part) -> Path:
        """Return the file that says that a part is finished."""
        return self.output / MARKS / "done" / f"{part.name}.json"

    def left(self) -> list[Part]:
        """Return the parts that are not finished."""
        return [part for part in self.parts if not self.mark(part).exists()]

    def run_part(self, part: Part) -> PartResult:
        """Do one part and mark it, or only read the mark of a finished one; return what the part gave."""
        if not self.mark(part).exists():
            # The hashes of what is read now: later, another file may have the name.
            inputs = [{"facts": asdict(input_facts(path)), "time": path.stat().st_mtime_ns} for path in part.paths]
            with unchanged(self.files):
                result = self.work(part, self.output)
            # A fault of ours, not of a user: an overwrite would leave them.
            assert {name.partition("/")[0] for name, _ in result.files} <= {*self.folders}, result.files
            write_json(self.mark(part), {"files": result.files, "counts": dict(result.counts), "inputs": inputs})
        return _result(self.mark(part))

    def end(self, **facts: Any) -> dict[str, Any]:
        """Write the manifest of a finished stage and return it; the same whatever the order of the parts was."""
        counts: Counter[str] = Counter()
        inputs: list[FileFacts] = []
        outputs: list[FileFacts] = []
        for part in self.parts:
            result = _result(self.mark(part))
            inputs += [facts for facts, _ in _inputs(self.mark(part))]
            counts.update(result.counts)
            outputs += [file_facts(self.output / name, name, rows) for name, rows in result.files]
        manifest = new_manifest(self.name, self.settings, inputs, outputs, counts, **facts)
        write_manifest(self.output, manifest)
        return manifest


def _result(mark: Path) -> PartResult:
    value = json.loads(mark.read_text("utf-8"))
    return PartResult(tuple((name, rows) for name, rows in value["files"]), value["counts"])


def _inputs(mark: Path) -> list[tuple[FileFacts, int]]:
    """The files that a finished part was made from, and their times (nanoseconds) when it was."""
    return [(FileFacts(**one["facts"]), one["time"]) for one in json.loads(mark.read_text("utf-8"))["inputs"]]


def run_stage(stage: Stage, *, workers: int = 1, overwrite: bool = False, progress: bool = True) -> dict[str, Any]:
    """Run a stage on this machine and return its manifest; a finished one is only read.

    Raises what the work raises, UsageError and InputError; what is finished by then stays.
    """
    with stage.held(overwrite=overwrite):
        return finish(stage, workers=workers, progress=progress)


def finish(stage: Stage, *, workers: int = 1, progress: bool = True) -> dict[str, Any]:
    """Do what is left of a stage whose folder is held, and return its manifest."""
    from tqdm import tqdm

    if stage.finished:
        return read_manifest(stage.output)
    left = stage.left()
    total, hidden = sum(part.bytes for part in stage.parts), None if progress else True
    done = total - sum(part.bytes for part in left)
    with tqdm(total=total, initial=done, unit="B", unit_scale=True, desc=stage.name, disable=hidden) as bar:
        work_on(stage, left, workers, lambda moved: bar.update(done + moved - bar.n))
    return stage.end()


def _differences(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> str:
    if theirs.get("stage") != mine["stage"]:
        return f"stage {theirs.get('stage')}, not {mine['stage']}"
    if theirs.get("code") != mine["code"]:
        return f"begun by {named(theirs.get('code', {}))}; this is {named(mine['code'])}"
    old, new = theirs.get("settings", {}), mine["settings"]
    changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    if changed:
        return "; ".join(f"{key} is {old.get(key)!r} there and {new.get(key)!r} now" for key in changed)
    return "the input's files are others"
