"""A run's folder: opened to go on, or read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from humanevalpack.errors import InputError, UsageError
from humanevalpack.json_lines import read_json_lines
from humanevalpack.results.appending import Appender
from humanevalpack.results.continuing import JUDGED_WITH, check_same, merged
from humanevalpack.results.lm_eval_logs import newest_results, read_lm_eval_run
from humanevalpack.results.manifest import MANIFEST, PART, new_manifest, read_manifest, write_json, write_manifest
from humanevalpack.results.records import Run, ScoredSample, sample_order
from humanevalpack.results.records import scores as scores_of
from humanevalpack.results.rows import KeptRow, Key
from humanevalpack.sandbox.verdicts import Verdict

GENERATIONS, VERDICTS, SCORES = "generations.jsonl", "verdicts.jsonl", "scores.json"
SHARD = "shard-"
"""How the names of folders begin that hold a run's shards, in the folder of the whole."""
# In the order in which they are deleted: while there is a manifest, it is known whose folder this is.
_OURS = (SCORES, VERDICTS, GENERATIONS, MANIFEST)


class RunFolder:
    """A run's folder that is written to: generations and verdicts are appended as they arrive.

    What is in it stays: another generation under the same key is an error, and nothing is replaced but the scores.
    Several processes may write into one folder.
    """

    def __init__(
        self, path: Path, manifest: Mapping[str, Any], *, overwrite: bool = False, judge_anew: bool = False
    ) -> None:
        """Make the folder, or go on in it.

        ``overwrite`` begins anew: the files of the earlier run are deleted; ``judge_anew`` deletes its verdicts alone.
        Raises UsageError for a folder that holds something else, or a run with other settings, EnvironmentFault if it
        cannot be written.
        """
        self.path = path
        if path.exists():
            _check_ours(path)
        for name in _OURS if overwrite else (VERDICTS, SCORES) if judge_anew else ():
            (path / name).unlink(missing_ok=True)
        if (path / MANIFEST).exists():
            before = read_manifest(path)
            if judge_anew:
                before = {key: value for key, value in before.items() if key not in JUDGED_WITH}
            check_same(path, before, manifest)
            self.manifest = merged(before, manifest)
        else:
            self.manifest = dict(manifest)
        write_manifest(path, self.manifest)
        self._generations = Appender(path / GENERATIONS)
        self._verdicts = Appender(path / VERDICTS)
        self.rows = {row.key: row for row in read_generation_lines(path / GENERATIONS)}
        self.judged = read_verdict_lines(path / VERDICTS)
        self._has_old_scores = True

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._generations.__exit__(kind, error, where)
        self._verdicts.__exit__(kind, error, where)

    def add_generations(self, rows: Iterable[KeptRow]) -> int:
        """Append the generations that are not there yet; return how many. Raises UsageError for one that differs.

        What another process has appended meanwhile stays, and ``rows`` has it then.
        """
        new: dict[Key, KeptRow] = {}
        for row in rows:
            held = self.rows.get(row.key, new.get(row.key))
            if held is None:
                new[row.key] = row
            elif held != row:
                task, task_id, sample = row.key
                raise UsageError(
                    f"{self.path / GENERATIONS} holds another generation for {task}, {task_id}, sample {sample}: "
                    f"{held.generation!r:.60} instead of {row.generation!r:.60}; choose another folder, or --overwrite"
                )
        # In pieces: a line is whole or not there, and the disk is not asked for every one.
        wanted = list(new.values())
        return sum(self._append(wanted[start : start + 100]) for start in range(0, len(wanted), 100))

    def _append(self, rows: Sequence[KeptRow]) -> int:
        written: list[KeptRow] = []

        def choose(others: Sequence[bytes]) -> str:
            for line in others:
                row = KeptRow.read(json.loads(line), str(self.path / GENERATIONS))
                self.rows.setdefault(row.key, row)
            written.extend(row for row in rows if row.key not in self.rows)
            return "".join(row.to_line() for row in written)

        self._drop_old_scores()
        self._generations.append_after(choose)
        self.rows |= {row.key: row for row in written}
        return len(written)

    def add_verdict(self, sample: ScoredSample) -> None:
        """Append one verdict with the program that it is about."""
        record = verdict_record(sample)
        self._drop_old_scores()
        self._verdicts.append(json.dumps(record) + "\n")
        self.judged[sample.task, sample.task_id, sample.sample] = record

    def write_scores(self, run: Run, ks: Iterable[int] = (1, 10, 100)) -> Path:
        """Write ``scores.json``."""
        self._has_old_scores = True
        return write_json(self.path / SCORES, scores_of(run, tuple(ks)))

    def _drop_old_scores(self) -> None:
        """Delete the scores, once: they are not those of what is appended now."""
        if self._has_old_scores:
            (self.path / SCORES).unlink(missing_ok=True)
            self._has_old_scores = False


