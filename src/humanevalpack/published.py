"""The published scores (``data/published.yaml``), each with where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from humanevalpack.errors import UsageError
from humanevalpack.languages import LANGUAGES
from humanevalpack.problems import known_hash
from humanevalpack.results import Run
from humanevalpack.scenarios import AVERAGED

RECALLED = "M"
"""Origin of a number that was not seen itself: never shown without this tag."""
_FILE = Path(__file__).resolve().parent / "data" / "published.yaml"


@dataclass(frozen=True, slots=True)
class PublishedCell:
    """One published number, in percent, and its origin (a key of ``origins()``)."""

    value: float
    origin: str

    def text(self) -> str:
        """Return the number with one decimal; a recalled one with its tag."""
        return f"{self.value:.1f}" + (f" ({RECALLED})" if self.origin == RECALLED else "")


@dataclass(frozen=True, slots=True)
class PublishedScore:
    """What was published of one model in one scenario: pass@1 in percent."""

    model: str
    scenario: str
    languages: Mapping[str, PublishedCell]
    average: PublishedCell
    """Over the six languages, as it was published."""
    note: str = ""


def published_scores(model: str | None = None) -> tuple[PublishedScore, ...]:
    """Return one row per model and scenario, of all models or of one by its name in the table.

    Raises UsageError that lists the names.
    """
    rows = _rows()
    names = list(dict.fromkeys(row.model for row in rows))
    if model is None:
        return rows
    wanted = [row for row in rows if row.model.lower() == model.lower()]
    if not wanted:
        raise UsageError(f"no published scores of {model!r}; there are scores of {', '.join(names)}")
    return tuple(wanted)


def published_bug_types(model: str | None) -> dict[str, PublishedCell]:
    """Return kind of bug to what was published of a model for fixtests in Python; empty where nothing was."""
    rows = (row for row in _data()["bug_types"] if row["model"] == model)
    return {kind: PublishedCell(float(value), row["origin"]) for row in rows for kind, value in row["scores"].items()}


def published_ablations() -> dict[str, dict[str, PublishedCell]]:
    """Return instruction data to what was published of StarCoder trained on it: scenario (or ``average``) to score."""
    return {
        row["data"]: {name: PublishedCell(float(row[name]), row["origin"]) for name in (*AVERAGED, "average")}
        for row in _data()["ablations"]
    }


def published_model(name: object) -> str | None:
    """Return the published model that a model name (a hub id or a path; its last part counts) stands for, or None."""
    last = str(name or "").rstrip("/").rpartition("/")[2].lower()
    for model, patterns in _data()["models"].items():
        if any(fnmatchcase(last, pattern) for pattern in patterns):
            return str(model)
    return None


def comparable_model(run: Run) -> str | None:
    """Return the published model that this run is of; None if there is none or the run's problems are others."""
    return published_model(run.manifest.get("model")) if on_published_data(run) else None


def on_published_data(run: Run) -> bool:
    """Whether the recorded problems are HumanEvalPack's own; without hashes all but ``mini`` are taken to be."""
    hashes = run.manifest.get("dataset_sha256")
    if isinstance(hashes, Mapping) and hashes:
        return all(language in LANGUAGES and known_hash(language) == value for language, value in hashes.items())
    return str(run.manifest.get("dataset")) != "mini"


def rerun_notes(model: str) -> list[str]:
    """Return what others measured of this model with other settings, one sentence each."""
    data = _data()
    return [
        f"{model} by {data['origins'][row['origin']]} ({row['origin']}): {row['scenario']}-{row['language']} pass@1 "
        f"{row['pass@1']:.1f} and pass@10 {row['pass@10']:.1f} with prompt {row['prompt']} ({data['rerun_settings']})"
        for row in data["reruns"]
        if row["model"] == model
    ]


def origins() -> dict[str, str]:
    """Return what each origin tag means."""
    return dict(_data()["origins"])


@lru_cache(maxsize=1)
def _rows() -> tuple[PublishedScore, ...]:
    return tuple(_row(row) for row in _data()["scores"])


def _row(row: Mapping[str, Any]) -> PublishedScore:
    recalled = row.get("recalled", ())
    cells = {
        language: PublishedCell(float(value), RECALLED if language in recalled else row["origin"])
        for language, value in row["scores"].items()
    }
    average = PublishedCell(float(row["average"]), row["origin"])
    return PublishedScore(row["model"], row["scenario"], cells, average, row.get("note", ""))


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    import yaml

    loaded: dict[str, Any] = yaml.safe_load(_FILE.read_text("utf-8"))
    return loaded
