"""What is in a run's data, in numbers: tokens by source and language, and how full its rows are."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from octopack_train.config.training import TrainingSettings
from octopack_train.prepared import REPORT, prepare
from octopack_train.recipes.reading import Recipe, read_recipe
from octopack_train.rendering import LOST
from octopack_train.run_folder import CONFIG, DATA


def stats_of_run(folder: Path) -> dict[str, Any]:
    """Return the statistics of the data that a run was made of; raises InputError."""
    path = folder / DATA / REPORT
    if not path.is_file():
        raise InputError(f"{folder}: no data of a run there ({path} is missing); --recipe looks at data before a run")
    return statistics(read_recipe(str(folder / CONFIG)).settings, json.loads(path.read_text("utf-8")))


def stats_of_recipe(recipe: Recipe, limit: int | None = None) -> dict[str, Any]:
    """Return the statistics of a recipe's data, made ready in a temporary folder as a run would make it.

    ``limit``: only the first rows of each source, of which nothing is mixed. Raises InputError, UsageError and
    EnvironmentFault.
    """
    with tempfile.TemporaryDirectory() as folder:
        return statistics(recipe.settings, prepare(recipe.settings, Path(folder) / DATA, limit=limit, shown=0).report)


def statistics(settings: TrainingSettings, report: Mapping[str, Any]) -> dict[str, Any]:
    """Return both sides' numbers as plain values; tokens are those of the whole examples, before anything is cut."""
    return {side: _side(settings, report[side]) for side in ("train", "test") if side in report}


def _side(settings: TrainingSettings, side: Mapping[str, Any]) -> dict[str, Any]:
    length, examples = settings.sequence.length, side["counts"]["examples"]
    return {
        "packing": settings.sequence.packing,
        "length": length,
        "examples": examples,
        "rows": side["rows"],
        "tokens": side["tokens"],
        "trained_share": side["trained_share"],
        "filled": side["filled"],
        "filled_unpacked": side["tokens"] / max(1, examples * length),
        "percentiles": side["lengths"],
        "cut": {name: side["counts"][name] for name in LOST if side["counts"].get(name)},
        "groups": side["histograms"],
    }


def stats_text(found: Mapping[str, Any]) -> str:
    """Return statistics for the terminal."""
    return "\n".join("\n".join(_lines(name, side)) + "\n" for name, side in found.items())


def _lines(name: str, side: Mapping[str, Any]) -> Iterator[str]:
    trained = f"{side['trained_share']:.1%} trained"
    yield f"{name}: {side['examples']:,} examples; {side['tokens']:,} tokens in rows, {trained}"
    yield f"packing {side['packing']}: {side['rows']:,} rows of {side['length']:,} tokens, {side['filled']:.1%} full"
    if side["packing"] != "none":
        yield f"packing none would be {side['examples']:,} rows, {side['filled_unpacked']:.1%} full"
    for what, count in side["cut"].items():
        yield f"{count:,} {LOST[what]}"
    yield "tokens of an example: " + ", ".join(f"{at} {value:,}" for at, value in side["percentiles"].items())
    yield ""
    yield from table(side["groups"])


def table(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return examples by source and language (rows) and their tokens (columns, each up to a power of two)."""
    counted = [Counter({int(most): number for most, number in group["examples"].items()}) for group in groups]
    shown = sorted(set[int]().union(*counted))
    cells = [["source", "language", "examples", *(f"<= {most:,}" for most in shown)]]
    for group, numbers in zip(groups, counted, strict=True):
        own = [f"{numbers[most]:,}" for most in shown]
        cells.append([group["source"], group["language"], f"{numbers.total():,}", *own])
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    return [
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
