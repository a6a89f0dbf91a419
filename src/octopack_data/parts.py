"""A stage's work, part by part: in several processes, each finished part marked, so that a killed run goes on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_data.manifests import (
    MANIFEST,
    FileFacts,
    file_facts,
    new_manifest,
    read_manifest,
    write_json,
    write_manifest,
)
from octopack_data.sources import Part

MARKS = ".parts"
"""Folder of a stage's output with one file for each finished part."""


@dataclass(frozen=True)
class PartResult:
    """What one part gave: the files that were written (name below the output folder, rows), and what was counted."""

    files: tuple[tuple[str, int], ...]
    counts: Mapping[str, int]


Work = Callable[[Part, Path], PartResult]
"""Turns one part into files below the output folder. It is sent to other processes: a frozen dataclass with
``__call__`` or a functools.partial of a plain function. Each file is written whole or not at all."""


@dataclass(frozen=True)
class Stage:
    """One run of one stage: everything but the way in which its parts are spread over processes and machines."""

    name: str
    work: Work
    parts: tuple[Part, ...]
    output: Path
    settings: Mapping[str, Any]
    """All settings that decide about the output: a run that goes on must have the same."""

    def begin(self, *, overwrite: bool = False) -> None:
        """Make the folder or check that it is of the same stage, settings and inputs; raises InputError."""
        names = [part.name for part in self.parts]
        if len(set(names)) < len(names):
            raise UsageError(f"{self.name}: two inputs have the same name: {Counter(names).most_common(1)[0][0]}")
        started = self.output / MARKS / "stage.json"
        parts = {part.name: part.bytes for part in self.parts}
        mine = json.loads(json.dumps({"stage": self.name, "settings": dict(self.settings), "parts": parts}))
        if overwrite and started.exists():
            self._forget()
        elif not started.exists():
            _refuse_foreign(self.output)
        if overwrite or not started.exists():
            write_json(started, mine)
            return
        theirs = json.loads(started.read_text("utf-8"))
        if theirs != mine:
            said = _differences(theirs, mine)
            raise InputError(
                f"{self.output} holds another run ({said}): name another folder, or start anew with --overwrite"
            )

    def _forget(self) -> None:
        """Remove what an earlier run has made, and nothing else."""
        for mark in (self.output / MARKS / "done").rglob("*.json"):
            for name, _ in _result(mark).files:
                (self.output / name).unlink(missing_ok=True)
            mark.unlink()
        (self.output / MANIFEST).unlink(missing_ok=True)

    def mark(self, part: Part) -> Path:
        """Return the file that says that a part is finished."""
        return self.output / MARKS / "done" / f"{part.name}.json"

    def left(self) -> list[Part]:
        """Return the parts that are not finished."""
        return [part for part in self.parts if not self.mark(part).exists()]

    def run_part(self, part: Part) -> PartResult:
        """Do one part and mark it, or only read the mark of a finished one; return what the part gave."""
        if not self.mark(part).exists():
            result = self.work(part, self.output)
            write_json(self.mark(part), {"files": result.files, "counts": dict(result.counts)})
        return _result(self.mark(part))

    def end(self, **facts: Any) -> dict[str, Any]:
        """Write the manifest of a finished stage and return it; the same whatever the order of the parts was."""
        counts: Counter[str] = Counter()
        outputs: list[FileFacts] = []
        for part in self.parts:
            result = _result(self.mark(part))
            counts.update(result.counts)
            outputs += [file_facts(self.output / name, name, rows) for name, rows in result.files]
        inputs = [input_facts(path) for part in self.parts for path in part.paths]
        manifest = new_manifest(self.name, self.settings, inputs, outputs, counts, **facts)
        write_manifest(self.output, manifest)
        return manifest


def _result(mark: Path) -> PartResult:
    value = json.loads(mark.read_text("utf-8"))
    return PartResult(tuple((name, rows) for name, rows in value["files"]), value["counts"])


def run_stage(stage: Stage, *, workers: int = 1, overwrite: bool = False, progress: bool = True) -> dict[str, Any]:
    """Run a stage on this machine and return its manifest; a finished one is only read.

    Raises what the work raises, UsageError and InputError; what is finished by then stays.
    """
    from tqdm import tqdm

    stage.begin(overwrite=overwrite)
    left = stage.left()
    if not left and (stage.output / MANIFEST).exists():
        return read_manifest(stage.output)
    total = sum(part.bytes for part in stage.parts)
    done = total - sum(part.bytes for part in left)
    with tqdm(
        total=total, initial=done, unit="B", unit_scale=True, desc=stage.name, disable=None if progress else True
    ) as bar:
        for part in _worked(stage, left, workers):
            bar.update(part.bytes)
    return stage.end()


def _worked(stage: Stage, parts: Sequence[Part], workers: int) -> Iterator[Part]:
    if workers <= 1 or len(parts) <= 1:
        for part in parts:
            stage.run_part(part)
            yield part
        return
    # The largest first: the last ones to end are then small.
    order = sorted(parts, key=lambda part: -part.bytes)
    with ProcessPoolExecutor(min(workers, len(parts))) as pool:
        waiting = {pool.submit(stage.run_part, part): part for part in order}
        try:
            for future in as_completed(waiting):
                future.result()
                yield waiting[future]
        except BrokenProcessPool as error:
            raise worker_killed(stage) from error
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def worker_killed(stage: Stage) -> EnvironmentFault:
    """Return what is said of a process that ended in the middle of a part."""
    return EnvironmentFault(
        f"{stage.name}: a worker was killed, perhaps for memory; what is finished stays: run the same command again, "
        "with fewer --workers"
    )


def _refuse_foreign(output: Path) -> None:
    """Nothing of others is ever mixed with a stage's output or overwritten."""
    # A run that was killed as it began may have left its marks' folder without a word of itself in it.
    if output.is_dir() and any(path.name != MARKS for path in output.iterdir()):
        raise InputError(f"{output} is not empty and holds no run of this stage: name another folder")


def _differences(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> str:
    if theirs.get("stage") != mine["stage"]:
        return f"stage {theirs.get('stage')}, not {mine['stage']}"
    old, new = theirs.get("settings", {}), mine["settings"]
    changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    if changed:
        return "; ".join(f"{key} is {old.get(key)!r} there and {new.get(key)!r} now" for key in changed)
    return "the input's files are others"


def input_facts(path: Path) -> FileFacts:
    """The hash of an input that an earlier stage wrote is in its manifest: terabytes are not read twice for it."""
    size = path.stat().st_size
    for folder in path.parents:
        if (folder / MANIFEST).is_file():
            name = path.relative_to(folder).as_posix()
            for facts in read_manifest(folder).get("outputs", []):
                if facts["path"] == name and facts["bytes"] == size:
                    return FileFacts(str(path.absolute()), size, facts["sha256"], facts["rows"])
            break
    return file_facts(path, str(path.absolute()))
