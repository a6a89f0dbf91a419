"""Objects of a local repository by their ids, many thousands a second: one long-lived ``git cat-file``."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from octopack_data.fetch.git import Git, GitFailed, Stopped
from octopack_data.pipes import Pipe, SilentChildError, end

_COMMAND = ("cat-file", "--batch-command")
_END = 5.0
"""Seconds in which a child that has closed its output ends."""
_ASKED = 400
"""Questions that are written before an answer is read: they fit into a pipe, so that neither side blocks the other."""


class ObjectReader(AbstractContextManager["ObjectReader"]):
    """Reads types, sizes and contents.

    Raises GitFailed when git dies (a damaged repository) or does not answer, and Stopped when the run ends.
    """

    def __init__(self, git: Git, folder: Path) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self._git = git
        self._child = subprocess.Popen(
            git.command(folder, _COMMAND), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr,
            env=git.environment(), start_new_session=True,
        )  # fmt: skip
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._stdin, self._pipe = self._child.stdin, Pipe(self._child.stdout, git.timeout, git.stop)

    def sizes(self, ids: Sequence[str]) -> Iterator[tuple[str, int] | None]:
        """Yield (type, bytes) of each object, or None where there is no such object."""
        for start in range(0, len(ids), _ASKED):
            asked = ids[start : start + _ASKED]
            self._ask("info", asked)
            for _ in asked:
                yield self._header()

    def contents(self, ids: Sequence[str]) -> Iterator[bytes | None]:
        """Yield the content of each object, one in memory at a time, or None where there is no such object."""
        for start in range(0, len(ids), _ASKED):
            asked = ids[start : start + _ASKED]
            self._ask("contents", asked)
            for _ in asked:
                found = self._header()
                if found is None:
                    yield None
                    continue
                content = self._read(found[1] + 1)
                if len(content) != found[1] + 1:
                    raise self._died()
                yield content[:-1]

    def _ask(self, question: str, ids: Sequence[str]) -> None:
        try:
            self._stdin.write("".join(f"{question} {name}\n" for name in ids).encode())
            self._stdin.flush()
        except BrokenPipeError as error:
            raise self._died() from error

    def _header(self) -> tuple[str, int] | None:
        line = self._read()
        if not line.endswith(b"\n"):
            raise self._died()
        words = line.split()
        return (words[1].decode(), int(words[2])) if len(words) == 3 else None

    def _read(self, count: int = 0) -> bytes:
        """Return so many bytes, or one line."""
        try:
            return self._pipe.exactly(count) if count else self._pipe.line()
        except SilentChildError:
            raise self._git.too_slow(_COMMAND) from None

    def _died(self) -> Exception:
        if self._git.stop.is_set():
            return Stopped()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(_END)
        end(self._child)
        self._stderr.seek(0)
        said = self._stderr.read()[-2000:].decode(errors="replace").strip()
        return GitFailed(self._child.returncode or 128, said)

    def __exit__(self, *_: object) -> None:
        end(self._child)
        self._stderr.close()
