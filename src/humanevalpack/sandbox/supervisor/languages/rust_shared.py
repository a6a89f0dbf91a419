"""Rust programs in one build: each a module in a file of its own, run through the test harness's filter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from ..launch import Command
from ..limits import MIB, Job
from .base import Language, Places
from .rust_scan import may_share
from .sharing import LARGEST_TEXT, BuildBroke, SharedBuild

if TYPE_CHECKING:
    from ..workbench import Workbench

_ROUNDS = 5
"""How often a build is tried: each time without the programs that the compiler found errors in."""
_MESSAGES = "messages.json"
_ALL = "all.rs"


class RustShared(SharedBuild):
    """One `rustc --test` for many modules."""

    most = 40

    def __init__(self, language: Language) -> None:
        self._language = language

    def may_share(self, text: str) -> bool:
        """Ask the scanner."""
        return len(text) <= LARGEST_TEXT and may_share(text)

    def build(self, jobs: Mapping[int, Job], places: Places, bench: Workbench) -> dict[int, str]:
        """Compile the modules; leave out those with errors and try again."""
        # a name that no program can guess: no path leads to a sibling, and the filter finds one program's tests only
        names = {place: f"program_{token_hex(8)}" for place in jobs}
        for place, job in jobs.items():
            (text,) = self._language.sources(job, places).values()
            bench.put({f"{names[place]}.rs": text})
        (command,) = self._language.build(next(iter(jobs.values())), places)
        argv = (*command.argv[:-1], _ALL, "--error-format=json", "-Ccodegen-units=1")
        for _ in range(_ROUNDS):
            bench.put({_ALL: "".join(f"mod {name};\n" for name in names.values()).encode("ascii")})
            outcome = bench.run(Command(("/bin/sh", "-c", f'exec "$@" 2> {_MESSAGES}', "sh", *argv), command.env))
            if outcome.succeeded:
                return names
            wrong = set(_files_with_errors(bench.read(_MESSAGES, 16 * MIB)))
            left = {place: name for place, name in names.items() if f"{name}.rs" not in wrong}
            if len(left) == len(names) or not left:
                break
            names = left
        raise BuildBroke("the compiler's errors do not lead to the programs that cause them")

    def run(self, name: str, alone: Command) -> Command:
        """Run the tests whose path has the module's name in it."""
        return replace(alone, argv=(*alone.argv, f"{name}::"))

    def seen_alone(self, name: str, output: bytes) -> bytes:
        """Take the module's name out of the tests' names and of the places of panics."""
        return output.replace(f"{name}::".encode("ascii"), b"").replace(name.encode("ascii"), b"program")


def _files_with_errors(messages: bytes) -> Iterator[str]:
    for line in messages.splitlines():
        try:
            message = json.loads(line)
        except ValueError:  # the compiler crashed, or the linker spoke
            continue
        if isinstance(message, dict) and message.get("level") == "error":
            for span in message.get("spans", ()):
                yield from _files(span)


def _files(span: dict[str, Any]) -> Iterator[str]:
    yield span["file_name"]
    if span.get("expansion"):  # inside a macro of the standard library: whoever called it
        yield from _files(span["expansion"]["span"])
