"""A data-set hub on loopback, as much of its interface as ``datasets.load_dataset`` asks for."""

import hashlib
import io
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote

import pyarrow as pa
import pyarrow.parquet as pq

REPOSITORY = "bigcode/humanevalpack"


def dataset_files(rows: Mapping[str, list[dict[str, Any]]]) -> dict[str, bytes]:
    """The files of a data set with one configuration a language, in Parquet, as the hub has it."""
    card = ["---", "configs:"]
    files = {}
    for language, table in rows.items():
        path = f"{language}/test-00000-of-00001.parquet"
        card += [f"- config_name: {language}", "  data_files:", "  - split: test", f"    path: {path}"]
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(table), buffer)
        files[path] = buffer.getvalue()
    return {"README.md": "\n".join([*card, "---", ""]).encode(), **files}


class _Hub(BaseHTTPRequestHandler):
    revisions: Mapping[str, Mapping[str, bytes]]

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        paths = json.loads(body)["paths"] if body.startswith("{") else parse_qs(body).get("paths", [])
        self._answer(paths)

    def _answer(self, paths: list[str] | None = None) -> None:
        kind, _, rest = unquote(self.path.split("?")[0]).partition(f"/{REPOSITORY}/")
        action, _, rest = rest.partition("/")
        revision, _, path = rest.partition("/")
        files = self._files(revision)
        if files is None:
            self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
        elif kind == "/datasets" and action == "resolve":
            self._send_file(revision, files, path)
        elif action == "revision":
            self._send_json({"id": REPOSITORY, "sha": _commit(revision), "siblings": [{"rfilename": p} for p in files]})
        elif action == "paths-info":
            known = [p for p in paths or [] if p in files]
            folders = {p for p in paths or [] if any(f.startswith(p + "/") for f in files)}
            self._send_json(
                [_entry(p, files[p]) for p in known]
                + [{"type": "directory", "path": p, "oid": "0" * 40} for p in folders]
            )
        elif action == "tree":
            self._send_json([_entry(p, text) for p, text in files.items() if p.startswith(path)])
        else:
            self._send(404, b"")

    def _files(self, revision: str) -> Mapping[str, bytes] | None:
        named = self.revisions.get(revision)
        if named is not None:
            return named
        return next((files for name, files in self.revisions.items() if _commit(name) == revision), None)

    def _send_file(self, revision: str, files: Mapping[str, bytes], path: str) -> None:
        if path not in files:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        etag = hashlib.sha1(files[path]).hexdigest()
        commit = revision if revision not in self.revisions else _commit(revision)
        self._send(200, files[path], {"ETag": f'"{etag}"', "X-Repo-Commit": commit})

    def _send_json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _commit(revision: str) -> str:
    return hashlib.sha1(revision.encode()).hexdigest()


def _entry(path: str, text: bytes) -> dict[str, Any]:
    return {"type": "file", "path": path, "size": len(text), "oid": hashlib.sha1(text).hexdigest()}


@contextmanager
def serve_hub(revisions: Mapping[str, Mapping[str, bytes]]) -> Iterator[str]:
    """Serve revisions (name to files) of the data set; yields the address for ``HF_ENDPOINT``."""
    handler = type("Hub", (_Hub,), {"revisions": revisions})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
