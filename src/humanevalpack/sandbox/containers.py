"""The ``docker`` sandbox: a worker is a long-lived container of one language's image, reached through the engine.

The container ends when its input does, and the engine then removes it: whatever becomes of this process, nothing stays.
"""

from __future__ import annotations

import os
import secrets
import select
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import SandboxFault
from humanevalpack.sandbox.engine import LABEL, connect, require_image
from humanevalpack.sandbox.supervisor.languages import LANGUAGES
from humanevalpack.sandbox.supervisor.limits import DISK, MIB
from humanevalpack.sandbox.workers import ENVIRONMENT, Started, up

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

WORKER = f"{LABEL}worker"
"""The label of every container that is a worker, on which engine and for whichever process."""
_STDERR, _HEADER = 2, 8
"""The engine sends both outputs through one connection, in pieces with a header: kind, 3 zeros, 4 bytes of length."""
_CPUS = 2
"""Cores that one worker may use: a compiler's threads help it, a program's must not take the machine."""


def start(language: str) -> Started:
    """Start a worker for one language; raises SandboxFault (no engine, no image, or what the engine refused)."""
    from docker.errors import DockerException

    client = connect()
    try:
        image = require_image(client, language)
        cores = min(_CPUS, int(client.info().get("NCPU", 1)))
        channel = ContainerChannel(client, client.containers.create(image.id, ["worker"], **_options(language, cores)))
    except (DockerException, OSError) as error:
        client.close()
        raise SandboxFault(f"the engine cannot start a container for {language}: {error}") from error
    except BaseException:
        client.close()
        raise
    return up(channel, f"the container for {language} does not come up")


def _options(language: str, cores: int) -> dict[str, Any]:
    """Return how a container is closed off (docs/sandbox.md, Docker); a test reads all of it back."""
    memory = LANGUAGES[language].memory + DISK + 256 * MIB
    options: dict[str, Any] = {
        "name": f"humanevalpack-{language}-{os.getpid()}-{secrets.token_hex(4)}",
        "labels": {WORKER: f"{socket.gethostname()} {os.getpid()}"},
        "stdin_open": True,
        "auto_remove": True,
        "network_mode": "none",
        "ipc_mode": "private",
        "read_only": True,
        # programs are built and run here; their folders are their own users'
        "tmpfs": {"/tmp": f"rw,exec,nosuid,nodev,size={DISK},nr_inodes=65536,mode=1777"},
        "shm_size": 16 * MIB,
        # to become a program's user, and to kill what that user has started
        "cap_drop": ["ALL"],
        "cap_add": ["SETUID", "SETGID", "KILL"],
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": memory,
        "memswap_limit": memory,
        "pids_limit": 512,
        "nano_cpus": cores * 10**9,
        "oom_score_adj": 500,
        "hostname": "sandbox",
        "environment": dict(ENVIRONMENT),
        "log_config": {"Type": "none", "Config": {}},
    }
    if runtime := os.environ.get("HUMANEVALPACK_DOCKER_RUNTIME"):
        options["runtime"] = runtime
    return options


class ContainerChannel:
    """A worker in a container, at the other end of the engine's attached stream."""

    def __init__(self, client: DockerClient, container: Container) -> None:
        """Attach to a container that was created, and start it; raises docker's errors."""
        self._client, self._container = client, container
        self._pieces = b""
        self._log = b""
        try:
            # before the start, so that nothing is missed
            streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            self._attached: Any = container.attach_socket(params=streams)
            self._socket = _plain_socket(self._attached)
            container.start()
        except BaseException:
            with suppress(Exception):
                container.remove(force=True)
            raise
        self._socket.setblocking(False)
        self.inp = self.out = self._socket.fileno()

    def write(self, data: memoryview) -> int:
        """See Channel."""
        return self._socket.send(data[: 1 << 20])

    def read(self) -> bytes:
        """See Channel."""
        received = self._socket.recv(1 << 20)
        self._pieces += received
        answer = b""
        while len(self._pieces) >= _HEADER:
            end = _HEADER + int.from_bytes(self._pieces[4:_HEADER], "big")
            if len(self._pieces) < end:
                break
            piece = self._pieces[_HEADER:end]
            if self._pieces[0] == _STDERR:
                self._log = (self._log + piece)[-2000:]
            else:
                answer += piece
            self._pieces = self._pieces[end:]
        if received and not answer:
            raise BlockingIOError
        return answer

    def said(self) -> str:
        """See Channel."""
        return self._log.decode("utf-8", "replace").strip()

    def hang_up(self) -> None:
        """See Channel."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def kill(self) -> None:
        """See Channel; an engine that does not answer leaves it to the closed input."""
        with suppress(Exception):
            self._container.kill()

    def close(self) -> None:
        """See Channel; waits until the container is removed."""
        self.hang_up()
        if not self._ended(2.0):
            self.kill()
            self._ended(2.0)
        self._socket.close()
        with suppress(Exception):
            self._attached.close()
        with suppress(Exception):  # it is gone already, or the engine is
            self._container.wait(condition="removed", timeout=30)
        self._client.close()

    def _ended(self, seconds: float) -> bool:
        """Wait for the end of the worker's output."""
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if poller.poll(left * 1000):
                try:
                    if not self._socket.recv(1 << 20):
                        return True
                except BlockingIOError:
                    continue
                except OSError:
                    return True
        return False


def _plain_socket(attached: Any) -> socket.socket:
    """Return a socket that can be waited for: the attached one, or one whose other end is pumped to and from it.

    Under TLS what is readable is no longer on the socket, and over ssh there is none.
    """
    inner = getattr(attached, "_sock", attached)
    if type(inner) is socket.socket:
        return socket.socket(fileno=os.dup(inner.fileno()))
    ours, theirs = socket.socketpair()
    inner.settimeout(None)
    threading.Thread(target=_pump, args=(inner, theirs), daemon=True).start()
    threading.Thread(target=_pump, args=(theirs, inner), daemon=True).start()
    return ours


def _pump(source: Any, target: Any) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
