"""The filter in the shape in which the release ran it: `datasets`, one pass over the table for each rule."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from commit_filter_oracle import BAD, BAD_PARTS, COLUMNS, LISTED, STARTS, length

Row = dict[str, Any]


def _tidied(row: Row) -> Row:
    words = row["subject"].strip().replace("[skip ci]", "").split()
    if words and words[0].startswith("[") and words[0].endswith("]"):
        words = words[1:]
    if words and words[0].endswith(":"):
        words = words[1:]
    if words and words[-1].startswith("[") and words[-1].endswith("]"):
        words = words[:-1]
    return row | {"subject": " ".join(words)}


def _message(row: Row) -> bool:
    lower = row["subject"].lower()
    return (
        lower.startswith(STARTS)
        and lower not in BAD
        and not any(part in lower for part in BAD_PARTS)
        and not re.match(r"v?\d+\.\d+\.\d+(?=$|\S)", lower)
        and not re.match(r"^[a-f0-9]+(?:-[a-f0-9]+)*$", lower)
    )


def _holds(*parts: str) -> Callable[[Row], bool]:
    return lambda row: not any(part in row["subject"].lower() for part in parts)


def _listed(row: Row) -> bool:
    parts = row["new_file"].split(".")
    listed = LISTED.get(row["lang"].lower(), [])
    return len(parts) > 1 and (not listed or parts[-1] in listed)


FIRST: list[Callable[[Row], bool]] = [
    lambda row: len(row["old_contents"]) < 50_000,
    lambda row: len(row["new_contents"]) != 0,
    lambda row: bool(row["old_contents"] != row["new_contents"]),
    lambda row: "#" not in row["subject"],
    _listed,
    lambda row: (base := row["new_file"].split("/")[-1].split("."))[-2:-1] == [] or base[-2] not in row["subject"],
    lambda row: length(row["subject"]),
]
SECOND: list[Callable[[Row], bool]] = [
    lambda row: length(row["subject"]),
    lambda row: bool(row["subject"].strip()[0].isupper()),
    _message,
    lambda row: "cherry picked from commit" not in row["subject"],
    lambda row: not re.search("[a-f0-9]{40}", row["subject"]),
]
THIRD: list[Callable[[Row], bool]] = [
    # No coin for version bumps here: the rows that are made have none.
    _holds(" i ", "i've", "i'm"),
    lambda row: "thanks to" not in row["subject"].lower() or "for" not in row["subject"],
    _holds("code review"),
    lambda row: not re.search(r"(issue|bug|feature)\s*\d+", row["subject"].lower()),
    _holds("cdpcp"),
    _holds("//codereview"),
    _holds("work in progress", "wip"),
    _holds("https://", "http://"),
    _holds("| leetcode"),
    lambda row: len(row["subject"].split()) >= 4,
]


def filter_as_released(source: Path, output: Path) -> int:
    """Filter a file of JSON lines in one process; return the rows that are kept."""
    import datasets

    datasets.disable_progress_bars()
    datasets.disable_caching()
    table: Any = datasets.load_dataset("json", data_files=str(source), split="train", cache_dir=str(output / "cache"))
    for rule in FIRST:
        table = table.filter(rule)
    table = table.map(_tidied)
    for rule in SECOND:
        table = table.filter(rule)
    table = table.map(lambda row: row | {"subject": row["subject"].replace("[ci skip]", "").strip()})
    for rule in THIRD:
        table = table.filter(rule)
    table.select_columns(COLUMNS).to_json(str(output / "data.jsonl"), force_ascii=False)
    return len(table)
