"""What the doctor found, for people: tables, then what to do, then one line that sums it up."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from humanevalpack.doctor.facts import Fact
from humanevalpack.sandbox.conformance import Finding

_LEVELS = {"fine": "", "note": "note", "problem": "PROBLEM"}
_OUTCOMES = {"right": "ok", "different": "WRONG", "not promised": "-", "not tried": "?"}


def print_facts(facts: Sequence[Fact]) -> None:
    """Print what this machine is and has."""
    table = Table("this machine", "found", "")
    for fact in facts:
        table.add_row(fact.name, Text(fact.value), _word(_LEVELS[fact.level]))
    Console().print(table)


def print_findings(findings: Sequence[Finding]) -> None:
    """Print programs by what they do and their language, then the attempts to get out."""
    languages = list(dict.fromkeys(finding.language for finding in findings if finding.language))
    outcomes = {(finding.name, finding.language): _OUTCOMES[finding.outcome] for finding in findings}
    programs = Table("a program that is", *languages, title_justify="left")
    for name in dict.fromkeys(finding.name for finding in findings if finding.language):
        programs.add_row(name, *(_word(outcomes.get((name, language), "")) for language in languages))
    attempts = Table("out of a program's reach", "")
    for finding in findings:
        if finding.language is None:
            attempts.add_row(finding.name, _word(_OUTCOMES[finding.outcome]))
    console = Console()
    for table in (programs, attempts):
        if table.row_count:
            console.print(table)


def print_advice(facts: Sequence[Fact], findings: Sequence[Finding]) -> None:
    """Print every problem with what mends it, then what is only worth knowing."""
    wrong: dict[str, list[str]] = {}
    for fact in facts:
        if fact.level == "problem":
            wrong.setdefault(fact.mend, []).append(f"{fact.name}: {fact.value}")
    for finding in findings:
        if not finding.ok:
            name = f"{finding.language}: {finding.name}" if finding.language else finding.name
            expected = " or ".join(finding.expected)
            wrong.setdefault(finding.advice, []).append(f"{name}: expected {expected}, got {finding.seen}")
    notes: dict[str, list[str]] = {}
    for fact in facts:
        if fact.level == "note":
            notes.setdefault(fact.mend, []).append(f"{fact.name}: {fact.value}")
    for title, entries in (("To mend", wrong), ("Worth knowing", notes)):
        if entries:
            print_plain(f"{title}:")
        for mend, what in entries.items():
            print_plain("\n".join(f"  {line}" for line in what) + f"\n    -> {mend}")


def print_plain(text: str) -> None:
    """Print text as it is: a command that is broken over two lines could not be copied."""
    Console(soft_wrap=True, highlight=False, markup=False).print(text)


def summary(kind: str, findings: Sequence[Finding]) -> str:
    """Return one line: what was checked, and which languages this machine can judge."""
    counts = {outcome: sum(finding.outcome == outcome for finding in findings) for outcome in _OUTCOMES}
    words = {
        "right": "right",
        "different": "WRONG",
        "not tried": "not tried",
        "not promised": f"not promised by {kind}",
    }
    said = ", ".join(f"{number} {words[outcome]}" for outcome, number in counts.items() if number)
    languages = dict.fromkeys(finding.language for finding in findings if finding.language)
    fit = [one for one in languages if all(finding.ok for finding in findings if finding.language in (one, None))]
    return f"sandbox {kind}: {len(findings)} checks, {said}. Fit to judge: {', '.join(map(str, fit)) or 'nothing'}"


def _word(word: str) -> Text:
    return Text(word, "bold red" if word in ("WRONG", "PROBLEM", "?") else "")
