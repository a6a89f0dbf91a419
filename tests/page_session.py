"""Runs the blocks of a page: commands in a folder of its own, Python code in one interpreter for the whole page."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pages import Block

_LIMIT = 300  # seconds for one block: a command that asks for input must not hold up the tests
_PROGRESS = re.compile(r"\d+%\||^[a-z ]+ ━* *━")
_TIME = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?= ?(?:ms|s|seconds?|minutes?)\b)")

# Executes what it is given, one JSON line a block, in one name space; top-level `await` works as in a notebook.
_INTERPRETER = """
import ast, asyncio, contextlib, io, json, os, sys, traceback
answers = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
names = {"__name__": "__main__"}
for line in sys.stdin:
    said, error = io.StringIO(), ""
    with contextlib.redirect_stdout(said):
        try:
            code = compile(json.loads(line), "<page>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            result = eval(code, names)
            if result is not None:
                asyncio.run(result)
        except BaseException:
            error = traceback.format_exc()
    print(json.dumps([said.getvalue(), error]), file=answers, flush=True)
"""


class Wrong(AssertionError):
    """A block does not do what the page says."""


@dataclass
class Session:
    """One page at work."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    _python: Any = None

    def run(self, block: Block, shown: str | None) -> None:
        """Run a block and compare what it says with ``shown`` (None: not shown); raises Wrong."""
        if block.kind == "python":
            self._compare(block, block.text, self._evaluate(block), shown)
        elif block.kind == "bash":
            self._compare(block, block.text, self._execute(block, block.text), shown)
        else:
            for command, answer in console_parts(block.text):
                self._compare(block, command, self._execute(block, command), answer or None)

    def close(self) -> None:
        """End the interpreter."""
        if self._python is not None:
            self._python.stdin.close()
            self._python.wait(timeout=60)

    def _execute(self, block: Block, script: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self._variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_LIMIT,
        )
        if done.returncode != block.exit_code:
            raise Wrong(
                f"line {block.line}: exit code {done.returncode}, not {block.exit_code}:\n{script}\n{done.stdout}"
            )
        return done.stdout

    def _evaluate(self, block: Block) -> str:
        if self._python is None:
            self._python = subprocess.Popen(
                [sys.executable, "-c", _INTERPRETER],
                cwd=self.folder,
                env=self._variables(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        self._python.stdin.write(json.dumps(block.text) + "\n")
        self._python.stdin.flush()
        answer = self._python.stdout.readline()
        said, error = json.loads(answer) if answer else ("", "the interpreter has ended")
        if error:
            raise Wrong(f"line {block.line}: {error}")
        return str(said)

    def _compare(self, block: Block, command: str, said: str, shown: str | None) -> None:
        if shown is None:
            return
        said = "".join(f"{line.rstrip()}\n" for line in said.splitlines() if not _PROGRESS.search(line))
        if not pattern_of(shown).fullmatch(said.rstrip("\n") + "\n"):
            raise Wrong(f"line {block.line}: {command.strip()}\nthe page shows:\n{shown}\nit says:\n{said}")

    def _variables(self) -> dict[str, str]:
        nowhere = "http://127.0.0.1:9"
        offline = dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"), "1")
        offline |= dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), nowhere)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, **offline, "PATH": path, "COLUMNS": "80", "OMP_NUM_THREADS": "1", **self.environment}


def console_parts(text: str) -> list[tuple[str, str]]:
    """Return every command of a console block with what is shown behind it; a ``\\`` at its end goes on."""
    parts: list[tuple[str, str]] = []
    goes_on = False
    for line in text.splitlines():
        if line.startswith("$ ") or goes_on:
            command = line.removeprefix("$ ")
            if goes_on:
                command = f"{parts.pop()[0]}\n{command}"
            parts.append((command, ""))
            goes_on = line.endswith("\\")
        elif parts:
            parts[-1] = (parts[-1][0], f"{parts[-1][1]}{line}\n")
        else:
            raise Wrong(f"a console block begins with a command after '$ ', not with {line!r}")
    return parts


def pattern_of(shown: str) -> re.Pattern[str]:
    """Return what may be said where ``shown`` is shown: ``…`` is anything, and a time is any time."""
    lines = []
    for line in shown.splitlines():
        if line.strip() == "…":
            lines.append(r"(?:.*\n)*?")
            continue
        text = "[^\n]*".join(re.escape(part) for part in re.split("…", _TIME.sub("\0", line.rstrip())))
        lines.append(text.replace(re.escape("\0"), r"\d+(?:\.\d+)?") + "\n")
    return re.compile("".join(lines))
