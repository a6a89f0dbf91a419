"""The check of a set of problems: texts, right programs, and programs that are wrong on purpose."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from humanevalpack.errors import SandboxFault
from humanevalpack.problems import Problem
from octopack_data.humanevalpack.faults import KINDS, Fault
from octopack_data.humanevalpack.static_checks import static_faults
from octopack_data.humanevalpack.trials import Trial, right_programs, wrong_trials

if TYPE_CHECKING:
    from humanevalpack.programs import Program
    from humanevalpack.sandbox import Verdict

_ENDLESS = ("timeout", "memory_limit")
"""How a program ends that does not: which limit comes first depends on what it does meanwhile."""
_WRONG_SECONDS = 5.0
"""CPU seconds for a program that is wrong on purpose: one that does not end says nothing about its test."""

Seen = dict[str, list[tuple[Trial, "Verdict"]]]
"""The verdicts of one problem, by the kind of fault that the programs may show."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came out of the check of one language's problems."""

    faults: tuple[Fault, ...]
    wrong_programs: int
    """How many programs that are wrong on purpose were run."""
    not_built: int
    """How many of them the compiler refused, so that they say nothing about the tests."""


class Runner(Protocol):
    """Runs programs and returns their verdicts in order (``humanevalpack.run_programs`` with its settings)."""

    def __call__(self, programs: "Sequence[Program]", *, time_limit: float | None) -> "Sequence[Verdict]":
        """Run them; ``time_limit`` replaces the CPU seconds of a run."""


def check_problems(problems: Sequence[Problem], run: Runner | None, *, repeat: int = 3) -> Checked:
    """Return the faults of one language's problems, in the problems' order.

    Without ``run`` the texts alone are looked at. ``repeat``: how often each canonical program runs, to see chance.
    Raises SandboxFault where the sandbox, not a program, failed.
    """
    found = list(static_faults(problems))
    wrong: list[Trial] = []
    not_built = 0
    if run is not None:
        right = [trial for problem in problems for trial in right_programs(problem, repeat)]
        wrong = [trial for problem in problems for trial in wrong_trials(problem)]
        seen: dict[str, Seen] = defaultdict(lambda: defaultdict(list))
        for trials, limit in ((right, None), (wrong, _WRONG_SECONDS)):
            verdicts = run([trial.program for trial in trials], time_limit=limit)
            for trial, verdict in zip(trials, verdicts, strict=True):
                if verdict.status == "sandbox_error":
                    raise SandboxFault(f"{trial.problem.task_id}: the sandbox failed: {verdict.reason}")
                not_built += trials is wrong and verdict.status == "compile_error"
                seen[trial.problem.task_id][trial.kind].append((trial, verdict))
        for problem in problems:
            for kind, what in _judge(problem, seen[problem.task_id]):
                found.append(Fault(problem.language, problem.task_id, kind, what))
    place = {problem.task_id: number for number, problem in enumerate(problems)}
    kinds = list(KINDS)
    found.sort(key=lambda fault: (place[fault.task_id], kinds.index(fault.kind)))
    return Checked(tuple(found), len(wrong), not_built)


def _judge(problem: Problem, seen: Seen) -> Iterator[tuple[str, str]]:
    runs = [verdict for _, verdict in seen["canonical_fails"]]
    failed = [verdict for verdict in runs if not verdict.passed]
    if len(failed) == len(runs):
        yield "canonical_fails", _said(failed[0])
    elif failed:
        yield "chance", f"{len(failed)} of {len(runs)} runs failed, with {_said(failed[0])}"
    else:
        yield from _other_forms(seen)
    yield from _bug(problem, seen["bug_passes"][0][1])
    yield from _wrong(seen)


def _other_forms(seen: Seen) -> Iterator[tuple[str, str]]:
    for kind in ("example_fails", "declaration_fails"):
        for _, verdict in seen[kind]:
            if not verdict.passed:
                yield kind, _said(verdict)
    whole = all(verdict.passed for _, verdict in seen["declaration_fails"])
    cut = [trial.what for trial, verdict in seen["answer_is_cut"] if not verdict.passed]
    cut = [scenario for scenario in cut if whole or scenario != "fixtests"]
    if cut:
        yield "answer_is_cut", f"in {' and '.join(cut)}"


def _bug(problem: Problem, verdict: "Verdict") -> Iterator[tuple[str, str]]:
    labelled = problem.failure_symptoms
    if verdict.passed:
        yield "bug_passes", f"labelled {problem.bug_type}, {labelled}"
    elif verdict.status == "compile_error":
        yield "bug_does_not_build", _said(verdict)
    elif verdict.status in _ENDLESS and labelled != "infinite loop":
        yield "symptom", f"labelled {labelled}, but {_said(verdict)}"


def _wrong(seen: Seen) -> Iterator[tuple[str, str]]:
    for kind in ("never_called", "constant_passes", "wrong_value_passes"):
        passed = [trial.what for trial, verdict in seen[kind] if verdict.passed]
        if passed:
            yield kind, "; ".join(passed)
            if kind == "never_called":  # the others follow from it
                return


def _said(verdict: "Verdict") -> str:
    reason = verdict.reason.strip().split("\n")[0]
    return f"{verdict.status} ({reason[:100]})"
