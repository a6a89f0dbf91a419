"""Go: what `go test` does for one file (compile, vet's default subset, a test binary), without its overhead.

The binary's main package is ours (testmain.go); the standard library and testify are compiled beforehand.
"""

from __future__ import annotations

import json
import os
import shutil

from ..launch import Command
from ..limits import GIB, Job
from ..watch import Outcome
from .base import Language, Need, Places, encoded, last_line_with
from .go_shared import GoShared
from .go_tools import ONE_THREAD, PACKAGE, packages, tools

GO = "/usr/bin/go"
_HERE = os.path.dirname(os.path.abspath(__file__))
_TESTIFY = "/usr/share/gocode/src/github.com/stretchr/testify/assert/assertions.go"


class Go(Language):
    """Go of the system with Debian's testify."""

    name = "go"
    run_cpu = 20
    memory = 3 * GIB // 2  # its own end of an endless recursion comes at a gigabyte of stack, and has to come first
    needs = (Need("go", GO), Need("testify (golang-github-stretchr-testify-dev)", _TESTIFY))
    version = (GO, "version")
    crash_marks = (b"internal compiler error", b"fatal error: ", b": signal: ")
    example = """package main

import (
    "testing"
    "github.com/stretchr/testify/assert"
)

func TestExample(t *testing.T) {
    assert.New(t).Equal(42, 6 * 7)
}
"""
    built = ("program",)
    prepared_from = ("go.py", "go_tools.py", "go_prepare.py", "testmain.go", "guard.go", "choice.go", GO, _TESTIFY)

    def __init__(self) -> None:
        """Programs may share a binary."""
        self.shared = GoShared(self)

    def prepare(self, folder: str, places: Places) -> list[Command]:
        """Compile testify and testmain, and list what programs may import."""
        for name in ("testmain.go", "guard.go", "choice.go", "go_prepare.py"):
            shutil.copyfile(os.path.join(_HERE, name), os.path.join(folder, name))
        env = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": "/tmp/go-cache", "GOFLAGS": ""}
        return [Command(("/usr/bin/python3", "-I", "go_prepare.py", folder), {**env, "TMPDIR": "/tmp"})]

    def sources(self, job: Job, places: Places) -> dict[str, bytes]:
        """The test file, and what compile, link and vet are told of its imports."""
        known = packages(places)
        files = {path: os.path.join(places.warm, where) for path, where in known["files"].items()}
        facts = {path: os.path.join(places.warm, where) for path, where in known["facts"].items()}
        vet = {
            "Compiler": "gc",
            "Dir": ".",
            "ImportPath": PACKAGE,
            "GoFiles": ["main_test.go"],
            "ImportMap": {path: path for path in (*files, "unsafe")},  # the one package without a file
            "PackageFile": files,
            "PackageVetx": facts,
            "VetxOutput": "vet.out",
        }
        return {
            "main_test.go": encoded(job.text),
            "compile.cfg": _import_config({path: files[path] for path in known["importable"]}),
            "link.cfg": _import_config({**files, PACKAGE: "program.a"}),
            "vet.cfg": json.dumps(vet).encode("ascii"),
        }

    def build(self, job: Job, places: Places) -> list[Command]:
        """Compile the file and vet it; then make the binary's main package, and link."""
        tool = tools(places)
        commands = (
            (*tool["compile"], "compile.cfg", "-p", PACKAGE, "-o", "program.a", "main_test.go"),
            (*tool["vet"], "vet.cfg"),
            (*tool["testmain"], "testmain.go", PACKAGE, "main_test.go"),
            (*tool["compile"], "link.cfg", "-p", "main", "-o", "testmain.a", "testmain.go"),
            (*tool["link"], "link.cfg", "-o", "program", "testmain.a"),
        )
        return [Command(command, ONE_THREAD) for command in commands]

    def run(self, job: Job, places: Places) -> Command:
        """Run the binary as `go test` does, but let an exit be seen as what it is (`go test` makes it a panic)."""
        return Command(("./program", "-test.timeout=0"), sealed=True)

    def failure(self, outcome: Outcome) -> tuple[str, str]:
        """A test that reports a failure is `failed`; a panic ends the process before any such report is complete."""
        panic = last_line_with(outcome.output, "panic: ", "fatal error: ")
        if outcome.exit_code == 1 and not panic:
            return "failed", last_line_with(outcome.output, "--- FAIL") or "a test failed"
        status, reason = super().failure(outcome)
        return status, panic or reason


def _import_config(files: dict[str, str]) -> bytes:
    return "".join(f"packagefile {path}={where}\n" for path, where in files.items()).encode("ascii")
