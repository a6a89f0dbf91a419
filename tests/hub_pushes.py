"""A hub on loopback that takes commits: what a push asks for, and every state that a reader could see."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

Files = dict[str, bytes]


@dataclass
class Repository:
    """One data set. ``states``: the files after each commit; none, if it is not made yet."""

    name: str
    address: str = ""
    states: list[Files] = field(default_factory=list)
    asked_private: bool = False

    @property
    def files(self) -> Files:
        """What a reader sees now."""
        return self.states[-1]

    def commit_of(self, state: int) -> str:
        """The id of a state."""
        return hashlib.sha1(str(state).encode()).hexdigest()


class _Hub(BaseHTTPRequestHandler):
    repository: Repository

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        repo, path = self.repository, unquote(self.path.partition("?")[0])
        if not repo.states:
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif path.startswith(f"/api/datasets/{repo.name}/tree/"):
            entries = [{"type": "file", "path": p, "size": len(b), "oid": _blob(b)} for p, b in repo.files.items()]
            self._json(entries)
        elif path.startswith(f"/api/datasets/{repo.name}"):
            self._json({"id": repo.name, "sha": self._now()})
        else:
            content = repo.files[path.partition("/resolve/")[2].partition("/")[2]]
            self._send(200, content, {"ETag": f'"{_blob(content)}"', "X-Repo-Commit": self._now()})

    def do_POST(self) -> None:
        repo, path = self.repository, unquote(self.path.partition("?")[0])
        body = self._body()
        if path == "/api/repos/create":
            made = not repo.states
            repo.asked_private = json.loads(body).get("visibility") == "private"
            repo.states = repo.states or [{".gitattributes": b""}]
            self._json({"url": f"{repo.address}/datasets/{repo.name}"}, 200 if made else 409)
        elif path == "/api/validate-yaml":
            self._json({"warnings": [], "errors": []})
        elif "/preupload/" in path:
            names = [file["path"] for file in json.loads(body)["files"]]
            self._json({"files": [_mode(name, repo.files.get(name)) for name in names]})
        elif "/commit/" in path:
            self._commit([json.loads(line) for line in body.splitlines()])
        else:
            self._send(404, b"{}")

    def _commit(self, lines: list[dict[str, Any]]) -> None:
        if lines[0]["value"].get("parentCommit", self._now()) != self._now():
            self._json({"error": "A commit has happened since. Please refresh and try again."}, 412)
            return
        repo = self.repository
        files = {**repo.files}
        for line in lines[1:]:
            if line["key"] == "deletedFile":
                del files[line["value"]["path"]]
            else:
                files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        repo.states.append(files)
        self._json({"commitUrl": f"{repo.address}/datasets/{repo.name}/commit/{self._now()}", "commitOid": self._now()})

    def _now(self) -> str:
        return self.repository.commit_of(len(self.repository.states))

    def _body(self) -> bytes:
        if "chunked" not in (self.headers.get("transfer-encoding") or ""):
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _json(self, value: object, status: int = 200) -> None:
        self._send(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _mode(path: str, there: bytes | None) -> dict[str, object]:
    return {
        "path": path,
        "uploadMode": "regular",
        "shouldIgnore": False,
        "oid": None if there is None else _blob(there),
    }


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@contextmanager
def hub_that_takes_pushes(name: str) -> Iterator[Repository]:
    """Serve one data set that does not exist yet; its ``address`` is for ``HfApi(endpoint)``."""
    repository = Repository(name)
    handler = type("Hub", (_Hub,), {"repository": repository})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        repository.address = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield repository
        finally:
            server.shutdown()
