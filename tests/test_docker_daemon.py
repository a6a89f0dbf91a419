"""The engine's daemon killed in the middle of a run: what was reached stays, and the run goes on where it was."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from docker_images import client, docker, images
from humanevalpack.sandbox import containers, engine

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.full, pytest.mark.xdist_group("docker")]
__all__ = ["client", "images"]

COUNT = 30
RUN = f"""
import sys
from humanevalpack import run_programs
from humanevalpack.programs import Program
texts = [f"import time\\ntime.sleep(0.2)\\nassert {{n}} % 3" for n in range({COUNT})]
programs = [Program(text=text, language="python", problem=None, profile="reference") for text in texts]
verdicts = run_programs(programs, sandbox="docker", workers=2, journal=sys.argv[1])
print(" ".join(verdict.status for verdict in verdicts))
"""
UNDISTURBED = " ".join("passed" if n % 3 else "failed" for n in range(COUNT))


class Daemon:
    """An engine of the test's own, beside the machine's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.host = f"unix://{folder}/engine.sock"

    def start(self) -> None:
        """Start it, as often as a service manager does, and wait until it answers."""
        until = time.monotonic() + 200
        self._start()
        while docker("--host", self.host, "version").returncode:
            assert time.monotonic() < until, (self._folder / "log").read_text()
            if self._process.poll() is not None:  # its containers were not restored in time
                self._start()
            time.sleep(0.2)

    def _start(self) -> None:
        places = {"data-root": "data", "exec-root": "exec", "pidfile": "engine.pid"}
        options = [f"--{name}={self._folder}/{place}" for name, place in places.items()]
        options += [f"--host={self.host}", "--bridge=none", "--iptables=false"]
        # in a network of its own: without a bridge it would remove the one of the machine's engine
        command = ["/usr/bin/unshare", "--net", "/usr/sbin/dockerd", *options]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it, with all of its containers, and what it has mounted."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for place in reversed(mounts):
            if place.startswith(f"{self._folder}/"):
                subprocess.run(["/usr/bin/umount", "--lazy", place], check=True)


@pytest.fixture
def daemon(images: dict[str, engine.Image]) -> Iterator[Daemon]:
    """An engine with the image of Python. Its folder has a short name: that of a socket may have 100 characters."""
    folder = Path("/tmp", f"humanevalpack-test-{os.getpid()}")
    folder.mkdir()
    own = Daemon(folder)
    own.start()
    try:
        archive = str(folder / "python.tar")
        assert docker("save", "--output", archive, images["python"].name).returncode == 0
        assert docker("--host", own.host, "load", "--input", archive).returncode == 0
        yield own
    finally:
        own.stop()
        shutil.rmtree(folder)


def start(daemon: Daemon, journal: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(journal)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"DOCKER_HOST": daemon.host},
        text=True,
    )


def reached(journal: Path) -> int:
    return journal.read_text().count("\n") - 1 if journal.exists() else 0


def ours(client: "DockerClient") -> list[str]:
    found = client.containers.list(all=True, filters={"label": containers.WORKER}, ignore_removed=True)
    return [str(container.name) for container in found]


def test_a_killed_daemon_costs_no_verdict_that_was_reached_and_invents_none(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = tmp_path / "journal"
    run = start(daemon, journal)
    while reached(journal) < 5:
        assert run.poll() is None, run.communicate()
        time.sleep(0.05)
    daemon.kill()
    printed, said = run.communicate(timeout=300)
    assert run.returncode != 0
    assert "SandboxFault" in said
    assert "no Docker Engine answers" in said
    assert printed == ""
    before = reached(journal)
    assert 5 <= before < COUNT
    lines = [json.loads(line) for line in journal.read_text().splitlines()[1:]]
    assert {line["verdict"]["status"] for line in lines} <= {"passed", "failed"}

    daemon.start()
    second = start(daemon, journal)
    assert second.communicate(timeout=300)[0].strip() == UNDISTURBED
    assert journal.read_text().count("\n") == COUNT + 1, "what was reached did not run again"
    monkeypatch.setenv("DOCKER_HOST", daemon.host)
    with closing(engine.connect()) as client:
        until = time.monotonic() + 30
        while left := ours(client):
            assert time.monotonic() < until, f"still there: {left}"
            time.sleep(0.2)
