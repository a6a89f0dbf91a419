"""The kinds of tasks in commits (``data/task_categories.yaml``), and what is read from a model's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from octopack_data.settings import read_yaml

CATEGORIES = Path(__file__).parent / "data" / "task_categories.yaml"
_HOLES = ("{categories}", "{message}")
_KEYS = ("origin", "system", "question", "categories")


@dataclass(frozen=True, slots=True)
class Category:
    """One kind; ``percent`` of the published figure, None where it has no share there."""

    name: str
    group: str
    percent: float | None = None


@dataclass(frozen=True)
class Categories:
    """All kinds, and the question that a model is asked."""

    categories: Sequence[Category]
    system: str
    question: str
    origin: str = ""

    def first_valid(self, answer: str) -> str:
        """Return the first category that an answer names, or "".

        As in the release: only the first line counts, commas part names, capitals and spaces around do not matter.
        """
        known = {category.name.lower(): category.name for category in self.categories}
        named = (known.get(word.strip().lower()) for word in answer.split("\n")[0].split(","))
        return next((name for name in named if name is not None), "")


def read_categories(path: Path = CATEGORIES) -> Categories:
    """Read a file of categories; without ``question`` or ``system`` in it ours are asked. Raises InputError."""
    values = read_yaml(path)
    if wrong := sorted(set(values) - set(_KEYS)):
        raise InputError(f"{path}: no key {wrong[0]!r}; there are {', '.join(_KEYS)}")
    ours = read_yaml(CATEGORIES)
    texts = {name: values.get(name, ours[name] if name != "origin" else "") for name in _KEYS[:3]}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise InputError(f"{path}: {name} must be text, not {text!r}")
    if missing := [hole for hole in _HOLES if hole not in texts["question"]]:
        raise InputError(f"{path}: question must hold {', '.join(_HOLES)}; it has no {missing[0]}")
    rows = values.get("categories")
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{path}: categories must be a list of {{category, group}} with at least one row")
    found = [_category(row, f"{path}, category {number}") for number, row in enumerate(rows, start=1)]
    names = [category.name.lower() for category in found]
    if double := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"{path}: category {double!r} is there twice (capitals do not matter)")
    return Categories(found, texts["system"], texts["question"], texts["origin"])


def _category(row: Any, place: str) -> Category:
    if not isinstance(row, Mapping) or not isinstance(row.get("category"), str) or not row["category"].strip():
        raise InputError(f"{place}: must be {{category: NAME, group: NAME}}, not {row!r}")
    if wrong := sorted(map(str, set(row) - {"category", "group", "percent"})):
        raise InputError(f"{place}: no key {wrong[0]!r}; there are category, group, percent")
    name, group, percent = row["category"].strip(), row.get("group", row["category"]), row.get("percent")
    if "," in name or "\n" in name:
        raise InputError(f"{place}: a comma or an end of line cannot be in the name {name!r}")
    if not isinstance(group, str) or isinstance(percent, bool) or not isinstance(percent, float | int | None):
        raise InputError(f"{place}: group must be text and percent a number, not {group!r} and {percent!r}")
    return Category(name, group, percent)
