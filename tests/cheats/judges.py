"""The naive judge: each language's own tool, and its exit code taken at its word.

It runs what cheats do, so it does so in a throw-away bubblewrap: no network, everything read-only but a fresh
directory, a process namespace of its own whose end kills all of it, and a time limit.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from humanevalpack.programs import Program

_BOX = "/tmp/box"
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


JUDGES: dict[str, Judge] = {
    "java": Judge("Main.java", ("/usr/bin/javac -nowarn -encoding UTF-8 Main.java", "/usr/bin/java -Xmx512m Main")),
    "js": Judge("program.js", ("/usr/bin/node program.js",), silent=True),
    "python": Judge("program.py", ("/usr/bin/python3 program.py",)),
}


def fooled(program: Program) -> tuple[bool, str]:
    """Run a program as the reference does; return whether it is taken for a pass, and what it printed."""
    judge = JUDGES[program.language]
    with tempfile.TemporaryDirectory(prefix="naive-judge-") as folder:
        Path(folder).chmod(0o777)
        Path(folder, judge.file).write_bytes(program.text.encode("utf-8", "surrogatepass"))
        for step in judge.steps:
            done = _run(step, folder)
            if done.returncode != 0:
                return False, f"`{step}` ended with {done.returncode}\n{done.stdout[-2000:]}"
    return not (judge.silent and done.stdout), done.stdout[-2000:]


def _run(step: str, folder: str) -> subprocess.CompletedProcess[str]:
    argv = ["/usr/bin/bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv"]
    argv += ["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc", "--proc", "/proc", "--dev", "/dev"]
    for name in ("bin", "sbin", "lib", "lib64"):
        argv += ["--symlink", f"usr/{name}", f"/{name}"] if Path("/", name).is_symlink() else _bound(f"/{name}")
    argv += ["--tmpfs", "/tmp", "--bind", folder, _BOX, "--chdir", _BOX]
    argv += ["--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", _BOX, "--setenv", "LANG", "C.UTF-8"]
    limited = f"ulimit -t {_LONGEST} -f 262144; exec timeout -k 1 {_LONGEST} {step}"
    argv += ["/bin/bash", "-c", limited]
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, encoding="utf-8",
        errors="replace", timeout=3 * _LONGEST,
    )  # fmt: skip


def _bound(path: str) -> list[str]:
    return ["--ro-bind", path, path] if Path(path).exists() else []
