"""Files of generations as other harnesses leave them, made of the problems that ship with the package."""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import humanevalpack as hep
from humanevalpack.problems import Problem
from humanevalpack.results import KeptRow, RunFolder, ScoredSample, new_manifest

FIX = "humanevalfixtests-python"
SYNTHESIZE = "humanevalsynthesize-python"
EXPLAIN = "humanevalexplainsynthesize-python"


def mini(language: str = "python") -> tuple[Problem, ...]:
    return hep.load_problems(language, "mini")


def right(problem: Problem) -> str:
    """What a model writes that solves the problem, and goes on."""
    return "\n" + problem.canonical_solution + "\nprint('and so on')"


def wrong(problem: Problem) -> str:
    return "\n" + problem.buggy_solution


def prompt_of(problem: Problem, scenario: str, prompt: str = "octocoder", description: str | None = None) -> str:
    return hep.render_prompt(problem, scenario, prompt=prompt, description=description)


def program_of(problem: Problem, scenario: str, answer: str, prompt: str = "octocoder") -> str:
    """The answer as the reference post-processes it."""
    return hep.extract_candidate(problem, scenario, answer, prompt=prompt)


def write_json(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value), "utf-8")
    return path


def write_lines(path: Path, records: Iterable[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def row(task: str = FIX, number: int = 0, sample: int = 0, **fields: Any) -> KeptRow:
    """A generation of ours; the right answer unless told otherwise."""
    problem = mini()[number]
    values = {"prompt": "the prompt", "generation": right(problem), "status": "generated", **fields}
    return KeptRow(task=task, task_id=problem.task_id, sample=sample, **values)


def run_folder(folder: Path, rows: Sequence[KeptRow], **manifest: Any) -> Path:
    """A run that was generated and not judged."""
    write_lines(folder / "generations.jsonl", [item.to_dict() for item in rows])
    write_json(
        folder / "manifest.json",
        {"name": folder.name, "version": 1, "dataset": "mini", "prompt": "octocoder"} | manifest,
    )
    return folder


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What ``humanevalpack generations`` does with these arguments."""
    line = [sys.executable, "-m", "humanevalpack.commands", "generations", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)


def rows(numbers: range, samples: int = 2, task: str = FIX, **fields: Any) -> list[KeptRow]:
    return [row(task, number, sample, **fields) for number in numbers for sample in range(samples)]


def judged_run(folder: Path, generations: list[KeptRow], statuses: list[str], **manifest: Any) -> Path:
    """A run of which the first generations are judged."""
    facts = {"dataset": "mini", "prompt": "octocoder", "profile": "reference", **manifest}
    with RunFolder(folder, new_manifest(folder.name, **facts)) as run:
        run.add_generations(generations)
        for item, status in zip(generations, statuses, strict=False):
            verdict = hep.Verdict(status, "as told")
            run.add_verdict(ScoredSample.of(item, candidate="c", program=f"p {item.key}", verdict=verdict))
    return folder
