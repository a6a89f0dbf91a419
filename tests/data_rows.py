"""Rows for tests of the data stages."""

from pathlib import Path
from typing import Any

from octopack_data.rows import write_rows

TEXT = {"old_contents": "a = 1\n", "new_contents": "a = 2\n", "subject": "Change a", "message": "Change a\n"}


def fetched(number: int, path: str = "a.py", repos: str = "ann/x", **more: Any) -> dict[str, Any]:
    """One row as the stage fetch writes it."""
    return {"commit": f"{number:040x}", "repos": repos, "old_file": path, "new_file": path, **TEXT, **more}


def commit(number: int, lang: str = "Python", licence: str = "mit", **more: Any) -> dict[str, Any]:
    """One row of CommitPack."""
    return {**fetched(number), "lang": lang, "license": licence, **more}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    write_rows(path, rows)
    return path
