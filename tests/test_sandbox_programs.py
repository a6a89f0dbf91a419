"""Every language, every verdict: small programs in the local sandbox, one batch a language."""

from collections.abc import Iterator
from functools import cache

import pytest

from humanevalpack import run_programs
from humanevalpack.programs import Program
from humanevalpack.sandbox import Verdict
from sandbox_cases import CASES, SETS

pytestmark = pytest.mark.namespaces


@cache
def verdicts(language: str) -> dict[str, Verdict]:
    cases = CASES[language]
    programs = [Program(text=text, language=language, problem=None, profile="reference") for text, _ in cases.values()]
    return dict(zip(cases, run_programs(programs, sandbox="local", time_limit=3), strict=True))


def every_case() -> Iterator[object]:
    for language, cases in CASES.items():
        for name, (_, status) in cases.items():
            marks = [pytest.mark.toolchain(language), pytest.mark.xdist_group(f"programs-{language}")]
            yield pytest.param(language, name, status, id=f"{language}: {name}", marks=marks)


@pytest.mark.parametrize(("language", "name", "status"), list(every_case()))
def test_verdict(language: str, name: str, status: str) -> None:
    verdict = verdicts(language)[name]
    assert verdict.status in SETS.get(status, {status}), f"{verdict.reason}\n{verdict.output}"


@pytest.mark.toolchain("js")
def test_printing_does_not_fail_javascript_in_the_fixed_profile() -> None:
    text = CASES["js"]["prints"][0]
    program = Program(text=text, language="js", problem=None, profile="fixed")
    assert [verdict.status for verdict in run_programs([program], sandbox="local")] == ["passed"]
