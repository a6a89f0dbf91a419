"""What can be said of a program that was run: the verdict (sandbox.md section 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from humanevalpack.errors import InputError

STATUSES = (
    "passed",
    "failed",
    "runtime_error",
    "compile_error",
    "timeout",
    "memory_limit",
    "output_limit",
    "incomplete",
    "sandbox_error",
)
"""Only ``passed`` counts as a pass; ``sandbox_error`` is our fault and never a model's failure."""


@dataclass(frozen=True, slots=True)
class Phase:
    """What one phase (building or running) of a program cost, in seconds; ``cpu`` covers the whole process tree."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one program.

    ``build`` and ``run`` are None for a phase that did not happen, ``peak_memory`` is in bytes (resident, the whole
    process tree), ``output`` holds the first and last lines of stdout and stderr together.
    """

    status: str
    reason: str
    build: Phase | None = None
    run: Phase | None = None
    peak_memory: int | None = None
    output: str = ""
    exit_code: int | None = None
    signal: str | None = None

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise InputError(f"a verdict's status is {self.status!r}; the statuses are {', '.join(STATUSES)}")

    @property
    def passed(self) -> bool:
        """True if the program built and its whole test ran to the end without a failure."""
        return self.status == "passed"

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain JSON types; ``Verdict.from_dict`` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Verdict:
        """Build a verdict from ``to_dict``'s form; raises InputError that names a field that is missing or unknown."""
        fields = sorted(cls.__dataclass_fields__)
        wrong = sorted(set(record) - set(fields)) + sorted({"status", "reason"} - set(record))
        if wrong:
            raise InputError(f"not a verdict: the fields {wrong} are unknown or missing; the fields are {fields}")
        values = dict(record)
        for name in ("build", "run"):
            if values.get(name) is not None:
                values[name] = Phase(**values[name])
        return cls(**values)
