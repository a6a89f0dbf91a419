"""The images of all languages as a fixture: built once a session, and not at all where nothing has changed."""

import fcntl
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from humanevalpack.sandbox import containers, engine
from humanevalpack.sandbox.images import build
from humanevalpack.sandbox.supervisor.languages import LANGUAGES

if TYPE_CHECKING:
    from docker import DockerClient

NETWORK_OFF = ("--network", "none", "--read-only", "--tmpfs", "/tmp:exec")


@pytest.fixture(scope="session")
def client() -> Iterator["DockerClient"]:
    """A client of the engine that answers here."""
    with closing(engine.connect()) as connected:
        yield connected


@pytest.fixture(scope="session")
def images(client: "DockerClient") -> dict[str, engine.Image]:
    """The current image of every language."""
    return {language: built(client, language) for language in sorted(LANGUAGES)}


def built(client: "DockerClient", language: str) -> engine.Image:
    """The current image of a language, built by one test process at a time: the others find it unchanged then."""
    with Path(tempfile.gettempdir(), "humanevalpack-test-images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return build(client, language, {}, lambda _line: None)


def ours(client: "DockerClient", process: int | None = None) -> list[str]:
    """The names of the workers of a process (default: this one); other test processes may have some, too."""
    label = f"{containers.WORKER}={socket.gethostname()} {process or os.getpid()}"
    found = client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
    return [str(container.name) for container in found]


def docker(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the docker command, as a user without our package would."""
    from shutil import which

    command = which("docker", path="/usr/bin") or which("docker")
    assert command, "an engine without its command"
    return subprocess.run([command, *arguments], input=stdin, capture_output=True, text=True, check=False)
