"""Rows as a run prepares them: what tests of them and of previews share."""

from pathlib import Path
from typing import Any

from octopack_train.config.training import TrainingSettings
from octopack_train.prepared import Prepared, prepare
from octopack_train.recipes.reading import read_recipe

LONG = {"prompt": "a b c d e f g h " * 8, "completion": "x"}
"""65 tokens and an end marker: a row of 16 is full four times before the answer comes."""


def rows(number: int, what: str = "code") -> list[dict[str, Any]]:
    return [{"prompt": f"Write {what} {n}", "completion": f"{what} = {n}" * (n % 5 + 1)} for n in range(number)]


def settings(path: Path | None, *more: str) -> TrainingSettings:
    own = [f"data.path={path}"] if path is not None else ["data.path=null"]
    quick = ["data.text=question-answer", "sequence.packing=none", "sequence.length=64"]
    return read_recipe("tiny-smoke", [*own, *quick, *more]).settings


def made(tmp_path: Path, path: Path | None, *more: str) -> Prepared:
    return prepare(settings(path, *more), tmp_path / "data")
