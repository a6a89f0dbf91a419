"""What a finished training run left in its folder, read for its card."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import HumanEvalPackError, InputError, UsageError
from octopack_data.manifests import read_manifest, stage_above
from octopack_data.rows import read_rows
from octopack_train.prepared import REPORT
from octopack_train.recipes.reading import Recipe, read_recipe, recipe_names
from octopack_train.run_folder import CONFIG, DATA, DONE, ENVIRONMENT, METRICS

_NONE = "not named"


@dataclass(frozen=True)
class Run:
    """A run's folder, read: what is not there is empty."""

    folder: Path
    recipe: Recipe
    environment: Mapping[str, Any]
    metrics: Sequence[Mapping[str, Any]]
    """One entry a line of metrics.jsonl."""
    data: Mapping[str, Any]
    """What was prepared: files, sources, tokens, fingerprint."""
    done: Mapping[str, Any]


def read_run(folder: Path) -> Run:
    """Read a run's folder; raises InputError (no run, a file that is no JSON)."""
    if not (folder / CONFIG).is_file():
        raise InputError(f"{folder}: no training run there ({CONFIG} is missing)")
    recipe = read_recipe(str(folder / CONFIG))
    metrics = []
    if (folder / METRICS).is_file():
        for number, line in enumerate((folder / METRICS).read_text("utf-8").splitlines(), start=1):
            metrics.append(_object(line, f"{folder / METRICS}, line {number}"))
    found = [_read(folder / name) for name in (ENVIRONMENT, Path(DATA, REPORT), DONE)]
    return Run(folder, recipe, found[0], metrics, found[1], found[2])


def _read(path: Path) -> dict[str, Any]:
    return _object(path.read_text("utf-8"), str(path)) if path.is_file() else {}


def _object(text: str, place: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InputError(f"{place}: not JSON ({error})") from error
    if not isinstance(value, dict):
        raise InputError(f"{place}: must be a JSON object, not {text[:40]!r}")
    return value


def shipped_recipe(run: Run, name: str | None = None) -> Recipe | None:
    """Return the recipe of this package that a run began with or extends, the nearest; None if there is none.

    ``name`` says another. Raises UsageError.
    """
    known = recipe_names()
    if name is not None and name not in known:
        raise UsageError(f"--recipe {name}: there are {', '.join(known)}")
    found = name or next((one for one in run.recipe.lineage if one in known), None)
    return read_recipe(found) if found is not None else None


def series(run: Run, name: str) -> list[tuple[int, float]]:
    """Return the values of one metric with their steps."""
    return [(int(entry["step"]), float(entry[name])) for entry in run.metrics if name in entry and "step" in entry]


@dataclass(frozen=True)
class Licences:
    """What is known of the licences of the rows in one file."""

    file: str
    stage: str
    """The stage of octopack-data that made it; empty if none did."""
    rows: Mapping[str, int]
    """By licence; empty if the file says nothing of them."""


def licences_of(run: Run) -> list[Licences]:
    """Read the licences of the files that a run read: their column ``license``; a file that is gone has none."""
    return [_licences(Path(name)) for name in run.data.get("files", {})]


def _licences(path: Path) -> Licences:
    counts: Counter[str] = Counter()
    try:
        folder = stage_above(path) if path.is_file() else None
        stage = read_manifest(folder)["stage"] if folder is not None else ""
        for row in read_rows(path):
            if "license" not in row:
                break
            counts[str(row["license"] or _NONE)] += 1
    except HumanEvalPackError:
        return Licences(path.name, "", {})
    return Licences(path.name, stage, dict(counts.most_common()))
