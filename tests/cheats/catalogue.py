"""The cheats of the YAML files as programs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from humanevalpack.languages import Profile
from humanevalpack.problems import load_problems
from humanevalpack.programs import Program, build_program

LANGUAGES = tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.yaml")))
KINDS = (
    "ending early",
    "replacing the test",
    "equal to everything",
    "output",
    "compile time",
    "the harness's objects",
    "the token",
    "processes",
    "assembly",
    "siblings",
)
FOOLED, NOBODY = "the naive judge", "nobody"


@dataclass(frozen=True, slots=True)
class Cheat:
    """One entry; ``status`` is the verdict that it must get, or None where any but ``passed`` will do."""

    language: str
    name: str
    kind: str
    program: Program
    fools: str
    status: str | None


@cache
def cheats(language: str) -> dict[str, Cheat]:
    """Read one language's cheats; raises ValueError for an entry that the docstring above does not allow."""
    rows = yaml.safe_load(Path(__file__).with_name(f"{language}.yaml").read_text("utf-8"))
    made = [_cheat(language, row) for row in rows]
    if len({cheat.name for cheat in made}) != len(made):
        raise ValueError(f"{language}.yaml: two cheats have the same name")
    return {cheat.name: cheat for cheat in made}


def _cheat(language: str, row: dict[str, str]) -> Cheat:
    unknown = set(row) - {"name", "kind", "code", "problem", "profile", "fools", "status"}
    if unknown or row["kind"] not in KINDS:
        raise ValueError(f"{language}.yaml: {row['name']!r} has unknown fields {unknown} or kind {row['kind']!r}")
    problem = load_problems(language, "mini")[int(row.get("problem", 0))]
    profile: Profile = "fixed" if row.get("profile") == "fixed" else "reference"
    program = build_program(problem, row["code"], "synthesize", profile=profile)
    return Cheat(language, row["name"], row["kind"], program, row.get("fools", FOOLED), row.get("status"))
