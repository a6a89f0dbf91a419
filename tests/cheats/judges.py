"""The naive judge: each language's own tool, and its exit code taken at its word.

It runs what cheats do, so it does so in a throw-away bubblewrap: no network, everything read-only but a fresh
directory, a process namespace of its own whose end kills all of it, and a time limit.
"""

from __future__ import annotations

import atexit
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from humanevalpack.programs import Program

_BOX = "/tmp/box"
_READY = "/tmp/ready"
_LONGEST = 60
"""Seconds after which a cheat counts as refused; honest programs need one or two."""


@dataclass(frozen=True, slots=True)
class Judge:
    """``file`` is what the program is called, ``steps`` are shell commands: the last one runs it, the others build.

    ``silent`` adds the reference's rule for JavaScript: a program that prints anything fails.
    """

    file: str
    steps: tuple[str, ...]
    silent: bool = False
    ready: str = ""
    """A shell command that is run once, without a cheat, and leaves files in ``_READY`` for all later steps."""


_GO = f"GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE={_BOX}/cache GOFLAGS= /usr/bin/go"
_GO_READY = (
    'package main\nimport ("testing"; "github.com/stretchr/testify/assert")\nfunc Test(t *testing.T) { assert.New(t) }'
)

_PLAIN_JVM = "-J-XX:TieredStopAtLevel=1 -J-XX:+UseSerialGC"
_SMALL = "ulimit -v 4194304; "
"""A limit for compilers that a cheat can make eat the machine's memory."""

JUDGES: dict[str, Judge] = {
    "cpp": Judge(
        "program.cpp", (_SMALL + "/usr/bin/g++ -std=c++11 -w program.cpp -lcrypto -lssl -o program", "./program")
    ),
    # `go test` in two steps: a cheat's process must not be able to change the tool's
    "go": Judge(
        "program_test.go",
        (f"cp -r {_READY}/cache . && {_GO} test -c -o program program_test.go", "./program"),
        ready=f"echo '{_GO_READY}' > ready_test.go && {_GO} test ready_test.go && cp -r cache {_READY}",
    ),
    "java": Judge(
        "Main.java",
        (
            "/usr/bin/javac -J-XX:TieredStopAtLevel=1 -J-XX:+UseSerialGC -nowarn Main.java",
            "/usr/bin/java -Xmx512m Main",
        ),
    ),
    "js": Judge("program.js", ("/usr/bin/node program.js",), silent=True),
    "python": Judge("program.py", ("/usr/bin/python3 program.py",)),
    "rust": Judge(
        "program.rs", (_SMALL + "/usr/bin/rustc --edition=2021 --test -A warnings -o program program.rs", "./program")
    ),
}


def fooled(program: Program) -> tuple[bool, str]:
    """Run a program as the reference does; return whether it is taken for a pass, and what it printed."""
    judge, ready = JUDGES[program.language], _ready(program.language)
    with tempfile.TemporaryDirectory(prefix="naive-judge-") as folder:
        Path(folder).chmod(0o777)
        Path(folder, judge.file).write_bytes(program.text.encode("utf-8", "surrogatepass"))
        for step in judge.steps:
            done = _run(step, folder, ready)
            if done.returncode != 0:
                return False, f"`{step}` ended with {done.returncode}\n{done.stdout[-2000:]}"
    return not (judge.silent and done.stdout), done.stdout[-2000:]


@cache
def _ready(language: str) -> str:
    """Return the folder of what a judge makes once, kept until the tests end."""
    kept = tempfile.TemporaryDirectory(prefix="naive-judge-ready-")
    atexit.register(kept.cleanup)
    if command := JUDGES[language].ready:
        with tempfile.TemporaryDirectory(prefix="naive-judge-") as folder:
            done = _run(command, folder, kept.name, "--bind")
        if done.returncode != 0:
            raise RuntimeError(f"the naive judge of {language} cannot be made ready: {done.stdout[-2000:]}")
    return kept.name


def _run(step: str, folder: str, ready: str, how: str = "--ro-bind") -> subprocess.CompletedProcess[str]:
    argv = ["/usr/bin/bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv"]
    argv += ["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc", "--proc", "/proc", "--dev", "/dev"]
    for name in ("bin", "sbin", "lib", "lib64"):
        argv += ["--symlink", f"usr/{name}", f"/{name}"] if Path("/", name).is_symlink() else _bound(f"/{name}")
    argv += ["--tmpfs", "/tmp", "--bind", folder, _BOX, "--chdir", _BOX]
    argv += ["--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", _BOX, "--setenv", "LANG", "C.UTF-8"]
    argv += [how, ready, _READY]
    argv += ["/bin/bash", "-c", f'ulimit -t {_LONGEST} -f 262144; exec timeout -k 1 {_LONGEST} /bin/bash -c "$0"', step]
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, encoding="utf-8",
        errors="replace", timeout=3 * _LONGEST,
    )  # fmt: skip


def _bound(path: str) -> list[str]:
    return ["--ro-bind", path, path] if Path(path).exists() else []
