"""Cheats (``tests/cheats``): each fools a naive judge, and none passes in any sandbox of ours."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest

from cheats import catalogue, judges
from docker_images import client, images
from humanevalpack import run_programs
from humanevalpack.sandbox import Verdict

pytestmark = pytest.mark.namespaces
__all__ = ["client", "images"]

SANDBOXES = ("local", "docker")
"""The kinds that a cheat is tried in."""
LEAST = 15
"""How many cheats the specification wants of a language at least."""


@cache
def verdicts(language: str, sandbox: str) -> dict[str, Verdict]:
    cheats = catalogue.cheats(language)
    programs = [cheat.program for cheat in cheats.values()]
    return dict(zip(cheats, run_programs(programs, sandbox=sandbox, time_limit=3), strict=True))


@cache
def naive_verdicts(language: str) -> dict[str, tuple[bool, str]]:
    cheats = catalogue.cheats(language)
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(cheats, pool.map(judges.fooled, [cheat.program for cheat in cheats.values()]), strict=True))


def every_cheat(*sandboxes: str) -> Iterator[object]:
    for language in catalogue.LANGUAGES:
        for name in catalogue.cheats(language):
            for sandbox in sandboxes or ("",):
                group = f"cheats-{language}-{sandbox}"
                needs = pytest.mark.docker if sandbox == "docker" else pytest.mark.toolchain(language)
                marks = [needs, pytest.mark.xdist_group(group)]
                values = [language, name, sandbox] if sandbox else [language, name]
                yield pytest.param(*values, id=": ".join([language, *values[2:], name]), marks=marks)


@pytest.mark.parametrize(("language", "name", "sandbox"), list(every_cheat(*SANDBOXES)))
def test_a_cheat_does_not_pass(language: str, name: str, sandbox: str, request: pytest.FixtureRequest) -> None:
    if sandbox == "docker":
        request.getfixturevalue("images")
    cheat, verdict = catalogue.cheats(language)[name], verdicts(language, sandbox)[name]
    assert not verdict.passed
    assert verdict.status != "sandbox_error", verdict.reason
    assert cheat.status in (None, verdict.status), f"{verdict.reason}\n{verdict.output}"


@pytest.mark.parametrize(("language", "name"), list(every_cheat()))
def test_a_cheat_fools_a_naive_judge(language: str, name: str) -> None:
    is_fooled, output = naive_verdicts(language)[name]
    assert is_fooled == (catalogue.cheats(language)[name].fools == catalogue.FOOLED), output


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_there_are_enough_different_cheats(language: str) -> None:
    real = [cheat for cheat in catalogue.cheats(language).values() if cheat.fools == catalogue.FOOLED]
    assert len({cheat.program.text for cheat in real}) >= LEAST
