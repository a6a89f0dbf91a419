"""Go: what `go test` does for one file (compile, vet's default subset, a test binary), without its overhead.

The binary's main package is ours (testmain.go); the standard library and testify are compiled beforehand.
"""

from __future__ import annotations

import json
import os
import shutil

from ..launch import Command
from ..limits import Job
from ..watch import Outcome
from .base import Language, Need, Places, encoded, last_line_with

GO = "/usr/bin/go"
_HERE = os.path.dirname(os.path.abspath(__file__))
_TESTIFY = "/usr/share/gocode/src/github.com/stretchr/testify/assert/assertions.go"
_PACKAGE = "command-line-arguments"
"""The import path that `go test FILE` gives to the file's package."""
_VET = ("-atomic", "-bool", "-buildtags", "-errorsas", "-ifaceassert", "-nilfunc", "-printf", "-stringintconv")
"""The checks that `go test` runs (cmd/go: defaultVetFlags)."""
_TOOL_ENV = {"GOMAXPROCS": "1"}
"""The pool keeps the cores busy with other programs; the compiler's own threads only cost."""


class Go(Language):
    """Go of the system with Debian's testify."""

    name = "go"
    run_cpu = 20
    needs = (Need("go", GO), Need("testify (golang-github-stretchr-testify-dev)", _TESTIFY))
    version = (GO, "version")
    prepared_from = ("go.py", "go_prepare.py", "testmain.go", GO, _TESTIFY)

    def prepare(self, folder: str, places: Places) -> list[Command]:
        """Compile testify and testmain, and list what programs may import."""
        for name in ("testmain.go", "go_prepare.py"):
            shutil.copy(os.path.join(_HERE, name), folder)
        env = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": "/tmp/go-cache", "GOFLAGS": ""}
        return [Command(("/usr/bin/python3", "-I", "go_prepare.py", folder), {**env, "TMPDIR": "/tmp"})]

    def sources(self, job: Job, places: Places) -> dict[str, bytes]:
        """The test file, and what link and vet are told of it."""
        with open(f"{places.warm}/packages.json", encoding="ascii") as file:
            known = json.load(file)
        with open(f"{places.warm}/link.cfg", "rb") as file:
            link = file.read() + f"packagefile {_PACKAGE}=program.a\n".encode()
        vet = {
            "Compiler": "gc",
            "Dir": ".",
            "ImportPath": _PACKAGE,
            "GoFiles": ["main_test.go"],
            "ImportMap": {path: path for path in known["files"]},
            "PackageFile": known["files"],
            "PackageVetx": known["facts"],
            "VetxOutput": "vet.out",
        }
        return {"main_test.go": encoded(job.text), "link.cfg": link, "vet.cfg": json.dumps(vet).encode("ascii")}

    def build(self, job: Job, places: Places) -> list[Command]:
        """Compile the file and vet it; then make the binary's main package, and link."""
        with open(f"{places.warm}/packages.json", encoding="ascii") as file:
            vet = json.load(file)["vet"]
        tools = os.path.dirname(vet)
        compile_with = (f"{tools}/compile", "-complete", "-pack", "-c", "1", "-importcfg")
        return [
            Command(
                (*compile_with, f"{places.warm}/compile.cfg", "-p", _PACKAGE, "-o", "program.a", "main_test.go"),
                _TOOL_ENV,
            ),
            Command((vet, *_VET, "vet.cfg"), _TOOL_ENV),
            Command((f"{places.warm}/testmain", "main_test.go", "testmain.go"), _TOOL_ENV),
            Command((*compile_with, "link.cfg", "-p", "main", "-o", "testmain.a", "testmain.go"), _TOOL_ENV),
            Command((f"{tools}/link", "-s", "-w", "-importcfg", "link.cfg", "-o", "program", "testmain.a"), _TOOL_ENV),
        ]

    def run(self, job: Job, places: Places) -> Command:
        """Run the binary as `go test` does."""
        return Command(("./program", "-test.timeout=0", "-test.paniconexit0"))

    def failure(self, outcome: Outcome) -> tuple[str, str]:
        """A test that reports a failure is `failed`; a panic ends the process before any such report is complete."""
        panic = last_line_with(outcome.output, "panic: ", "fatal error: ")
        if outcome.exit_code == 1 and not panic:
            return "failed", last_line_with(outcome.output, "--- FAIL") or "a test failed"
        status, reason = super().failure(outcome)
        return status, panic or reason
