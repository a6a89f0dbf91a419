"""A process of one language between the long-lived one and its keepers, with what its programs start from loaded.

A library such as node's changes the process that it is in: threads, signals, descriptors, what happens at a fork. So
it is loaded into a fork of the long-lived process, which from then on forks the keepers of this language's programs.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from . import kernel
from .frames import HEADER, read_exactly, write_all
from .languages.base import Language

LOAD = "load"
"""The kind of a frame that comes, without an answer, before the first program of a language that loads something."""
_LOADED, _SERVED, _ENDED = b"loaded", b"1", b"0"


class StemFailed(Exception):
    """Nothing is loaded; the message says why. Programs are run in the plain way."""


class Stem:
    """The process as the long-lived one sees it; it reads frames' bodies from, and answers to, the pool's own pipes."""

    def __init__(
        self, language: Language, serving: Callable[[], Callable[[bytes], bool]], clean: Callable[[int, int], None]
    ) -> None:
        """Fork it; ``serving()`` is called there, loads, and returns what serves the frame of a header.

        ``clean`` is called here with its process id and wait status if it ended in the middle. Raises StemFailed.
        """
        self._clean = clean
        head_read, self._heads = os.pipe()
        self._tells, tell_write = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            os.close(self._heads)
            os.close(self._tells)
            _grow(language, serving, head_read, tell_write)
        os.close(head_read)
        os.close(tell_write)
        told = os.read(self._tells, 4096)
        if told != _LOADED:
            self.close()
            raise StemFailed(told.decode("utf-8", "replace") or "the process that loads ended")

    def serve(self, header: bytes) -> bool:
        """Have a frame served; False if that failed in the middle or the pool is gone."""
        poller = select.poll()
        poller.register(self._tells, select.POLLIN)
        poller.register(0, 0)  # only the hang-up of the pool's end
        with suppress(BrokenPipeError):
            write_all(self._heads, header)
        while self._tells not in (ready := dict(poller.poll())):
            poller.unregister(0)
            with suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGTERM)
        told = os.read(self._tells, 1)
        if not told:
            self._clean(self._process, os.waitpid(self._process, 0)[1])
        return told == _SERVED and 0 not in ready

    def close(self) -> None:
        """End the process; it serves nothing now."""
        os.close(self._heads)
        os.close(self._tells)
        os.waitpid(self._process, 0)


def _grow(language: Language, serving: Callable[[], Callable[[bytes], bool]], heads: int, tells: int) -> NoReturn:
    code = 1  # also that of a keeper that was told to stop on its last steps: the stem cleans up behind it
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        try:
            serve = serving()
        except OSError as error:
            os.write(tells, str(error).encode("utf-8", "replace")[:4000])
            os._exit(0)
        gc.collect()
        gc.freeze()  # a program's collections leave these objects alone, and their pages stay shared
        kernel.gather_pages()
        os.write(tells, _LOADED)
        while header := read_exactly(heads, HEADER):
            served = serve(header)
            os.write(tells, _SERVED if served else _ENDED)
            if not served:
                break
        code = 0
    except SystemExit:
        pass
    except BaseException as error:
        sys.stderr.write(f"supervisor: {language.name}: {type(error).__name__}: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(code)
