"""Verdicts as a pandas data frame, one row each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import EnvironmentFault, UsageError
from humanevalpack.sandbox.verdicts import Verdict

if TYPE_CHECKING:
    import pandas as pd

    from humanevalpack.programs import Program


def verdicts_frame(verdicts: Iterable[Verdict], programs: Iterable[Program] | None = None) -> pd.DataFrame:
    """Return one row a verdict: status, passed, reason, seconds of each phase, peak_memory (bytes), output, its end.

    ``programs``, in the same order, adds language, profile and task_id in front. Columns of numbers are nullable
    (``build_wall`` is missing for a program that was not built). Raises UsageError if the two differ in length,
    EnvironmentFault without pandas.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise EnvironmentFault(f"a data frame needs pandas ({error}): pip install pandas") from error
    rows = [_row(verdict) for verdict in verdicts]
    frame = pd.DataFrame(rows, columns=list(_row(Verdict("passed", "")))).astype(_TYPES)
    if programs is None:
        return frame
    given = [(program.language, program.profile, program.problem and program.problem.task_id) for program in programs]
    if len(given) != len(rows):
        raise UsageError(f"{len(given)} programs and {len(rows)} verdicts: each program needs its verdict")
    return pd.concat([pd.DataFrame(given, columns=["language", "profile", "task_id"]), frame], axis=1)


def _row(verdict: Verdict) -> dict[str, Any]:
    record = verdict.to_dict()
    for phase in ("build", "run"):
        spent = record.pop(phase) or {}
        record |= {f"{phase}_wall": spent.get("wall"), f"{phase}_cpu": spent.get("cpu")}
    record["passed"] = verdict.passed
    first = ("status", "passed", "reason")
    return {name: record[name] for name in (*first, *(name for name in record if name not in first))}


_TYPES = {
    **dict.fromkeys(("status", "reason", "output", "signal"), "string"),
    **dict.fromkeys(("build_wall", "build_cpu", "run_wall", "run_cpu"), "Float64"),
    **dict.fromkeys(("peak_memory", "exit_code"), "Int64"),
    "passed": "bool",
}
