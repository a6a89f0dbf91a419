"""Files of JSON lines that only grow: whatever ends a process, every line that was written is there and whole."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from humanevalpack.errors import EnvironmentFault

_BLOCK = 65536


class Appender:
    """Appends lines to a file; several processes may append to the same one.

    A line that a ``kill -9`` has torn is taken off (or ended, if it is whole) when the file is next opened.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file; raises EnvironmentFault if that fails."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(path, "a+b", buffering=0)  # noqa: PTH123, SIM115 - kept open until close()
            with self._alone():
                self._mend()
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
        data = lines.encode("utf-8")
        with self._alone():
            size = os.fstat(self._file.fileno()).st_size
            try:
                if self._file.write(data) == len(data):
                    return
                raise OSError("only part of a line was written: the disk is full")
            except OSError as error:
                os.ftruncate(self._file.fileno(), size)
                raise EnvironmentFault(
                    f"{self.path} cannot be written: {error}. Make room and run the same command again: "
                    "everything in it counts"
                ) from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        locked = True
        try:
            fcntl.flock(self._file.fileno(), fcntl.LOCK_EX)
        except OSError:  # some network file systems have no locks: appending is whole without them, too
            locked = False
        try:
            yield
        finally:
            if locked:
                fcntl.flock(self._file.fileno(), fcntl.LOCK_UN)

    def _mend(self) -> None:
        size = os.fstat(self._file.fileno()).st_size
        tail = b""
        start = size
        while start > 0 and b"\n" not in tail:
            step = min(_BLOCK, start)
            start -= step
            tail = os.pread(self._file.fileno(), step, start) + tail
        torn = tail[tail.rfind(b"\n") + 1 :]
        if not torn:
            return
        if _is_whole(torn):
            self._file.write(b"\n")
        else:
            os.ftruncate(self._file.fileno(), size - len(torn))


def _is_whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
