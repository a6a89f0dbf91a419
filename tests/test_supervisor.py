"""The supervisor alone: its frames, its speed measurement, and that it needs nothing but the standard library."""

import ast
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humanevalpack.languages.cpp import IMPORTS
from humanevalpack.sandbox.supervisor import frames
from humanevalpack.sandbox.supervisor.cage import own_user
from humanevalpack.sandbox.supervisor.languages import LANGUAGES
from humanevalpack.sandbox.supervisor.languages.cpp import BLOCK
from humanevalpack.sandbox.supervisor.limits import backstop
from humanevalpack.sandbox.supervisor.speed import slowness
from humanevalpack.sandbox.workers import SUPERVISOR

SOURCES = sorted(SUPERVISOR.rglob("*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_the_supervisor_imports_only_itself_and_the_standard_library(source: Path) -> None:
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            assert {name.name.partition(".")[0] for name in node.names} <= sys.stdlib_module_names
        if isinstance(node, ast.ImportFrom) and not node.level:
            assert str(node.module).partition(".")[0] in sys.stdlib_module_names


@given(st.text(st.characters(max_codepoint=0x10FFFF)), st.sampled_from(sorted(LANGUAGES)))
def test_a_frame_carries_any_text(text: str, kind: str) -> None:
    frame = frames.pack(kind, {"text": text})
    assert frames.unpack(frame + b"next") == (kind, {"text": text}, len(frame))


def test_an_unfinished_frame_is_waited_for() -> None:
    frame = frames.pack("verdict", {"status": "passed"})
    assert all(frames.unpack(frame[:size]) is None for size in range(len(frame)))


@pytest.mark.parametrize("header", [b"x" * 24, b"verdict             -1\n ", b"verdict    999999999999\n", b"\0" * 24])
def test_a_wrong_header_is_refused(header: bytes) -> None:
    with pytest.raises(frames.BrokenFrame, match="not a frame header"):
        frames.parse_header(header)


def test_reading_tells_an_end_between_frames_from_one_inside() -> None:
    read, write = os.pipe()
    os.write(write, b"abc")
    os.close(write)
    assert frames.read_exactly(read, 2) == b"ab"
    with pytest.raises(frames.BrokenFrame):
        frames.read_exactly(read, 2)
    assert frames.read_exactly(read, 2) == b""
    os.close(read)


def test_no_machine_gets_fewer_seconds() -> None:
    assert slowness() >= 1


def test_the_wall_backstop_is_far_above_the_cpu_limit() -> None:
    assert backstop(10, 1) >= 60
    assert backstop(10, 2) == 2 * backstop(10, 1)


@pytest.mark.root
def test_programs_get_user_ids_that_no_account_has() -> None:
    users = {own_user() for _ in range(100)}
    assert len(users) > 90
    assert all(user is not None and user >= 32768 for user in users)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_limits_are_those_of_the_specification(language: str) -> None:
    knows = LANGUAGES[language]
    assert knows.run_cpu == {"python": 10, "js": 10, "java": 10, "go": 20, "cpp": 20, "rust": 20}[language]
    assert knows.build_cpu == (120 if language == "rust" else 60)
    # the specification has 1 GiB for Go, too, where its own limit of the stack and ours would draw lots
    assert knows.memory == (3 << 29 if language in ("java", "go") else 1 << 30)


def test_the_precompiled_block_is_the_one_that_programs_begin_with() -> None:
    assert BLOCK == IMPORTS
