"""The suite that every kind of sandbox must pass: programs of every kind in every language, and attempts to get out.

It runs through ``run_programs`` alone, so that a new kind passes the same suite.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from humanevalpack.errors import EnvironmentFault
from humanevalpack.programs import Program
from humanevalpack.sandbox.bait import bait, leftovers
from humanevalpack.sandbox.choice import choose_sandbox
from humanevalpack.sandbox.pool import run_programs
from humanevalpack.sandbox.probes import ESCAPED, Probe, probes
from humanevalpack.sandbox.toolchains import Toolchain, check_toolchains
from humanevalpack.sandbox.verdicts import Verdict

Outcome = Literal["right", "different", "not promised", "not tried"]
_LOOP_SECONDS = 2.0
"""CPU seconds of an endless loop, which has to be waited for."""
_FAULT = "the sandbox failed: look at free memory and disk, and run this again"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check of the suite found; ``advice`` is what to do next where it is not right, else ""."""

    name: str
    language: str | None
    expected: tuple[str, ...]
    seen: str
    outcome: Outcome
    advice: str = ""

    @property
    def ok(self) -> bool:
        """False if this machine does not do what the sandbox promises, or that could not be seen."""
        return self.outcome in ("right", "not promised")

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {**asdict(self), "ok": self.ok}


def conformance(
    *, sandbox: str = "auto", languages: Sequence[str], workers: int | None = None, confirm_unsafe: bool = False
) -> Iterator[Finding]:
    """Run the suite and yield one finding a check (about a minute on two cores for six languages).

    While it runs, files, a process and a variable of the environment with random names lie about as bait. A language
    whose toolchain is missing is one finding. What the sandbox does not promise is not tried. Raises UsageError and
    EnvironmentFault as ``run_programs`` does if nothing can run.
    """
    kind = choose_sandbox(sandbox)
    toolchains = check_toolchains(dict.fromkeys([*languages, "python"]), sandbox=kind)
    able = [language for language in languages if toolchains[language].available]
    for language in languages:
        if language not in able:
            yield _missing(toolchains[language], language)
    suite = probes(able)
    with bait() as words:
        runner = _Runner(kind, words, toolchains, workers, confirm_unsafe)
        for language in able:
            yield from runner.run([one for one in suite if (one.language, one.group) == (language, "behaviour")])
        yield from runner.run([one for one in suite if one.group == "loop"], time_limit=_LOOP_SECONDS)
        if toolchains["python"].available:
            # the neighbours at once, even on one core; then each after the end of the one before
            yield from runner.run([one for one in suite if one.group == "together"], at_least=2)
            yield from runner.run([one for one in suite if one.group == "one after the other"], at_most=1)
        else:
            yield _missing(toolchains["python"], None)
    left = leftovers(words["MARK"])
    outcome: Outcome = "different" if left else "right"
    seen = ", ".join(left) or "nothing"
    yield Finding("left on this machine", None, ("nothing",), seen, outcome, ESCAPED if left else "")


@dataclass(frozen=True, slots=True)
class _Runner:
    """How probes are run; ``words`` stand as @WORD@ in their texts."""

    kind: str
    words: Mapping[str, str]
    toolchains: Mapping[str, Toolchain]
    workers: int | None
    confirm_unsafe: bool

    def run(
        self, probes: Sequence[Probe], *, time_limit: float | None = None, at_least: int = 1, at_most: int | None = None
    ) -> Iterator[Finding]:
        """Run probes in one run and yield a finding for each."""
        count = max(at_least, self.workers or len(os.sched_getaffinity(0)))
        verdicts = run_programs(
            [self._program(probe) for probe in probes if self._promises(probe)],
            sandbox=self.kind,
            workers=count if at_most is None else min(count, at_most),
            time_limit=time_limit,
            confirm_unsafe=self.confirm_unsafe,
        )
        fault: EnvironmentFault | None = None
        for probe in probes:
            if not self._promises(probe):
                seen = f"not promised by {self.kind}"
                yield Finding(probe.name, probe.language, probe.expected, seen, "not promised")
                continue
            try:
                if fault is None:
                    yield self._compared(probe, next(verdicts))
                    continue
            except EnvironmentFault as error:
                fault = error
            yield Finding(probe.name, probe.language, probe.expected, "not tried", "not tried", str(fault))

    def _program(self, probe: Probe) -> Program:
        text = probe.text
        for word, value in self.words.items():
            text = text.replace(f"@{word}@", value)
        return Program(text=text, language=probe.language or "python", problem=None, profile="reference")

    def _promises(self, probe: Probe) -> bool:
        return self.kind != "process" or not probe.needs or (probe.needs == "user" and os.geteuid() == 0)

    def _compared(self, probe: Probe, verdict: Verdict) -> Finding:
        if verdict.status in probe.expected:
            return Finding(probe.name, probe.language, probe.expected, verdict.status, "right")
        advice = probe.advice.replace("{install}", self.toolchains[probe.language or "python"].install)
        if verdict.status == "sandbox_error":
            advice = _FAULT
        seen = f"{verdict.status}: {verdict.reason}"
        return Finding(probe.name, probe.language, probe.expected, seen, "different", advice)


def _missing(toolchain: Toolchain, language: str | None) -> Finding:
    name = "toolchain" if language else "isolation (its programs are in Python)"
    return Finding(name, language, ("installed",), "; ".join(toolchain.missing), "not tried", toolchain.install)
