"""Git clones as the warehouse's three tables: a stage that goes on where it was stopped."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octopack_data.clones import HISTORY, MISSING, Clone, head_files, is_partial, languages_of, licence_of
from octopack_data.commit_rows import HistorySettings, read_commits
from octopack_data.git import run_git
from octopack_data.parts import PartResult, Stage, run_stage
from octopack_data.records import commits_schema, languages_schema, licenses_schema
from octopack_data.rows import RowWriter, write_rows
from octopack_data.sources import Part

_TABLES = ("languages", "licenses", "commits")


def write_tables(
    clones: Sequence[Clone], output: Path, settings: HistorySettings, *, workers: int = 1, **options: Any
) -> dict[str, Any]:
    """Write ``commits/``, ``languages/`` and ``licenses/`` of clones and return the manifest.

    A commit that several clones have is one row that names them all. Finished clones are not read again.
    """
    lists = output.with_name(f".{output.name}-lists")
    names = _list_commits(clones, lists, settings.git_timeout)
    parts = tuple(Part(name, lists / f"{name}.txt") for name in names)
    by_name = dict(zip(names, clones, strict=True))
    stage = Stage("histories", ClonesToTables(by_name, settings), parts, output, settings.deciding(), folders=_TABLES)
    return run_stage(stage, workers=workers, **options)


def _list_commits(clones: Sequence[Clone], lists: Path, patience: float) -> list[str]:
    """Write one list a clone: the commits that it (and no clone before it) has, and all names of their repositories."""
    import duckdb

    names = [f"{number:05d}" for number in range(len(clones))]
    lists.mkdir(parents=True, exist_ok=True)
    for left in lists.glob("ids-*"):
        shutil.rmtree(left)  # of a run that was killed: the ids of all commits
    with (
        tempfile.TemporaryDirectory(dir=lists, prefix="ids-") as folder,
        duckdb.connect(str(Path(folder) / "ids.duckdb")) as ids,
    ):
        ids.execute("CREATE TABLE had (clone INTEGER, place BIGINT, commit VARCHAR)")
        ids.execute("CREATE TABLE named (clone INTEGER, repo_name VARCHAR)")
        for number, clone in enumerate(clones):
            listed = Path(folder) / "ids"
            with listed.open("wb") as stream:
                run_git(clone.path, "rev-list", *HISTORY, stdout=stream, patience=patience)
            ids.execute("INSERT INTO named VALUES (?, ?)", [number, clone.repo_name])
            if listed.stat().st_size:
                ids.execute(
                    "INSERT INTO had SELECT ?, row_number() OVER (), commit "
                    "FROM read_csv(?, columns = {'commit': 'VARCHAR'}, header = false)",
                    [number, str(listed)],
                )
        ids.execute(
            "CREATE TABLE owned AS SELECT min(clone) AS clone, arg_min(place, clone) AS place, commit, "
            "string_agg(repo_name, ',' ORDER BY repo_name) AS repos FROM had JOIN named USING (clone) GROUP BY commit"
        )
        for number, name in enumerate(names):
            rows = ids.execute("SELECT commit, repos FROM owned WHERE clone = ? ORDER BY place", [number])
            with (lists / f"{name}.txt").open("w", encoding="utf-8") as stream:
                while some := rows.fetchmany(10_000):
                    stream.writelines(f"{commit} {repos}\n" for commit, repos in some)
    return names


@dataclass(frozen=True)
class ClonesToTables:
    """The stage's work: reads one clone's list of commits and writes the clone's file of each table."""

    clones: dict[str, Clone]
    settings: HistorySettings

    def __call__(self, part: Part, output: Path) -> PartResult:
        """Write the three files of one clone."""
        clone, name = self.clones[part.name], f"{part.name}.parquet"
        patience = self.settings.git_timeout
        partial = is_partial(clone, patience)
        files = list(head_files(clone, sizes=not partial, patience=patience))
        partial = partial or any(size == MISSING for _, _, size in files)
        licence = licence_of(clone, files, patience) or self.settings.assume_licence
        counts: Counter[str] = Counter(clones=1, clones_without_licence=int(not licence))
        spoken = [{"repo_name": clone.repo_name, "language": languages_of(files)}]
        licensed = [{"repo_name": clone.repo_name, "license": licence}] if licence else []
        rows = [write_rows(output / "languages" / name, spoken, languages_schema)]
        rows.append(write_rows(output / "licenses" / name, licensed, licenses_schema))
        similarity = 100 if partial else self.settings.rename_similarity
        with RowWriter(output / "commits" / name, commits_schema) as writer:
            for row in read_commits(clone, part.path, self.settings, similarity):
                if row is None:
                    counts["dropped_not_utf8"] += 1
                else:
                    writer.write(row)
        counts.update(rows=writer.rows + counts["dropped_not_utf8"], kept=writer.rows)
        return PartResult(
            tuple((f"{table}/{name}", n) for table, n in zip(_TABLES, [*rows, writer.rows], strict=True)), counts
        )
