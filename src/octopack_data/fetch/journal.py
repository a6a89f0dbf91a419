"""What was done for a block of rows, line by line as it is done: a killed run reads it and asks for nothing twice."""

from __future__ import annotations

import json
import threading
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from octopack_data.fetch.statuses import OF_THE_CONTENT, Status, most_hopeful


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one repository gave for one row. ``new`` and ``old`` are blob ids, "" where there is no text."""

    row: int
    status: Status
    repo: str
    via: str
    new: str = ""
    old: str = ""
    detail: str = ""


@dataclass
class Journal(AbstractContextManager["Journal"]):
    """An append-only file.

    ``outcomes``: of each row, in the order of its repositories; ``urls``: address -> blob id.
    """

    path: Path
    outcomes: dict[int, list[Outcome]] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = self.path.open("a+b")
        self._stream.seek(0)
        whole = 0
        for line in self._stream:
            if not line.endswith(b"\n"):
                break  # the write that the kill broke off
            whole += len(line)
            self._take(json.loads(line))
        self._stream.truncate(whole)

    def _take(self, entry: dict[str, Any]) -> None:
        if "url" in entry:
            self.urls[entry["url"]] = entry["blob"]
            return
        outcome = Outcome(**{**entry, "status": Status(entry["status"])})
        self.outcomes.setdefault(outcome.row, []).append(outcome)

    def note(self, outcome: Outcome) -> None:
        """Keep an outcome."""
        self._append(asdict(outcome))

    def note_url(self, url: str, blob: str) -> None:
        """Keep that an address has been read: the other side of its row may still be missing."""
        self._append({"url": url, "blob": blob})

    def _append(self, entry: dict[str, Any]) -> None:
        with self._lock:
            self._stream.write(json.dumps(entry).encode() + b"\n")
            self._stream.flush()
            self._take(entry)

    def final(self, row: int, repos: int) -> Outcome | None:
        """Return a row's outcome if no other of its ``repos`` repositories is to be asked."""
        tried = self.outcomes.get(row, [])
        if tried and tried[-1].status in OF_THE_CONTENT:
            return tried[-1]
        return tried[most_hopeful([one.status for one in tried])] if len(tried) >= repos else None

    def __exit__(self, *_: object) -> None:
        self._stream.close()
