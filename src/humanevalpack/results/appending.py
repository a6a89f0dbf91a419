"""Files of JSON lines that only grow: whatever ends a process, every line that was written is there and whole."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from humanevalpack.errors import EnvironmentFault

_BLOCK = 65536


class Appender:
    """Appends lines to a file; several processes may append to the same one.

    A line that a ``kill -9`` has torn is taken off (or ended, if it is whole) before the next line is written.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file; raises EnvironmentFault if that fails."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(path, "a+b", buffering=0)  # noqa: PTH123, SIM115 - kept open until close()
            with self._alone():
                self._mend()
                self._seen = os.fstat(self._file.fileno()).st_size
        except OSError as error:
            raise EnvironmentFault(f"{path} cannot be opened for writing: {error}") from error

    def __enter__(self) -> "Appender":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, lines: str) -> None:
        """Write whole lines at once; raises EnvironmentFault, with the file as it was, if there is no room."""
        self.append_after(lambda _: lines)

    def append_after(self, choose: Callable[[Sequence[bytes]], str]) -> None:
        """Write what ``choose`` returns: it is given the lines that others wrote since this file was opened or asked.

        Raises as ``append`` does.
        """
        with self._alone() as locked:
            if locked and os.fstat(self._file.fileno()).st_size != self._seen:
                self._mend()  # who else writes here may have been killed amid a line, and the lock is free then
            data = choose(self._others()).encode("utf-8")
            size = os.fstat(self._file.fileno()).st_size
            try:
                if self._file.write(data) == len(data):
                    self._seen = size + len(data)
                    return
                raise OSError("only part of a line was written: the disk is full")
            except OSError as error:
                os.ftruncate(self._file.fileno(), size)
                raise EnvironmentFault(
                    f"{self.path} cannot be written: {error}. Make room and run the same command again: "
                    "everything in it counts"
                ) from error

    def _others(self) -> list[bytes]:
        found = os.pread(self._file.fileno(), os.fstat(self._file.fileno()).st_size - self._seen, self._seen)
        return found[: found.rfind(b"\n") + 1].splitlines()

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Keep the others from writing; whether they are kept."""
        locked = True
        try:
            fcntl.flock(self._file.fileno(), fcntl.LOCK_EX)
        except OSError:  # some network file systems have no locks: appending is whole without them, too
            locked = False
        try:
            yield locked
        finally:
            if locked:
                fcntl.flock(self._file.fileno(), fcntl.LOCK_UN)

    def _mend(self) -> None:
        torn = _open_line(self._file.fileno())
        if torn and _is_whole(torn):
            self._file.write(b"\n")
        elif torn:
            os.ftruncate(self._file.fileno(), os.fstat(self._file.fileno()).st_size - len(torn))


def ends_whole(path: Path) -> bool:
    """Whether the last line of a file is not half written."""
    with path.open("rb") as file:
        torn = _open_line(file.fileno())
    return not torn or _is_whole(torn)


def _open_line(descriptor: int) -> bytes:
    """Return what stands behind the last end of a line."""
    start = os.fstat(descriptor).st_size
    tail = b""
    while start > 0 and b"\n" not in tail:
        step = min(_BLOCK, start)
        start -= step
        tail = os.pread(descriptor, step, start) + tail
    return tail[tail.rfind(b"\n") + 1 :]


def _is_whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
