"""The programs of the conformance suite and what each must get; they are data (``data/conformance``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_DATA = Path(__file__).resolve().parents[1] / "data" / "conformance"
ESCAPED = (
    "programs can get out of this sandbox: judge nothing in it until this is right. Use sandbox docker or local, and "
    "report it with the output of `humanevalpack doctor --json`"
)


@dataclass(frozen=True, slots=True)
class Probe:
    """One program of the suite; ``language`` is None if it is about none (it is in Python then).

    ``group`` says what it runs with: ``behaviour``, ``loop`` (a short limit), ``together``, ``one after the other``.
    One of ``expected`` is its right status, ``advice`` what to do about another. ``needs`` is what a sandbox must have
    to promise it: "" nothing, ``namespaces``, ``user`` (a user of its own for each program).
    """

    name: str
    language: str | None
    group: str
    text: str
    expected: tuple[str, ...]
    needs: str
    advice: str


def probes(languages: Iterable[str]) -> list[Probe]:
    """Return every program of the suite: those of ``languages``, then the attempts to get out."""
    return [*(probe for language in languages for probe in _behaviours(language)), *_attempts()]


def _behaviours(language: str) -> list[Probe]:
    texts = _read(language)
    made = []
    for row in _read("behaviours"):
        name = row["name"]
        expected = tuple(row.get("expected_in", {}).get(language, row["expected"]))
        group = "loop" if name == "looping" else "behaviour"
        made.append(Probe(name, language, group, texts[name], expected, row.get("needs", ""), row["advice"]))
    return made


def _attempts() -> list[Probe]:
    read = _read("isolation")
    return [
        Probe(row["name"], None, group, read["before"] + row["text"], ("passed",), row.get("needs", ""), ESCAPED)
        for group in ("together", "one after the other")
        for row in read[group]
    ]


@cache
def _read(name: str) -> Any:
    import yaml

    return yaml.safe_load((_DATA / f"{name}.yaml").read_text("utf-8"))
