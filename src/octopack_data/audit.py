"""The audit of licences: rows by licence and language, the repositories behind each licence, and rows without one."""

from __future__ import annotations

import csv
import heapq
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from humanevalpack.errors import EnvironmentFault
from octopack_data.languages import folder_of
from octopack_data.licences import UNKNOWN, licences, repositories
from octopack_data.parts import PartResult, Stage
from octopack_data.processes import open_many_files
from octopack_data.rows import read_rows, text_rows, write_rows
from octopack_data.sources import Part

MATRIX, REPOSITORIES, NOTICES = "licences.csv", "repositories.csv", "NOTICES.md"
_CELL = "rows|"
"""Begins the counts of the manifest: ``rows|mit|python``."""


@dataclass(frozen=True)
class Audit:
    """The work of the stage ``audit`` on one file; its memory grows with the repositories of that file."""

    def __call__(self, part: Part, output: Path) -> PartResult:
        """Count the part's rows; write its rows without a licence, and its repositories by licence."""
        counts: Counter[str] = Counter(rows=0, unknown=0)
        evidence: Counter[tuple[str, str]] = Counter()
        unknown = f"unknown/{part.name}.jsonl"
        evidence_name = f"evidence/{part.name}.jsonl"
        listed = write_rows(output / unknown, self._unknown(part, counts, evidence))
        found = [{"license": key, "repo": repo, "rows": rows} for (key, repo), rows in sorted(evidence.items())]
        write_rows(output / evidence_name, found)
        return PartResult(((unknown, listed), (evidence_name, len(found))), counts)

    def _unknown(
        self, part: Part, counts: Counter[str], evidence: Counter[tuple[str, str]]
    ) -> Iterator[dict[str, Any]]:
        for row in text_rows(part.path, ("commit", "license", "lang", "repos")):
            counts["rows"] += 1
            counts[f"{_CELL}{row['license']}|{folder_of(row['lang'])}"] += 1
            evidence.update((row["license"], repo) for repo in repositories(row["repos"]))
            if row["license"] == UNKNOWN:
                counts["unknown"] += 1
                yield {name: row[name] for name in ("commit", "lang", "repos")}


def audit_stage(parts: Sequence[Part], output: Path) -> Stage:
    """Return the stage that reads rows with ``license``, ``lang`` and ``repos``; then call :func:`write_audit`."""
    return Stage("audit", Audit(), tuple(parts), output, {}, folders=("unknown", "evidence"))


def matrix(manifest: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return the rows of each licence by language, from the manifest of an audit; the most frequent licence first."""
    cells: dict[str, dict[str, int]] = {}
    for name, rows in manifest["counts"].items():
        if name.startswith(_CELL):
            licence, _, language = name.removeprefix(_CELL).rpartition("|")
            cells.setdefault(licence, {})[language] = rows
    return dict(sorted(cells.items(), key=lambda item: (-sum(item[1].values()), item[0])))


def write_audit(output: Path, manifest: Mapping[str, Any]) -> list[Path]:
    """Write ``licences.csv`` (languages by licences), ``repositories.csv`` and ``NOTICES.md``; return their paths."""
    cells = matrix(manifest)
    evidence = sorted((output / "evidence").rglob("*.jsonl"))
    texts = {MATRIX: [_matrix_text(cells)], REPOSITORIES: _repositories(evidence), NOTICES: [notices(cells)]}
    for name, text in texts.items():
        try:
            with (output / name).open("w", encoding="utf-8") as stream:
                stream.writelines(text)
        except OSError as error:
            raise EnvironmentFault(f"{output / name} cannot be written: {error}") from error
    return [output / name for name in texts]


def _matrix_text(cells: Mapping[str, Mapping[str, int]]) -> str:
    languages = sorted({language for row in cells.values() for language in row})
    lines: list[Sequence[object]] = [["language", *cells]]
    lines += [[language, *(row.get(language, 0) for row in cells.values())] for language in languages]
    lines.append(["total", *(sum(row.values()) for row in cells.values())])
    return "".join(_csv_line(line) for line in lines)


def _csv_line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _repositories(evidence: Sequence[Path]) -> Iterator[str]:
    """Merge the sorted files: one line of each is in memory."""
    open_many_files()
    yield _csv_line(["license", "repo", "rows"])
    sorted_rows = heapq.merge(*(read_rows(path) for path in evidence), key=_by_licence)
    for (licence, repo), rows in groupby(sorted_rows, key=_by_licence):
        yield _csv_line([licence, repo, sum(row["rows"] for row in rows)])


def _by_licence(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["license"], row["repo"]


def notices(cells: Mapping[str, Mapping[str, int]]) -> str:
    """Return the notices that travel with the data: the licences, their terms, and how to find a row's authors."""
    known = licences()
    lines = ["| licence | terms | rows | text |", "| --- | --- | ---: | --- |"]
    for key, row in cells.items():
        licence = known.get(key)
        name, kind, url = (licence.spdx, licence.kind, licence.url) if licence else (key, "not known here", "")
        lines.append(f"| {name} | {kind} | {sum(row.values()):,} | {url} |")
    return (
        "# Notices\n\n"
        "Every row holds code of others, under the licence of the repository that it comes from: column `license`,\n"
        "repositories in column `repos`. Whoever passes a row on must keep to that licence. The authors' own notices\n"
        f"are in the repositories; `{REPOSITORIES}` lists them by licence.\n\n" + "\n".join(lines) + "\n"
    )
