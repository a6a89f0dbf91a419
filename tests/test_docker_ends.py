"""Containers after the end of a run, whatever ended it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from docker_images import client, images, ours
from humanevalpack import run_programs
from humanevalpack.programs import Program

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker"), pytest.mark.usefixtures("images")]
__all__ = ["client", "images"]


def program(text: str, language: str = "python") -> Program:
    return Program(text=text, language=language, problem=None, profile="reference")


def wait_until_none_is_left(client: "DockerClient", process: int) -> None:
    until = time.monotonic() + 30
    while left := ours(client, process):
        assert time.monotonic() < until, f"still there: {left}"
        time.sleep(0.1)


def test_the_containers_are_gone_after_a_run(client: "DockerClient") -> None:
    verdicts = run_programs([program("assert True"), program("assert False")], sandbox="docker", workers=1)
    assert next(verdicts).passed
    assert len(ours(client)) == 1
    assert [verdict.status for verdict in verdicts] == ["failed"]
    assert ours(client) == []


def test_the_containers_are_gone_after_an_exception_and_after_a_run_that_was_left(client: "DockerClient") -> None:
    def source() -> Iterator[Program]:
        yield program("assert True")
        yield program("while True: pass")
        raise ValueError("the source broke")

    with pytest.raises(ValueError, match="the source broke"):
        list(run_programs(source(), sandbox="docker"))
    assert ours(client) == []
    verdicts = run_programs([program("assert True"), program("while True: pass")], sandbox="docker", workers=1)
    next(verdicts)
    verdicts.close()
    assert ours(client) == []


RUN = """
import sys
from humanevalpack import run_programs
from humanevalpack.programs import Program
texts = ["assert True", "import time\\ntime.sleep(600)"]
programs = [Program(text=text, language="python", problem=None, profile="reference") for text in texts]
for verdict in run_programs(programs, sandbox="docker", workers=1):
    print(verdict.status, flush=True)
"""


def test_the_containers_are_gone_after_the_main_process_was_killed(client: "DockerClient") -> None:
    main = subprocess.Popen([sys.executable, "-c", RUN], stdout=subprocess.PIPE, env=os.environ, text=True)
    assert main.stdout is not None
    assert main.stdout.readline() == "passed\n"
    assert len(ours(client, main.pid)) == 1
    main.send_signal(signal.SIGKILL)
    main.wait()
    main.stdout.close()
    wait_until_none_is_left(client, main.pid)


def test_a_killed_container_costs_no_verdict(client: "DockerClient") -> None:
    verdicts = run_programs(
        [program("assert True"), *(program(f"import time; time.sleep(0.5) # {n}") for n in range(4))],
        sandbox="docker",
        workers=1,
    )
    assert next(verdicts).passed
    for name in ours(client):
        client.containers.get(name).kill()
    assert [verdict.status for verdict in verdicts] == ["passed"] * 4
