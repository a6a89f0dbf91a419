"""JavaScript: node, with a trusted prelude that reports failed assertions and proves the end."""

from __future__ import annotations

import os
import shutil

from ..launch import Command
from ..limits import Job
from ..watch import Outcome
from . import js_host
from .base import Language, Need, Places, encoded, last_line_with
from .js_host import NODE

_PRELUDE = "js_prelude.js"
_FAILED = b"assertion failed\n"
_END = b"\n;__humanevalpack_end(console)\n"


class JavaScript(Language):
    """node of the system with npm's js-md5."""

    name = "js"
    run_cpu = 10
    needs = (Need("node", NODE), Need("npm's js-md5", "toolchain:node_modules/js-md5/package.json"))
    example = "const md5 = require('js-md5')\nconsole.assert(md5('') === 'd41d8cd98f00b204e9800998ecf8427e')\n"
    version = (NODE, "--version")

    loads = True
    prepared_from = ("js.py", _PRELUDE, NODE, *js_host.MADE_FROM)

    def prepare(self, folder: str, places: Places) -> list[Command]:
        """Copy the prelude to where programs can read it, however this package was installed; compile the host."""
        here = os.path.dirname(os.path.abspath(__file__))
        shutil.copyfile(os.path.join(here, _PRELUDE), os.path.join(folder, _PRELUDE))
        return js_host.prepare(folder)

    def way(self, warm: str = "") -> str:
        """Say whether programs run in forks of one node."""
        return "embedded" if js_host.compiles() or js_host.is_compiled(warm) else ""

    def load(self, places: Places) -> None:
        """Start node once for all programs."""
        js_host.load(places.warm, f"{places.warm}/{_PRELUDE}")

    def sources(self, job: Job, places: Places) -> dict[str, bytes]:
        """One CommonJS file, whose last line tells the prelude that it was reached."""
        return {"program.js": encoded(job.text) + _END}

    def run(self, job: Job, places: Places) -> Command:
        """Run it single-threaded: on a busy machine this is faster, and no verdict depends on it.

        A second run, of a program whose first one has left doubts, is always by node itself.
        """
        env = {"NODE_PATH": f"{places.toolchain}/node_modules"}
        if js_host.loaded() and job.patience == 1 and js_host.suits(encoded(job.text)):
            return js_host.command(env)
        return Command((NODE, "--single-threaded", "--require", f"{places.warm}/{_PRELUDE}", "program.js"), env)

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
