"""The keeper of plain cages for a language whose programs are forked: one process keeps one program after the other.

A keeper of its own would cost each program a second fork, and with it as much as the program's own. This one knows the
texts of all of them, but no program is a fork of it: see ``forks``.
"""

from __future__ import annotations

import importlib
import json
import os
import signal

from . import kernel
from .cage import enter_plain
from .forks import ForkServer
from .frames import pack, parse_header, read_exactly, write_all
from .job import Setting, judge
from .keeper import box_of, stop
from .languages.base import Language, Places
from .launch import LaunchFailed
from .limits import Job


class Resident:
    """Serves the frames of one language, each to its end; ends with the process that it was forked from."""

    def __init__(self, language: Language, places: Places, setting: Setting) -> None:
        """Load what the language's programs and their judge need. Raises OSError."""
        signal.signal(signal.SIGTERM, stop)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGTERM)
        for name in language.modules:
            importlib.import_module(name)
        language.begin()
        self._setting = setting
        self._forks = ForkServer(language, places)
        language.loaded = True

    def serve(self, header: bytes) -> bool:
        """Judge the program of a frame; True, or whatever kept its cage from being cleaned is raised."""
        kind, length = parse_header(header)
        body = json.loads(read_exactly(0, length))
        if "apart" in body:
            body["apart"] = kernel.moved(0, body["apart"])
        cage = enter_plain(box_of(self._setting, os.getpid()), self._forks)
        try:
            try:
                answer = pack("verdict", judge(Job.from_body(kind, body), self._setting, cage))
            except (OSError, KeyError, TypeError, LaunchFailed) as error:
                write_all(1, pack("fault", {"reason": f"{type(error).__name__}: {error}"}))
                raise SystemExit(1) from error  # whoever is left of our processes is ended by the one above
            write_all(1, answer)
        finally:
            cage.kill_all()
            cage.sweep()
            if "apart" in body:
                os.close(body["apart"])
        return True
