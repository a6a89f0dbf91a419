"""JavaScript: node, with a trusted prelude that reports failed assertions and proves the end."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from mmap import PROT_READ, mmap
from secrets import token_hex
from typing import Any

from ..launch import Command
from ..limits import Job
from ..watch import Outcome
from . import js_host
from .base import Language, Need, Places, encoded, last_line_with
from .js_host import NODE
from .js_test import test_place

_PRELUDE = "js_prelude.js"
_REFEREE = "js_referee.js"
_FAILED = b"assertion failed\n"
_NO_IMPORTS = "--no-experimental-require-module"
_SALT = token_hex(16)
_NAMES = "(__humanevalpack_name) => { try { return [eval(__humanevalpack_name)] } catch {} }"
"""In the candidate's own scope: a name's value. What it gives is the candidate's, and judged as such."""


class JavaScript(Language):
    """node of the system with npm's js-md5."""

    name = "js"
    run_cpu = 10
    needs = (Need("node", NODE), Need("npm's js-md5", "toolchain:node_modules/js-md5/package.json"))
    example = "const md5 = require('js-md5')\nconsole.assert(md5('') === 'd41d8cd98f00b204e9800998ecf8427e')\n"
    version = (NODE, "--version")

    loads = True
    prepared_from = ("js.py", _PRELUDE, _REFEREE, NODE, *js_host.MADE_FROM)

    def prepare(self, folder: str, places: Places) -> list[Command]:
        """Copy the prelude to where programs can read it, however this package was installed; compile the host."""
        here = os.path.dirname(os.path.abspath(__file__))
        for name in (_PRELUDE, _REFEREE):
            shutil.copyfile(os.path.join(here, name), os.path.join(folder, name))
        return js_host.prepare(folder)

    def way(self, warm: str = "") -> str:
        """Say whether programs run in forks of one node."""
        return "embedded" if js_host.compiles() or js_host.is_compiled(warm) else ""

    def begin(self) -> None:
        """Look which node this is: newer ones can require what imports, which passes the prelude's hook by."""
        with open(NODE, "rb") as file, mmap(file.fileno(), 0, prot=PROT_READ) as binary:
            self._flags = (_NO_IMPORTS,) if binary.find(_NO_IMPORTS[5:].encode()) >= 0 else ()

    def load(self, places: Places) -> None:
        """Start node once for all programs."""
        js_host.load(places.warm, f"{places.warm}/{_PRELUDE}")

    def forked(self, given: dict[str, Any]) -> Command:
        """Run program.js with these variables."""
        return js_host.command(given)

    def sources(self, job: Job, places: Places) -> dict[str, bytes]:
        """One CommonJS file without the test, if that is known; its last line hands over to the prelude."""
        place = test_place(job.text, job.test_begins)
        handed = "console" if place is None else _NAMES
        return {"program.js": encoded(f"{job.text[:place]}\n;__humanevalpack_end('{_mark(job)}', {handed})\n")}

    def run(self, job: Job, places: Places) -> Command:
        """Run it single-threaded: on a busy machine this is faster, and no verdict depends on it.

        A second run, of a program whose first one has left doubts, is always by node itself.
        """
        env = {"NODE_PATH": f"{places.toolchain}/node_modules"}
        place = test_place(job.text, job.test_begins)
        test = "" if place is None else job.text[place:]
        secret = encoded(f"\n{_mark(job)}\n{test}")
        if self.loaded and job.patience == 1 and js_host.suits(encoded(job.text)):
            return replace(js_host.command(env), secret=secret)
        argv = (NODE, "--single-threaded", *self._flags, "--require", f"{places.warm}/{_PRELUDE}", "program.js")
        return Command(argv, env, secret=secret)

    def doubts(self, outcome: Outcome) -> bool:
        """A signal may come from a fault of node's that only a forked one has."""
        return outcome.signal is not None

    def judge(self, job: Job, outcome: Outcome) -> tuple[str, str]:
        """A failed assertion fails the program; in the reference profile whatever it prints does, too."""
        if outcome.proof.startswith(_FAILED):
            return "failed", "console.assert: " + last_line_with(outcome.output, "Assertion failed")
        status, reason = super().judge(job, outcome)
        if status == "passed" and job.profile == "reference" and outcome.output_size:
            return "failed", "the program printed something (in the profile 'reference' this fails it)"
        return status, reason

    def failure(self, outcome: Outcome) -> tuple[str, str]:
        """Name the uncaught error; a syntax error is one of them (the reference has no compile errors here)."""
        line = last_line_with(outcome.output, "Error: ", "Error [")
        status, reason = super().failure(outcome)
        return status, line or reason


def _mark(job: Job) -> str:
    """Return the word by which the prelude knows the program's last line: another one for each program."""
    return hashlib.sha256(_SALT.encode() + encoded(job.text)).hexdigest()[:16]
