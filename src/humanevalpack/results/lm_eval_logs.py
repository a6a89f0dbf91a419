"""The output folder of lm_eval (``results_*.json`` and, with ``--log_samples``, ``samples_*.jsonl``), read as a run.

The files alone are read: lm_eval itself is not needed.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from humanevalpack.errors import HumanEvalPackError, InputError
from humanevalpack.json_lines import read_json_lines
from humanevalpack.languages import LANGUAGES, Profile
from humanevalpack.problems import problems_from_rows
from humanevalpack.programs import build_program
from humanevalpack.results.manifest import new_manifest
from humanevalpack.results.records import Run, ScoredSample, sample_order
from humanevalpack.results.rows import GENERATED, KeptRow
from humanevalpack.sandbox.verdicts import STATUSES, Verdict
from humanevalpack.scenarios import SCENARIOS, parse_task, task_name

_TASKS = tuple(task_name(scenario, language) for scenario in SCENARIOS for language in LANGUAGES)
_LOG = re.compile(rf"samples_({'|'.join(map(re.escape, _TASKS))})_(.+)\.jsonl")


def newest_results(folder: Path) -> Path | None:
    """Return the newest results file that lm_eval wrote below ``folder``; None if there is none."""
    files = folder.rglob("results_*.json")
    return max(files, key=lambda path: (path.stat().st_mtime_ns, path.name), default=None)


def task_of_log(path: Path) -> str | None:
    """Return the task of a sample log by its file's name; None if the name says none."""
    found = _LOG.fullmatch(path.name)
    return found[1] if found else None


def is_our_log(record: Mapping[str, Any]) -> bool:
    """Whether a line is of a log of our tasks, whose samples are JSON objects as text, not of another task's."""
    try:
        return "generation" in json.loads(_responses(record)[0][0])
    except (KeyError, IndexError, TypeError, ValueError):
        return False


def read_lm_eval_run(folder: Path, results: Path) -> Run:
    """Read the run of a results file below a folder; raises InputError that names the file and what is wrong."""
    data = _results(results)
    date = results.name.removeprefix("results_").removesuffix(".json")
    logs = sorted(path for path in results.parent.glob(f"samples_*_{date}.jsonl") if task_of_log(path))
    if not logs:
        raise InputError(f"{results}: no samples_<task>_{date}.jsonl beside it: run lm_eval with --log_samples")
    facts = {task: _facts(data, task) for task in _TASKS}
    samples = [sample for path in logs for sample in _samples(path, facts[str(task_of_log(path))])]
    manifest = lm_eval_manifest(data, folder)
    return Run(name=manifest["name"], folder=folder, manifest=manifest, samples=sorted(samples, key=sample_order))


def rows_of_log(path: Path, task: str) -> Iterator[tuple[str, KeptRow]]:
    """Yield (place, generation) of every sample in a log of one of our tasks; raises InputError."""
    for place, _, record in _logged(path):
        yield place, _row(record, task, place)


def facts_beside(path: Path) -> Mapping[str, Any]:
    """Return the manifest of the run that a sample log belongs to; empty if its results file is not beside it."""
    date = path.stem.rpartition("_")[2]
    results = path.with_name(f"results_{date}.json")
    return lm_eval_manifest(_results(results), path.parent) if results.is_file() else {}


def lm_eval_manifest(data: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a results file's facts under a manifest's names."""
    facts = {task: found for task in _TASKS if (found := _facts(data, task))}
    options: Mapping[str, Any] = next((found["options"] for found in facts.values() if "options" in found), {})
    first: Mapping[str, Any] = next(iter(facts.values()), {})
    model = data.get("model_name") or data.get("model_source")
    asked: Mapping[str, Any] = data["config"] if isinstance(data.get("config"), dict) else {}
    date = data.get("date")
    by_language: dict[str, dict[str, Any]] = {"dataset_sha256": {}, "toolchain": {}, "image": {}}
    for task, found in facts.items():
        for key, values in by_language.items():
            if found.get(key):
                values[parse_task(task)[1]] = found[key]
    names = ("preset", "n_samples", "temperature", "top_p", "top_k", "max_new_tokens", "total_length", "dataset")
    return new_manifest(
        str(model or folder.resolve().name),
        created=_time(date) if isinstance(date, int | float) else None,
        model=model,
        backend=data.get("model_source"),
        prompt=first.get("prompt"),
        prompt_reason=first.get("prompt_reason"),
        profile=first.get("profile"),
        sandbox=first.get("sandbox"),
        batch_size=asked.get("batch_size"),
        seed=asked.get("random_seed"),
        dataset_sha256=by_language["dataset_sha256"] or None,
        toolchains=by_language["toolchain"] or None,
        images=by_language["image"] or None,
        packages={
            name: data[key]
            for name, key in (("lm_eval", "lm_eval_version"), ("transformers", "transformers_version"))
            if data.get(key)
        },
        source=f"lm_eval, {folder}",
        **{name: options.get(name) for name in names},
    )


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _results(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8"))
        _ = data["results"], data["configs"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a results file of lm_eval ({type(error).__name__}: {error})") from error
    found: dict[str, Any] = data
    return found


def _facts(data: Mapping[str, Any], task: str) -> dict[str, Any]:
    config = data["configs"].get(task) or {}
    found: dict[str, Any] = (config.get("metadata") or {}).get("humanevalpack") or {}
    return found


def _samples(path: Path, facts: Mapping[str, Any]) -> Iterator[ScoredSample]:
    task = str(task_of_log(path))
    for place, doc, record in _logged(path):
        row = _row(record, task, place)
        verdict = record.get("verdict")
        yield ScoredSample.of(
            row,
            candidate=str(record.get("completion") or ""),
            extraction=str(record.get("extraction") or ""),
            program="" if verdict is None else _program(doc, task, str(record.get("completion") or ""), facts, place),
            verdict=None if verdict is None else Verdict.from_dict(verdict),
        )


def _program(doc: Mapping[str, Any], task: str, candidate: str, facts: Mapping[str, Any], place: str) -> str:
    scenario, language = parse_task(task)
    problem = problems_from_rows([doc], language, where=place)[0]
    # A template of the user's may be gone; the model's chat template is none of ours, and its answers are code.
    prompt = facts.get("prompt") if facts.get("prompt") not in (None, "chat") else "instruct"
    profile: Profile = "fixed" if facts.get("profile") == "fixed" else "reference"
    try:
        return build_program(problem, candidate, scenario, prompt=str(prompt), profile=profile).text
    except HumanEvalPackError:
        return ""


def _logged(path: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield (place, row of the data, sample as the task logged it)."""
    for number, record in read_json_lines(path):
        place = f"{path}, line {number}"
        try:
            doc = record["doc"]
            samples = [json.loads(text) for texts in _responses(record) for text in texts]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{place}: not a line of a humanevalpack task's sample log ({type(error).__name__}: {error})"
            ) from error
        for sample in samples:
            if not isinstance(sample, dict) or not isinstance(doc, dict):
                raise InputError(f"{place}: field 'filtered_resps' must hold samples as JSON objects: {sample!r:.60}")
            yield place, doc, {"task_id": doc.get("task_id"), **sample}


def _responses(record: Mapping[str, Any]) -> Any:
    """Return the filtered responses, which lm_eval writes as JSON text where a filter gave it more than texts."""
    found = record["filtered_resps"]
    return json.loads(found) if isinstance(found, str) else found


def _row(record: Mapping[str, Any], task: str, place: str) -> KeptRow:
    status = record.get("status")
    return KeptRow.read({**record, "task": task, "status": GENERATED if status in STATUSES else status}, place)
