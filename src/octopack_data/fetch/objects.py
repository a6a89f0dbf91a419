"""Objects of a local repository by their ids, many thousands a second: one long-lived ``git cat-file``."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from octopack_data.fetch.git import Git, GitFailed

_ASKED = 400
"""Questions that are written before an answer is read: they fit into a pipe, so that neither side blocks the other."""


class ObjectReader(AbstractContextManager["ObjectReader"]):
    """Reads types, sizes and contents; raises GitFailed when git dies (a damaged repository)."""

    def __init__(self, git: Git, folder: Path) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self._child = subprocess.Popen(
            git.command(folder, ["cat-file", "--batch-command"]), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._stderr, env=git.environment(), start_new_session=True,
        )  # fmt: skip
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._stdin, self._stdout = self._child.stdin, self._child.stdout

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
                content = self._stdout.read(found[1] + 1)
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
        line = self._stdout.readline()
        if not line.endswith(b"\n"):
            raise self._died()
        words = line.split()
        return (words[1].decode(), int(words[2])) if len(words) == 3 else None

    def _died(self) -> GitFailed:
        code = self._child.wait()
        self._stderr.seek(0)
        return GitFailed(code, self._stderr.read()[-2000:].decode(errors="replace").strip())

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait()
        for stream in (self._stdin, self._stdout, self._stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass  # questions that the killed process did not read