def read_run(folder: str | Path) -> Run:
    """Read a run: our folder, one with kept generations alone, or lm_eval's output folder (with ``--log_samples``).

    A last line that is half written is left out. Raises InputError that names file, line and field.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder: a run is a folder with {MANIFEST} and {GENERATIONS}")
    if not (folder / GENERATIONS).is_file():
        if results := newest_results(folder):
            return read_lm_eval_run(folder, results)
        if any(_is_shard(item) for item in folder.iterdir()):
            raise InputError(
                f"{folder} holds shards of a run: humanevalpack generations merge {folder}/{SHARD}* --output {folder}"
            )
        raise InputError(f"{folder} holds no run: neither {GENERATIONS} nor lm_eval's results_*.json below it")
    named = (folder / MANIFEST).is_file()
    manifest = read_manifest(folder) if named else new_manifest(folder.resolve().name)
    judged = read_verdict_lines(folder / VERDICTS) if (folder / VERDICTS).is_file() else {}
    samples, seen = [], set[Key]()
    for row in read_generation_lines(folder / GENERATIONS):
        seen.add(row.key)
        samples.append(_scored(row, judged.get(row.key)))
    stray = next((key for key in judged if key not in seen), None)
    if stray is not None:
        raise InputError(f"{folder / VERDICTS}: {', '.join(map(str, stray))} has no generation in {GENERATIONS}")
    return Run(name=manifest["name"], folder=folder, manifest=manifest, samples=sorted(samples, key=sample_order))


def verdict_record(sample: ScoredSample) -> dict[str, Any]:
    """Return a line of ``verdicts.jsonl`` as plain JSON types."""
    return {
        "task": sample.task,
        "task_id": sample.task_id,
        "sample": sample.sample,
        "candidate": sample.candidate,
        "extraction": sample.extraction,
        "program": sample.program,
        "verdict": sample.verdict.to_dict() if sample.verdict else None,
    }


def read_generation_lines(path: Path) -> list[KeptRow]:
    """Read a file of generations that may still grow; raises InputError for a wrong line and for a second one."""
    rows: dict[Key, KeptRow] = {}
    for number, record in read_json_lines(path, grows=True):
        row = KeptRow.read(record, f"{path}, line {number}")
        if rows.setdefault(row.key, row) != row:
            raise InputError(
                f"{path}, line {number}: {row.task}, {row.task_id}, sample {row.sample} stands here a second time, "
                "and differs: humanevalpack generations check names all of them"
            )
    return list(rows.values())


def read_verdict_lines(path: Path) -> dict[Key, dict[str, Any]]:
    """Read a file of verdicts that may still grow: the last line of a sample counts. Raises InputError."""
    found: dict[Key, dict[str, Any]] = {}
    for number, record in read_json_lines(path, grows=True):
        place = f"{path}, line {number}"
        if not isinstance(record, dict):
            raise InputError(f"{place}: expected a JSON object, found {type(record).__name__}")
        for name in ("task", "task_id", "candidate", "extraction", "program"):
            if not isinstance(record.get(name), str):
                raise InputError(f"{place}: field {name!r} must be text, found {record.get(name)!r:.60}")
        if type(record.get("sample")) is not int:
            raise InputError(f"{place}: field 'sample' must be a whole number, found {record.get('sample')!r:.60}")
        if not isinstance(record.get("verdict"), dict | None):
            raise InputError(f"{place}: field 'verdict' must be an object or null, found {record['verdict']!r:.60}")
        found[record["task"], record["task_id"], record["sample"]] = record
    return found


def _scored(row: KeptRow, record: Mapping[str, Any] | None) -> ScoredSample:
    if record is None:
        return ScoredSample.of(row, verdict=None)
    return ScoredSample.of(
        row,
        candidate=record["candidate"],
        extraction=record["extraction"],
        program=record["program"],
        verdict=None if record["verdict"] is None else Verdict.from_dict(record["verdict"]),
    )


def _check_ours(path: Path) -> None:
    if not path.is_dir():
        raise UsageError(f"{path} is a file: a run is kept in a folder")
    if others_in(path) and not (path / MANIFEST).is_file():
        raise UsageError(f"{path} is not empty and holds no run ({MANIFEST}): choose another folder")


def others_in(path: Path) -> list[Path]:
    """Return what a folder holds beside shards and files that are being written."""
    return [item for item in path.iterdir() if item.suffix != PART and not _is_shard(item)]


def _is_shard(path: Path) -> bool:
    return path.name.startswith(SHARD) and (path / MANIFEST).is_file()
