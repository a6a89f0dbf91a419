"""Go: what `go test` does for one file (compile, vet's default subset, a test binary), without its overhead.

The binary's main package is ours (testmain.go); the standard library and testify are compiled beforehand.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import Any

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


class Go(Language):
    """Go of the system with Debian's testify."""

    name = "go"
    run_cpu = 20
    needs = (Need("go", GO), Need("testify (golang-github-stretchr-testify-dev)", _TESTIFY))
    version = (GO, "version")
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
    prepared_from = ("go.py", "go_prepare.py", "testmain.go", "guard.go", GO, _TESTIFY)

    def prepare(self, folder: str, places: Places) -> list[Command]:
        """Compile testify and testmain, and list what programs may import."""
        for name in ("testmain.go", "guard.go", "go_prepare.py"):
            shutil.copyfile(os.path.join(_HERE, name), os.path.join(folder, name))
        env = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": "/tmp/go-cache", "GOFLAGS": ""}
        return [Command(("/usr/bin/python3", "-I", "go_prepare.py", folder), {**env, "TMPDIR": "/tmp"})]

    def sources(self, job: Job, places: Places) -> dict[str, bytes]:
        """The test file, and what compile, link and vet are told of its imports."""
        known = _packages(places)
        files = {path: os.path.join(places.warm, where) for path, where in known["files"].items()}
        facts = {path: os.path.join(places.warm, where) for path, where in known["facts"].items()}
        vet = {
            "Compiler": "gc",
            "Dir": ".",
            "ImportPath": _PACKAGE,
            "GoFiles": ["main_test.go"],
            "ImportMap": {path: path for path in (*files, "unsafe")},  # the one package without a file
            "PackageFile": files,
            "PackageVetx": facts,
            "VetxOutput": "vet.out",
        }
        return {
            "main_test.go": encoded(job.text),
            "compile.cfg": _import_config({path: files[path] for path in known["importable"]}),
            "link.cfg": _import_config({**files, _PACKAGE: "program.a"}),
            "vet.cfg": json.dumps(vet).encode("ascii"),
        }

    def build(self, job: Job, places: Places) -> list[Command]:
        """Compile the file and vet it; then make the binary's main package, and link."""
        vet = _packages(places)["vet"]
        tools = os.path.dirname(vet)
        compile_with = (f"{tools}/compile", "-complete", "-pack", "-c", "1", "-importcfg")
        commands = (
            (*compile_with, "compile.cfg", "-p", _PACKAGE, "-o", "program.a", "main_test.go"),
            (vet, *_VET, "vet.cfg"),
            (f"{places.warm}/testmain", "main_test.go", "testmain.go"),
            (*compile_with, "link.cfg", "-p", "main", "-o", "testmain.a", "testmain.go"),
            (f"{tools}/link", "-s", "-w", "-importcfg", "link.cfg", "-o", "program", "testmain.a"),
        )
        # the pool keeps the cores busy with other programs; threads of the tools only cost
        return [Command(command, {"GOMAXPROCS": "1"}) for command in commands]

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


def _packages(places: Places) -> dict[str, Any]:
    with open(f"{places.warm}/packages.json", encoding="ascii") as file:
        known: dict[str, Any] = json.load(file)
    return known


def _import_config(files: dict[str, str]) -> bytes:
    return "".join(f"packagefile {path}={where}\n" for path, where in files.items()).encode("ascii")
