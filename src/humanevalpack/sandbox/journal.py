"""The verdicts that a run has reached, on disk: equal programs run once, and a killed run resumes with nothing lost.

A journal is a file of JSON lines: a head, then one line a verdict with the key of its program. Lines are appended
whole, so a run that is killed loses at most a verdict that nobody has seen; several runs may share one file.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from types import TracebackType

from humanevalpack.errors import SandboxFault, UsageError
from humanevalpack.sandbox.verdicts import Verdict

_HEAD = '{"humanevalpack_journal": 1}\n'


class Journal:
    """Verdicts by key (bytes of any length); memory holds the keys and where their lines are, not the verdicts."""

    def __init__(self, path: str | Path | None) -> None:
        """Open or make the file; None: a temporary one, for this run only.

        Raises UsageError for a file that is no journal, SandboxFault for one that cannot be opened or written.
        """
        self._path = path
        self._places: dict[bytes, int] = {}
        self._torn = b""
        if path is None:
            self._file = tempfile.TemporaryFile("r+b", buffering=0, prefix="humanevalpack-")  # noqa: SIM115
            return
        try:
            self._file = open(path, "a+b", buffering=0)  # noqa: PTH123, SIM115 - kept open until close()
            self._read()
        except OSError as error:
            raise SandboxFault(f"the journal {path} cannot be used: {error}") from error

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        """Return how many verdicts are known."""
        return len(self._places)

    def get(self, key: bytes) -> Verdict | None:
        """Return the verdict of the program with this key, or None."""
        place = self._places.get(key)
        if place is None:
            return None
        line = b""
        while not line.endswith(b"\n"):
            line += os.pread(self._file.fileno(), 65536, place + len(line))
            line = line[: line.find(b"\n") + 1] or line
        return Verdict.from_dict(json.loads(line)["verdict"])

    def put(self, key: bytes, verdict: Verdict) -> None:
        """Record a verdict that was reached; a fault of ours is none. Raises SandboxFault if it cannot be written."""
        if verdict.status == "sandbox_error":
            return
        line = json.dumps({"key": key.hex(), "verdict": verdict.to_dict()}).encode("ascii") + b"\n"
        self._append(line)
        self._places[key] = os.lseek(self._file.fileno(), 0, os.SEEK_CUR) - len(line)

    def _append(self, line: bytes) -> None:
        line = self._torn + line
        try:
            written = self._file.write(line)
        except OSError as error:
            raise self._full(error) from error
        # what is there of a torn line stays a line of its own
        self._torn = b"\n" if written != len(line) else b""
        if self._torn:
            raise self._full(OSError("only part of a line was written: the disk is full"))

    def _full(self, error: OSError) -> SandboxFault:
        where = "the temporary file of the verdicts" if self._path is None else f"the journal {self._path}"
        return SandboxFault(
            f"{where} cannot be written: {error}. Make room and run the same command again: "
            + ("nothing was kept" if self._path is None else "every verdict in it counts")
        )

    def _read(self) -> None:
        self._file.seek(0)
        with open(self._file.fileno(), "rb", closefd=False) as lines:
            head = lines.readline()
            if not head:
                self._append(_HEAD.encode("ascii"))
                return
            if head != _HEAD.encode("ascii"):
                raise UsageError(f"{self._path} is not a journal of verdicts (its first line is {head[:60]!r})")
            place = len(head)
            line = head
            for line in lines:
                self._note(line, place)
                place += len(line)
        self._torn = b"" if line.endswith(b"\n") else b"\n"

    def _note(self, line: bytes, place: int) -> None:
        try:
            record = json.loads(line)
            key = bytes.fromhex(record["key"])
            Verdict.from_dict(record["verdict"])
        except (ValueError, KeyError, TypeError):  # a torn line: its program runs again
            return
        if line.endswith(b"\n"):
            self._places[key] = place
