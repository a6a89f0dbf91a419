"""The rules applied to a run: where enough samples show something, one finding for all tasks that show it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from string import Formatter

from humanevalpack.diagnosis.evidence import Evidence
from humanevalpack.diagnosis.records import EXAMPLES, Example, Finding, Rule, Unit, excerpt
from humanevalpack.diagnosis.rules import RULES
from humanevalpack.results import Run, ScoredSample

_EXPLAINS = 0.5
"""A finding is the cause of another one if it was made on this share of the same samples."""
_NAMED = 3


def diagnose(run: Run) -> list[Finding]:
    """Return what is suspicious about a run, causes before what follows of them; an empty list if nothing is.

    Nothing is run or loaded: it looks at the samples, their verdicts and the manifest. What passed is never held
    against a run, and one finding stands for all tasks that show the same.
    """
    evidence = Evidence(run)
    made: list[_Made] = []
    for rule in RULES:
        units = [unit for unit in rule.units(evidence) if unit.samples]
        tasks = _tasks(rule, units)
        if tasks:
            made.append(_made(rule, [unit for unit in units if unit.samples[0].task in tasks], evidence, made))
    return [item.finding for item in made]


@dataclass(frozen=True, slots=True)
class _Made:
    """A finding and the samples that it was made on."""

    rule: Rule
    finding: Finding
    samples: frozenset[int]


def _tasks(rule: Rule, units: Sequence[Unit]) -> list[str]:
    """Return the tasks that show it: alone, or together with the others of a language, a scenario, or the run."""
    by_task: dict[str, list[Unit]] = {}
    for unit in units:
        by_task.setdefault(unit.samples[0].task, []).append(unit)
    shown: dict[str, None] = {}
    for scope in _scopes(by_task):
        if _is_shown(rule, [unit for task in scope for unit in by_task[task]]):
            shown |= dict.fromkeys(task for task in scope if _has_share(rule, by_task[task]))
    return [task for task in by_task if task in shown]


def _scopes(by_task: dict[str, list[Unit]]) -> Iterator[list[str]]:
    languages: dict[str, list[str]] = {}
    scenarios: dict[str, list[str]] = {}
    for task, units in by_task.items():
        yield [task]
        languages.setdefault(units[0].samples[0].language, []).append(task)
        scenarios.setdefault(units[0].samples[0].scenario, []).append(task)
    yield from languages.values()
    yield from scenarios.values()
    yield list(by_task)


def _is_shown(rule: Rule, units: Sequence[Unit]) -> bool:
    problems = {(unit.samples[0].task, unit.samples[0].task_id) for unit in units if unit.sign is not None}
    return _has_share(rule, units) and len(problems) >= rule.least


def _has_share(rule: Rule, units: Sequence[Unit]) -> bool:
    hits = sum(unit.sign is not None for unit in units)
    return hits > 0 and hits >= rule.share * len(units)


def _made(rule: Rule, units: Sequence[Unit], evidence: Evidence, earlier: Sequence[_Made]) -> _Made:
    hits = [unit for unit in units if unit.sign is not None]
    samples = frozenset(id(sample) for unit in hits for sample in unit.samples)
    facts = {
        "hits": len(hits),
        "total": len(units),
        "most": _most(hits),
        "prompt": _prompt(evidence),
        "budget": _budget(evidence),
    }
    finding = Finding(
        code=rule.code,
        severity=rule.severity,
        tasks=list(dict.fromkeys(unit.samples[0].task for unit in hits)),
        message=_filled(rule.said, facts),
        cause=_filled(rule.cause, facts),
        mend=_filled(rule.mend, facts),
        examples=[_example(unit) for unit in _shown(hits)],
    )
    return _Made(rule, _explained(finding, samples, earlier) if rule.is_symptom else finding, samples)


def _explained(finding: Finding, samples: frozenset[int], earlier: Sequence[_Made]) -> Finding:
    """Name the earlier finding that was made on most of the same samples as the cause, if there is one."""
    for pool in (False, True):  # a cause that has no cause itself tells more
        causes = [item for item in earlier if item.rule.is_symptom == pool and item.finding.severity == "warning"]
        best = max(causes, key=lambda item: len(item.samples & samples), default=None)
        if best is not None and len(best.samples & samples) >= _EXPLAINS * len(samples):
            break
    else:
        return finding
    code, shared = best.rule.code, len(best.samples & samples)
    cause = f"{code}, which {shared} of these {len(samples)} samples show"
    return replace(finding, cause=cause, mend=f"what mends {code}", explained_by=code)


def _filled(text: str, facts: dict[str, object]) -> str:
    # Not str.format alone: what was seen may hold brackets, and is filled in, never read.
    return Formatter().vformat(text, (), facts)


def _most(hits: Sequence[Unit]) -> str:
    """Return what was seen most often, with its numbers where there are several."""
    counts = Counter(unit.sign for unit in hits if unit.sign)
    if len(counts) == 1:
        return str(next(iter(counts)))
    named = [f"{sign} ({count})" if count > 1 else str(sign) for sign, count in counts.most_common(_NAMED)]
    rest = len(counts) - len(named)
    return "; ".join(named) + (f"; and {rest} more" if rest > 0 else "")


def _shown(hits: Sequence[Unit]) -> list[Unit]:
    """Choose the examples: what was seen most often first, of as many tasks and problems as there are."""
    usual = Counter(unit.sign for unit in hits)
    chosen: list[Unit] = []
    for seen in (_task, _problem):
        for unit in sorted(hits, key=lambda unit: -usual[unit.sign]):
            if len(chosen) < EXAMPLES and seen(unit) not in map(seen, chosen):
                chosen.append(unit)
    return chosen


def _task(unit: Unit) -> str:
    return unit.samples[0].task


def _problem(unit: Unit) -> tuple[str, str]:
    return unit.samples[0].task, unit.samples[0].task_id


def _example(unit: Unit) -> Example:
    sample: ScoredSample = unit.samples[0]
    return Example(
        task=sample.task,
        task_id=sample.task_id,
        sample=sample.sample,
        sign=unit.sign or "",
        excerpt=excerpt(sample.generation),
    )


def _prompt(evidence: Evidence) -> str:
    return ", ".join(map(str, evidence.settings("prompt"))) or "?"


def _budget(evidence: Evidence) -> str:
    for name in ("total_length", "max_new_tokens"):
        if found := evidence.settings(name):
            return f"{name}={', '.join(map(str, found))}"
    return "not recorded"
