"""A run's folder: its manifest and its samples."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from humanevalpack.json_lines import read_json_lines
from humanevalpack.languages import LANGUAGES
from humanevalpack.sandbox.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredSample:
    """One generation and what became of it."""

    task: str
    scenario: str
    language: str
    task_id: str
    index: int
    sample: int
    prompt: str
    generation: str
    status: str
    """The verdict's status, else the generation's."""
    description: str | None
    candidate: str
    extraction: str
    """Empty where nothing special happened."""
    program: str
    verdict: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: how it was made, and every sample of it."""

    name: str
    folder: Path
    manifest: Mapping[str, Any]
    samples: Sequence[ScoredSample]

    def counts(self, scenario: str, language: str) -> list[tuple[int, int]]:
        """Return (samples, passing samples) per problem, in index order; what has no verdict yet is left out."""
        found: dict[int, tuple[int, int]] = {}
        for sample in self.samples:
            if (sample.scenario, sample.language) == (scenario, language) and sample.status not in (
                "generated",
                "skipped",
                "sandbox_error",
            ):
                n, c = found.get(sample.index, (0, 0))
                found[sample.index] = (n + 1, c + (sample.status == "passed"))
        return [found[index] for index in sorted(found)]


def read_run(folder: Path) -> Run:
    """Read a run's folder; raises InputError. Stands in until the whole reader is merged."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        verdicts = {
            (row["task"], row["task_id"], row["sample"]): row for _, row in read_json_lines(folder / "verdicts.jsonl")
        }
        samples = [
            _sample(row, verdicts.get((row["task"], row["task_id"], row["sample"]), {}))
            for _, row in read_json_lines(folder / "generations.jsonl")
        ]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{folder}: not a run's folder ({type(error).__name__}: {error})") from error
    return Run(name=manifest["name"], folder=folder, manifest=manifest, samples=samples)


def _sample(row: Mapping[str, Any], judged: Mapping[str, Any]) -> ScoredSample:
    scenario, _, language = row["task"].removeprefix("humaneval").partition("-")
    if language not in LANGUAGES:
        raise InputError(f"task is {row['task']!r}")
    verdict = Verdict.from_dict(judged["verdict"]) if judged.get("verdict") else None
    return ScoredSample(
        task=row["task"],
        scenario=scenario,
        language=language,
        task_id=row["task_id"],
        index=int(row["task_id"].rpartition("/")[2]),
        sample=row["sample"],
        prompt=row["prompt"],
        generation=row["generation"],
        status=verdict.status if verdict else row["status"],
        description=row.get("description"),
        candidate=judged.get("candidate", ""),
        extraction=judged.get("extraction", ""),
        program=judged.get("program", ""),
        verdict=verdict,
    )
