"""The cage of one shared build: files in, commands under the build's limits, files out."""

from __future__ import annotations

import os
import stat
import struct
import time
from collections.abc import Mapping
from dataclasses import replace

from .cage import Cage
from .job import put
from .languages.sharing import BuildBroke
from .launch import Command
from .limits import Limits
from .watch import Outcome, run


class Workbench:
    """The cage of one shared build and what is left of the build's limits."""

    def __init__(self, cage: Cage, limits: Limits) -> None:
        self._cage = cage
        self._limits = limits
        self._began = time.monotonic()
        self.cpu = 0.0

    @property
    def wall(self) -> float:
        """Seconds since the build began."""
        return time.monotonic() - self._began

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files into the box."""
        put(self._cage, files)

    def run(self, command: Command) -> Outcome:
        """Run one command of the build; raises BuildBroke where it breaks a limit."""
        left = replace(self._limits, cpu=self._limits.cpu - self.cpu, wall=self._limits.wall - self.wall)
        if left.cpu <= 0 or left.wall <= 0:
            raise BuildBroke("the time of the shared build is used up")
        outcome = run(command, self._cage, left)
        self.cpu += outcome.cpu
        if outcome.broke:
            raise BuildBroke(outcome.why)
        return outcome

    def read(self, name: str, most: int) -> bytes:
        """Return a file that a tool wrote into the box; raises BuildBroke if it is none or longer than ``most``."""
        try:
            with self._cage.as_user():
                handle = os.open(os.path.join(self._cage.box, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise BuildBroke(f"{name}: {error}") from error
        with open(handle, "rb") as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or found.st_size > most:
                raise BuildBroke(f"{name} is not a file of at most {most} bytes")
            return file.read(most)


def loaded_size(program: bytes) -> int:
    """Return the bytes of memory that a program file (64-bit ELF, little-endian) asks for when it is started.

    Far more than the file where it declares large variables, which every program in it would carry and, in Go, scan.
    """
    at, step, count = struct.unpack_from("<Q14xHH", program, 32)
    headers = (struct.unpack_from("<I36xQ", program, at + step * number) for number in range(count))
    return sum(size for kind, size in headers if kind == 1)
