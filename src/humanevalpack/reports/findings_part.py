"""What is suspicious about the runs, at the top of the page; what a model wrote is escaped and never read as HTML."""

from collections.abc import Mapping, Sequence
from html import escape

from humanevalpack.diagnosis import Example, Finding
from humanevalpack.diagnosis.rendering import tasks_text
from humanevalpack.reports.browser_data import sample_numbers
from humanevalpack.results import Run

_Places = Mapping[tuple[str, str, int], int]
"""(task, task_id, sample) of one run to the sample's number in the page."""


def findings_part(runs: Sequence[Run], findings: Sequence[Sequence[Finding]]) -> str:
    """Return the section, from one list of findings a run; nothing if all are empty."""
    numbers = sample_numbers(runs)
    cards = []
    for run, found in zip(runs, findings, strict=True):
        places = {(sample.task, sample.task_id, sample.sample): numbers[id(sample)] for sample in run.samples}
        name = f"<h3>{escape(run.name)}</h3>" if len(runs) > 1 else ""
        # The first is the cause of most others; all of them open would push the scores out of sight.
        items = "".join(_finding(finding, places, is_open=not place) for place, finding in enumerate(found))
        if items:
            cards.append(f'<div class="card">{name}{items}</div>\n')
    if not cards:
        return ""
    return f'<section id="findings"><h2>Before you believe these scores</h2>\n{"".join(cards)}</section>'


def _finding(finding: Finding, places: _Places, *, is_open: bool) -> str:
    lines = [("in", tasks_text(finding.tasks)), ("likely", finding.cause), ("try", finding.mend)]
    # What explains it has its own samples and its own mend.
    shown = lines[:2] if finding.explained_by else lines
    facts = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in shown)
    examples = "" if finding.explained_by else "".join(_example(example, places) for example in finding.examples)
    return (
        f'<details class="finding {finding.severity}"{" open" if is_open else ""}>'
        f"<summary><b>{finding.severity}</b> <code>{finding.code}</code> {escape(finding.message)}</summary>"
        f"<dl>{facts}</dl>{examples}</details>\n"
    )


def _example(example: Example, places: _Places) -> str:
    number = places[example.task, example.task_id, example.sample]
    sign = f" · {escape(example.sign)}" if example.sign else ""
    name = f"{escape(example.task_id)}, sample {example.sample}"
    return (
        f'<p class="example"><a href="#sample={number}">{name}</a>{sign}</p>'
        f"<pre>{escape(example.excerpt) or '(nothing)'}</pre>\n"
    )
