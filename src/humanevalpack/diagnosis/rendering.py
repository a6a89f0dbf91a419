"""Findings in a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from humanevalpack.diagnosis.records import Example, Finding

_STYLES = {"warning": "bold yellow", "note": "bold cyan"}
_LINE_END = "⏎"
_NAMES = 4


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Print findings, each with its likely cause and three samples; nothing if there are none."""
    if not findings:
        return
    warnings = sum(finding.severity == "warning" for finding in findings)
    counts = [_plural(warnings, "warning"), _plural(len(findings) - warnings, "note")]
    title = f"Before you believe these scores: {', '.join(filter(None, counts))}"
    console.print(Text(title, style="bold"))
    for finding in findings:
        for part in _parts(finding, console.width):
            console.print(part)


def _parts(finding: Finding, width: int) -> Iterator[Text | Padding]:
    yield Text.assemble(
        (finding.severity, _STYLES[finding.severity]), " ", (finding.code, "bold"), f": {finding.message}"
    )
    lines = [("in ", tasks_text(finding.tasks)), ("likely: ", finding.cause)]
    # The cause has its own samples.
    lines += [] if finding.explained_by else [("try: ", finding.mend)]
    for label, text in lines:
        yield Padding(Text.assemble((label, "dim"), text), (0, 0, 0, 2))
    for example in [] if finding.explained_by else finding.examples:
        line = Text(_example(example), style="dim", no_wrap=True)
        line.truncate(max(20, width - 2), overflow="ellipsis")
        yield Padding(line, (0, 0, 0, 2))


def tasks_text(tasks: Sequence[str]) -> str:
    """Return the names of tasks, many of them as a number with the first few."""
    short = [task.removeprefix("humaneval") for task in tasks]
    if len(short) <= _NAMES:
        return ", ".join(short)
    return f"{len(short)} tasks: {', '.join(short[: _NAMES - 1])} and {len(short) - _NAMES + 1} more"


def _example(example: Example) -> str:
    text = _LINE_END.join(line.strip() for line in example.excerpt.split("\n")) or "(nothing)"
    printable = "".join(character if character.isprintable() else "�" for character in text)
    return f"{example.task_id} #{example.sample}  {printable}"


def _plural(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}" if number else ""
