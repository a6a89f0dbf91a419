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

_FORMS = ("example_fails", "declaration_fails", "answer_is_cut")
"""Other forms of the canonical program: one that fails runs again, for chance may have been against it."""

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
        seen: dict[str, Seen] = defaultdict(lambda: defaultdict(list))
        failed = _run([trial for problem in problems for trial in right_programs(problem, repeat)], run, None, seen)
        forms = [trial for trial, _ in failed if trial.kind in _FORMS]
        _run([trial.again(number) for trial in forms for number in range(2, repeat + 2)], run, None, seen)
        wrong = [trial for problem in problems for trial in wrong_trials(problem)]
        failed = _run(wrong, run, _WRONG_SECONDS, seen)
        not_built = sum(verdict.status == "compile_error" for _, verdict in failed)
        for problem in problems:
            for kind, what in _judge(problem, seen[problem.task_id]):
                found.append(Fault(problem.language, problem.task_id, kind, what))
    place = {problem.task_id: number for number, problem in enumerate(problems)}
    kinds = list(KINDS)
    found.sort(key=lambda fault: (place[fault.task_id], kinds.index(fault.kind)))
    return Checked(tuple(found), len(wrong), not_built)


def _run(
    trials: Sequence[Trial], run: Runner, limit: float | None, seen: dict[str, Seen]
) -> list[tuple[Trial, "Verdict"]]:
    """Run trials, note their verdicts in ``seen``, and return those that did not pass; raises SandboxFault."""
    verdicts = run([trial.program for trial in trials], time_limit=limit) if trials else ()
    for trial, verdict in zip(trials, verdicts, strict=True):
        if verdict.status == "sandbox_error":
            raise SandboxFault(f"{trial.problem.task_id}: the sandbox failed: {verdict.reason}")
        seen[trial.problem.task_id][trial.kind].append((trial, verdict))
    return [(trial, verdict) for trial, verdict in zip(trials, verdicts, strict=True) if not verdict.passed]


def _judge(problem: Problem, seen: Seen) -> Iterator[tuple[str, str]]:
    runs = [verdict for _, verdict in seen["canonical_fails"]]
    failed = [verdict for verdict in runs if not verdict.passed]
    if len(failed) == len(runs):
        yield "canonical_fails", _said(failed[0])
    elif failed:
        yield "chance", _share(failed, runs)
    else:
        yield from _forms(seen)
    yield from _bug(problem, seen["bug_passes"][0][1])
    yield from _wrong(seen)


def _forms(seen: Seen) -> Iterator[tuple[str, str]]:
    whole = all(verdict.passed for _, verdict in seen["declaration_fails"])
    cut = []
    for kind in _FORMS:
        for what in dict.fromkeys(trial.what for trial, _ in seen[kind]):
            runs = [verdict for trial, verdict in seen[kind] if trial.what == what]
            failed = [verdict for verdict in runs if not verdict.passed]
            if failed and len(failed) < len(runs):
                yield "chance", _share(failed, runs)
            elif failed and kind != "answer_is_cut":
                yield kind, _said(failed[0])
            elif failed and (whole or what != "fixtests"):
                cut.append(what)
    if cut:
        yield "answer_is_cut", f"in {' and '.join(cut)}"


def _share(failed: Sequence["Verdict"], runs: Sequence["Verdict"]) -> str:
    return f"{len(failed)} of {len(runs)} runs failed, with {_said(failed[0])}"


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
