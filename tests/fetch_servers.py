"""A git host on loopback: raw contents over one cat-file, and ``git http-backend``; with faults to be switched on."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from git_histories import git

Fault = Callable[["Handler", bytes], None]
"""Answers one request in place of the host; gets the content that the host would have sent."""


def answer(code: int, **headers: str) -> Fault:
    """An HTTP status without a body; ``Retry_After`` is written Retry-After."""
    return lambda handler, _: handler.send(
        code, b"", {name.replace("_", "-"): value for name, value in headers.items()}
    )


def slow(seconds: float) -> Fault:
    """The right answer, late."""

    def send(handler: Handler, content: bytes) -> None:
        time.sleep(seconds)
        handler.send(200, content)

    return send


def truncated(handler: Handler, content: bytes) -> None:
    """Half of what the header announces, then the end of the connection."""
    handler.send(200, content[: len(content) // 2], {"Content-Length": str(len(content))})
    handler.close_connection = True


def damaged(handler: Handler, content: bytes) -> None:
    """As many bytes as there should be, but others."""
    handler.send(200, bytes(len(content)))


def reset(handler: Handler, _: bytes) -> None:
    """A TCP reset instead of an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def endless(handler: Handler, _: bytes) -> None:
    """A chunked body that never ends, and does not say how long it is."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"10000\r\n" + b"a" * 0x10000 + b"\r\n")
            handler.host.sent += 0x10000
    except OSError:
        handler.close_connection = True


@dataclass
class Host:
    """``faults``: piece of a path -> what happens to its next requests, one after the other, then the right answer."""

    repositories: Path
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    bodies: set[str] = field(default_factory=set)
    """How request bodies came: gzip, chunked, plain."""
    sent: int = 0
    pace: float = 0.0
    """Bytes a second that a body is sent at most; 0: as fast as it goes."""
    protocol: str = "2"
    """Of git: 0 for an old host, whatever a client asks for."""
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    readers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def git_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/git/{{repo}}.git"

    @property
    def raw_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/raw/{{repo}}/{{commit}}/{{path}}"

    def asked(self, piece: str = "/raw/") -> list[str]:
        return [path for path in self.requests if piece in path]

    def fault_for(self, path: str) -> Fault | None:
        with self.lock:
            for piece, faults in self.faults.items():
                if piece in path and faults:
                    return faults.pop(0)
        return None

    def content(self, repo: str, commit: str, path: str) -> bytes | None:
        """Read a file from the one cat-file of a repository."""
        folder = self.repositories / f"{repo}.git"
        if not folder.is_dir() or len(commit) != 40:
            return None
        with self.lock:
            if repo not in self.readers:
                command = ["git", "-C", str(folder), "cat-file", "--batch", "-z"]
                self.readers[repo] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            reader, name = self.readers[repo], f"{commit}:{path}".encode()
            assert reader.stdin is not None
            assert reader.stdout is not None
            reader.stdin.write(name + b"\0")
            reader.stdin.flush()
            header = reader.stdout.read(41)
            if header[40:] != b" ":  # the echo of the name, and what is wrong with it
                rest = len(name) + len(b" missing\n") - 41
                reader.stdout.read(rest)
                return None
            kind, size = reader.stdout.readline().split()
            content = reader.stdout.read(int(size) + 1)[:-1]
        return content if kind == b"blob" else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host: Host

    def send(self, code: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        for start in range(0, len(content), 100_000):
            self.wfile.write(content[start : start + 100_000])
            time.sleep(100_000 / self.host.pace if self.host.pace else 0)
        self.host.sent += len(content)

    def do_GET(self) -> None:
        self._note()
        path = urlsplit(self.path).path
        if path.startswith("/git/"):
            return self._git(b"")
        _, _, owner, name, commit, *pieces = path.split("/")
        content = self.host.content(unquote(f"{owner}/{name}"), commit, unquote("/".join(pieces)))
        fault = self.host.fault_for(path)
        if fault is not None:
            return fault(self, content or b"")
        if content is None:
            return self.send(404, b"not found")
        etag = f'"{sha256(content).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == etag:
            return self.send(304, b"")
        return self.send(200, content, {"ETag": etag})

    def do_POST(self) -> None:
        self._note()
        self._git(self._body())

    def _note(self) -> None:
        self.host.requests.append(self.path)
        self.host.agents.add(self.headers.get("User-Agent", ""))

    def _body(self) -> bytes:
        self.host.bodies.add(self.headers.get("Content-Encoding", "plain"))
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        self.host.bodies.add("chunked")
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _git(self, body: bytes) -> None:
        """The CGI bridge to git http-backend."""
        fault = self.host.fault_for(self.path)
        if fault is not None:
            return fault(self, b"")
        url = urlsplit(self.path)
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.host.repositories),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": unquote(url.path.removeprefix("/git")),
            "QUERY_STRING": url.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", "") if self.host.protocol == "2" else "",
        }
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=environment, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        return self.send(int(headers.pop("Status", "200").split()[0]), content, headers)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what some tests are about."""


@contextmanager
def host_of(repositories: Path, protocol: str = "2") -> Iterator[Host]:
    """Serve all owner/name.git below a folder."""
    host = Host(repositories, protocol=protocol)
    server = _Server(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"host": host}))
    host.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        for reader in host.readers.values():
            reader.kill()
            reader.communicate()


def serve_objects(repository: Path, *, filters: bool = True, ids: bool = True) -> None:
    """Set what a host that clients bulk-fetch from allows."""
    git(repository, "config", "uploadpack.allowFilter", str(filters).lower())
    git(repository, "config", "uploadpack.allowAnySHA1InWant", str(ids).lower())
