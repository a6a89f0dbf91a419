"""The documented corrections of HumanEval-X rows, kept as data with their reasons (humaneval_x_corrections.yaml)."""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError

_FILE = Path(__file__).resolve().parents[1] / "data" / "humaneval_x_corrections.yaml"
_HASHED = ("task_id", "prompt", "declaration", "canonical_solution", "test", "example_test")


def correct(row: Mapping[str, str]) -> dict[str, str]:
    """Return a HumanEval-X row with its documented correction; any other row, or a corrected one, as it is."""
    known = _corrections().get(fingerprint(row))
    if known is None:
        return dict(row)
    corrected = apply_edits(row, known["edits"])
    if fingerprint(corrected) != known["becomes"]:
        raise InputError(f"{row['task_id']}: its correction does not give the row {known['becomes']}: {_FILE.name}")
    return corrected


def fingerprint(row: Mapping[str, str]) -> str:
    """Return twelve hexadecimal digits of SHA-256 over the columns that a solution's row has in every language."""
    text = json.dumps([row[column] for column in _HASHED], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def apply_edits(row: Mapping[str, str], edits: list[dict[str, Any]]) -> dict[str, str]:
    """Return the row with every edit made.

    An edit with ``pattern`` replaces its matches in the columns ``in`` by ``with``; one with ``pieces`` puts its column
    together anew, from lines of the row as it came (``{from: column, lines: [first, last]}``, counted from 1) and text.
    """
    new = dict(row)
    for edit in edits:
        for column in edit["in"]:
            if "pieces" in edit:
                new[column] = "\n".join(_piece(row, piece) for piece in edit["pieces"])
            else:
                new[column] = re.sub(edit["pattern"], edit["with"], new[column])
    return new


def _piece(row: Mapping[str, str], piece: str | dict[str, Any]) -> str:
    if isinstance(piece, str):
        return piece
    first, last = piece["lines"]
    return "\n".join(row[piece["from"]].split("\n")[first - 1 : last])


def documented() -> tuple[dict[str, Any], ...]:
    """Return the corrections: task_id, why, was, becomes (fingerprints), edits."""
    return tuple(_corrections().values())


@lru_cache(maxsize=1)
def _corrections() -> dict[str, dict[str, Any]]:
    import yaml

    return {item["was"]: item for item in yaml.safe_load(_FILE.read_text("utf-8"))}
