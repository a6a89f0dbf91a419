"""Mixtures for tests: sources of pairs and commits, a run, and what came out."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from data_rows import commit, write
from octopack_data.mixture_settings import MixSettings
from octopack_data.mixtures import mix
from octopack_data.rows import read_rows
from octopack_data.settings import make_settings
from octopack_data.sources import find_parts


def settings(folder: Path, more: dict[str, Any] | None = None, **sources: dict[str, Any]) -> MixSettings:
    named = [{"name": name, "source": str(folder / name), **said} for name, said in sources.items()]
    return make_settings(MixSettings, {"sources": named, **(more or {})})


def write_sources(folder: Path) -> Path:
    """Write 100 pairs ``a`` in two files, 40 pairs ``b``, 30 commits ``c``."""
    for name, rows in (("a", 100), ("b", 40)):
        pairs = [{"prompt": f"{name}{number}?", "completion": f"{name}{number}!"} for number in range(rows)]
        write(folder / name / "one.jsonl", pairs[: rows // 2])
        write(folder / name / "two.jsonl.zst", pairs[rows // 2 :])
    changes = [commit(n, old_contents=f"x = {n}\n", lang="Go" if n % 3 else "C++") for n in range(30)]
    write(folder / "c" / "rows.jsonl", changes)
    return folder


def run(how: MixSettings, output: Path, workers: int = 1, **more: Any) -> dict[str, Any]:
    return mix(how, output, workers=workers, progress=False, **more)


def read(output: Path, side: str = "") -> list[dict[str, Any]]:
    return [row for part in find_parts(output / side) for row in read_rows(part.path)]


def taken(output: Path) -> dict[str, int]:
    return dict(sorted(Counter(row["source"] for row in read(output)).items()))


def report(output: Path) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads((output / "mixture.json").read_text("utf-8"))["sources"]}
