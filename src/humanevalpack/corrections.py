"""The known faults of single rows, mended for profile ``fixed``; the faults and their reasons are data."""

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from humanevalpack.languages import Profile, check_profile
from humanevalpack.problems import Problem

_FILE = Path(__file__).resolve().parent / "data" / "corrections.yaml"
_COMMENT = re.compile(r"/\*.*?\*/\n?|^[ \t]*//[^\n]*\n", re.DOTALL | re.MULTILINE)


def corrected(problem: Problem, profile: Profile) -> Problem:
    """Return the problem as ``profile`` sees it: unchanged in ``reference``, without its known faults in ``fixed``."""
    if check_profile(profile) == "reference":
        return problem
    for fault in _faults():
        if fault["task_id"] == problem.task_id and fault["entry_point"] == problem.entry_point:
            changes: dict[str, Any] = {fault["column"]: _mended(problem, fault)}
            problem = replace(problem, **changes)
    return problem


def _mended(problem: Problem, fault: dict[str, Any]) -> str:
    if fault.get("from") == "prompt-without-comments":
        return _COMMENT.sub("", problem.prompt)
    text: str = re.sub(fault["replace"], fault["with"], getattr(problem, fault["column"]))
    return text


@lru_cache(maxsize=1)
def _faults() -> list[dict[str, Any]]:
    import yaml

    faults: list[dict[str, Any]] = yaml.safe_load(_FILE.read_text("utf-8"))
    return faults
