"""Train and validation rows, split by repository: the same for the same seed, no repository on both sides.

A commit may be in several repositories (forks, mirrors), which are then one group: else a file's earlier version would
be in train and its later one in valid. Groups are the connected components of the repositories that share a commit.
Only those are held in memory (40 bytes for each pair of them): a repository that shares none is a group by itself and
needs no table. The side is a hash of the seed and of the group's smallest repository id, which is a hash of its name.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from octopack_data.draws import draw, is_drawn
from octopack_data.duplicate_groups import quoted, write_table
from octopack_data.executors import WaitingExecutor, finish_on, run_waiting
from octopack_data.licences import repositories
from octopack_data.manifests import write_json
from octopack_data.parts import PartResult, Stage
from octopack_data.rows import RowWriter, schema_of, text_rows
from octopack_data.sampling import Sample, make_sample
from octopack_data.settings import RowSettings, written_settings
from octopack_data.sources import Part

if TYPE_CHECKING:
    import numpy as np

_WORK, _REPORT = ".groups", "repositories.json"
SIDES = ("train", "valid")


class TrainValidSettings(RowSettings):
    """Settings of ``commitpack split-train``."""

    valid: float = Field(default=0.05, gt=0, lt=1)
    """Share of the groups of repositories that become validation data."""
    seed: int = 0
    """Another seed gives another split."""


def repository_ids(row: dict[str, str]) -> list[int]:
    """Return the ids of a row's different repositories, smallest first; GitHub's names do not differ by case.

    A row without one is a group by itself, named by its commit.
    """
    names = {name.casefold() for name in repositories(row["repos"])}
    return sorted(draw("repository", name) for name in names or {row["commit"]})


@dataclass(frozen=True)
class _Pairs:
    """First pass: which repositories share a commit."""

    sample: Sample

    def __call__(self, part: Part, output: Path) -> PartResult:
        import pyarrow as pa

        schema = pa.schema([("a", pa.uint64()), ("b", pa.uint64())])
        pairs = write_table(output / "pairs" / f"{part.name}.parquet", self._pairs(part), schema)
        return PartResult((), {"pairs": pairs})

    def _pairs(self, part: Part) -> Iterator[dict[str, int]]:
        for row in self.sample.rows(text_rows(part.path, ("commit", "repos")), Counter()):
            first, *others = repository_ids(row)
            yield from ({"a": first, "b": other} for other in others)


def _write_groups(pairs: Path, folder: Path) -> dict[str, int]:
    """Write each grouped repository's id (sorted) and its group's id; return what a reader wants to know of them."""
    import duckdb
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    with duckdb.connect() as base:
        base.execute(f"SET temp_directory = '{quoted(folder)}'; SET memory_limit = '2GB'")
        pattern = f"{quoted(pairs, pattern=True)}/**/*.parquet"
        found = base.execute(f"SELECT DISTINCT a, b FROM read_parquet('{pattern}')").fetchnumpy()
    ids, places = np.unique(np.concatenate([found["a"], found["b"]]), return_inverse=True)
    half = len(found["a"])
    edges = coo_array((np.ones(half, np.int8), (places[:half], places[half:])), shape=(len(ids), len(ids)))
    number, labels = connected_components(edges, directed=False) if half else (0, np.empty(0, np.int32))
    # Ids are sorted, so the first of a label is its smallest.
    _, first = np.unique(labels, return_index=True)
    for name, array in (("ids", ids), ("groups", ids[first][labels] if half else ids)):
        np.save(folder / f"{name}.npy", array.astype(np.uint64))
    largest = int(np.bincount(labels).max()) if half else 0
    return {"grouped_repositories": len(ids), "groups": int(number), "repositories_of_the_largest": largest}


@dataclass(frozen=True)
class _Split:
    """Second pass: each row to its side."""

    settings: TrainValidSettings
    sample: Sample

    def __call__(self, part: Part, output: Path) -> PartResult:
        ids, groups = _groups(output / _WORK)
        settings = self.settings
        counts: Counter[str] = Counter(rows=0, kept=0, train=0, valid=0)
        names = {side: f"{side}/data/{part.name}.{settings.format}" for side in SIDES}
        with (
            RowWriter(output / names["train"], lambda: schema_of(part.path)) as train,
            RowWriter(output / names["valid"], lambda: schema_of(part.path)) as valid,
        ):
            for row in self.sample.rows(text_rows(part.path, ("commit", "repos"), every=True), counts):
                group = _group(repository_ids(row)[0], ids, groups)
                is_valid = is_drawn("validation", f"{group:016x}", settings.valid, settings.seed)
                (valid if is_valid else train).write(row)
                counts.update(("kept", "valid" if is_valid else "train"))
        return PartResult(((names["train"], train.rows), (names["valid"], valid.rows)), counts)


@lru_cache(maxsize=1)
def _groups(folder: Path) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    import numpy as np

    return np.load(folder / "ids.npy", mmap_mode="r"), np.load(folder / "groups.npy", mmap_mode="r")


def _group(repository: int, ids: np.ndarray[Any, Any], groups: np.ndarray[Any, Any]) -> int:
    import numpy as np

    place = int(np.searchsorted(ids, np.uint64(repository)))
    return int(groups[place]) if place < len(ids) and int(ids[place]) == repository else repository


def split_train(
    parts: Sequence[Part],
    output: Path,
    settings: TrainValidSettings,
    *,
    workers: int = 1,
    executor: WaitingExecutor = "processes",
    overwrite: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Write the rows to ``output/train`` and ``output/valid``, each a source of its own; return the manifest.

    ``repositories.json`` tells how many repositories share commits and how many the largest group has: with a large
    one the shares of the rows may be far from those of the groups. Goes on after a kill.
    """
    sample = make_sample(settings.sample, parts)
    work, scratch = _Split(settings, sample), (_WORK, _REPORT)
    stage = Stage("split-train", work, tuple(parts), output, written_settings(settings), folders=SIDES, scratch=scratch)
    folder, report = output / _WORK, output / _REPORT
    with stage.held(overwrite=overwrite):
        if not stage.finished and not (report.exists() and (folder / "groups.npy").exists()):
            first = Stage("split-train: pairs", _Pairs(sample), tuple(parts), folder / "first", {})
            run_waiting(executor, first, workers=workers, progress=progress)
            write_json(report, _write_groups(folder / "first" / "pairs", folder))
        _groups.cache_clear()
        manifest = finish_on(executor, stage, workers=workers, progress=progress)
        shutil.rmtree(folder, ignore_errors=True)
    return manifest
