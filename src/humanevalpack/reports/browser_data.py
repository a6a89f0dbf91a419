"""The samples as the page keeps them: small columns for the list, and texts in packed chunks that are opened on demand.

A chunk is gzip in base64: no text of a model ever stands in the page as text, and 20,000 samples stay small (the prompt
and the tests of a problem repeat in all of its samples).
"""

import base64
import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from humanevalpack.languages import LANGUAGES
from humanevalpack.problems import Problem
from humanevalpack.reports.breakdowns import Problems
from humanevalpack.reports.kept_part import kept_part
from humanevalpack.results import Run, ScoredSample
from humanevalpack.scenarios import FIX_SCENARIOS, SCENARIOS, scenario_base

_CHUNK = 200_000  # characters of JSON: a millisecond or two to open
_REASON = 140


@dataclass(frozen=True, slots=True)
class BrowserData:
    """What the page's script reads."""

    columns: dict[str, Any]
    """JSON: the list of samples by columns, and the names that they point to."""
    chunks: list[str]
    """base64 of gzip of a JSON list of samples' texts."""


def browser_data(runs: Sequence[Run], problems: Problems) -> BrowserData:
    """Pack the samples of all runs; without its problem (``problems`` lacks it) a sample has no diff."""
    known = {(row.language, row.index): row for rows in problems.values() for row in rows}
    names: dict[str, dict[str, int]] = {name: {} for name in ("tasks", "ids", "statuses", "reasons", "extractions")}
    rows: list[list[int]] = []
    chunks: list[str] = []
    pending: list[str] = []

    def place(kind: str, value: str) -> int:
        return names[kind].setdefault(value, len(names[kind]))

    for number, run in enumerate(runs):
        for sample in sorted(run.samples, key=_order):
            text = json.dumps(_texts(sample, known.get((sample.language, sample.index))))
            if pending and sum(map(len, pending)) + len(text) > _CHUNK:
                chunks.append(_packed(pending))
                pending = []
            reason = sample.verdict.reason if sample.verdict else ""
            rows.append(
                [
                    number,
                    place("tasks", f"{sample.scenario}-{sample.language}"),
                    place("ids", sample.task_id),
                    sample.sample,
                    place("statuses", sample.status),
                    place("reasons", " ".join(reason.split())[:_REASON]),
                    place("extractions", sample.extraction),
                    len(chunks),
                    len(pending),
                ]
            )
            pending.append(text)
    if pending:
        chunks.append(_packed(pending))
    columns = {kind: list(values) for kind, values in names.items()}
    return BrowserData({"runs": [run.name for run in runs], **columns, "rows": _columnwise(rows)}, chunks)


def sample_numbers(runs: Sequence[Run]) -> dict[int, int]:
    """Return ``id(sample)`` to the number under which the page shows it (``#sample=17``)."""
    ordered = (sample for run in runs for sample in sorted(run.samples, key=_order))
    return {id(sample): number for number, sample in enumerate(ordered)}


def script_json(value: object) -> str:
    """Return JSON that can stand in a ``<script>`` block: nothing in it can end the block or open a comment."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c").replace(">", "\\u003e")


def _order(sample: ScoredSample) -> tuple[int, int, int, int]:
    places = {name: place for place, name in enumerate((*SCENARIOS, *LANGUAGES))}
    return places[sample.scenario], places[sample.language], sample.index, sample.sample


def _texts(sample: ScoredSample, problem: Problem | None) -> dict[str, Any]:
    begin, end = kept_part(sample.generation, sample.candidate)
    texts: dict[str, Any] = {
        "prompt": sample.prompt,
        "generation": [sample.generation[:begin], sample.generation[begin:end], sample.generation[end:]],
        "candidate": sample.candidate,
        "program": sample.program,
    }
    if sample.description is not None:
        texts["description"] = sample.description
    if sample.verdict:
        verdict = sample.verdict.to_dict()
        texts["verdict"] = {name: value for name, value in verdict.items() if value not in (None, "")}
    if problem:
        texts["entry"] = problem.entry_point
        texts["bug"] = [problem.bug_type, problem.failure_symptoms] if sample.scenario in FIX_SCENARIOS else []
        texts["canonical"] = _canonical(sample, problem)
    return texts


def _canonical(sample: ScoredSample, problem: Problem) -> str:
    """Return the text that a perfect candidate would be; for a description what the docstring says."""
    if sample.scenario == "explaindescribe":
        return problem.docstring
    base = scenario_base(problem, sample.scenario) if sample.scenario in FIX_SCENARIOS else problem.prompt
    return base.rstrip() + "\n" + problem.canonical_solution.lstrip("\n").rstrip()


def _packed(texts: Iterable[str]) -> str:
    # Without a time stamp the same run gives the same page.
    return base64.b64encode(gzip.compress(f"[{','.join(texts)}]".encode("ascii"), 6, mtime=0)).decode("ascii")


def _columnwise(rows: Sequence[Sequence[int]]) -> list[list[int]]:
    return [list(column) for column in zip(*rows, strict=True)]


def opened(chunk: str) -> Iterator[dict[str, Any]]:
    """Yield the samples' texts of a chunk, as the page's script reads them."""
    yield from json.loads(gzip.decompress(base64.b64decode(chunk)))
