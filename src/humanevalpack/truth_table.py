"""The truth table: the verdict that every canonical and buggy program must have (``data/truth_table.yaml``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from humanevalpack.languages import Profile
    from humanevalpack.problems import Problem

Form = Literal["canonical", "buggy"]
FORMS: tuple[Form, ...] = ("canonical", "buggy")
CLASSES = ("passed", "failed", "compile_error", "timeout")

_FILE = Path(__file__).resolve().parent / "data" / "truth_table.yaml"
_FAILED = ("failed", "runtime_error", "memory_limit", "output_limit", "incomplete")


def verdict_class(status: str) -> str:
    """Return the class that a verdict's status is compared by; ``sandbox_error`` stays alone and is never expected."""
    return "failed" if status in _FAILED else status


@dataclass(frozen=True, slots=True)
class Expectation:
    """What one program must do."""

    verdicts: tuple[str, ...]
    """The classes that are right."""
    reason: str
    also: Mapping[str, str]
    """Further classes, each with the reason why a toolchain, a limit or chance may bring it."""


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """One row of the table's exceptions."""

    language: str
    form: str
    problems: Mapping[int, str]
    profiles: tuple[str, ...]
    expectation: Expectation


@dataclass(frozen=True, slots=True)
class TruthTable:
    """Rules for any data set, rules for the published one, and its exceptions."""

    rules: Mapping[str, Expectation]
    published: Mapping[str, Expectation]
    exceptions: tuple[ExceptionRow, ...]

    def expect(self, problem: "Problem", form: Form, profile: "Profile", *, published: bool) -> Expectation:
        """Return what the ``form`` of ``problem`` must do.

        ``published`` says that the language's rows are HumanEvalPack's own, unchanged; otherwise only the exceptions,
        which know their problems by number and name, are stricter than the rule for every data set.
        """
        for row in self.exceptions:
            if (
                row.language == problem.language
                and row.form == form
                and profile in row.profiles
                and row.problems.get(problem.index) == problem.entry_point
            ):
                return row.expectation
        return (self.published if published else self.rules)[form]


@lru_cache(maxsize=1)
def truth_table() -> TruthTable:
    """Read the table that ships with the package."""
    import yaml

    data: dict[str, Any] = yaml.safe_load(_FILE.read_text("utf-8"))
    return TruthTable(
        rules={form: _expectation(data["rules"][form], "the rule for every data set") for form in FORMS},
        published={form: _expectation(data["published"][form], "the rule for the published data") for form in FORMS},
        exceptions=tuple(
            ExceptionRow(
                language=row["language"],
                form=row["form"],
                problems=row["problems"],
                profiles=tuple(row.get("profiles", ("reference", "fixed"))),
                expectation=_expectation(row["verdicts"], row["reason"], row.get("also", {})),
            )
            for row in data["exceptions"]
        ),
    )


def _expectation(verdicts: list[str], reason: str, also: Mapping[str, str] | None = None) -> Expectation:
    return Expectation(tuple(verdicts), reason, also or {})
