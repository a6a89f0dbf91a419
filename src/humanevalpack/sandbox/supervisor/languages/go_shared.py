"""Go programs in one binary: each compiled and vetted as a package of its own, one link, one process each.

Every package of a binary is initialised before main; choice.go sees to it that of the programs only the chosen one is.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..launch import Command
from ..limits import Job
from .base import Language, Places
from .go_prepare import MOST
from .go_scan import may_share
from .go_tools import ONE_THREAD, PACKAGE, packages, tools
from .sharing import LARGEST_TEXT, BuildBroke, SharedBuild

if TYPE_CHECKING:
    from ..workbench import Workbench

_BUILT = re.compile(rb"^program: (program_\d+)$", re.MULTILINE)
_SCRIPT = """
for name in "$@"; do
  shift
  {compile} compile.cfg -p $name -o $name.a ${{name}}_test.go && {vet} $name.cfg && set -- "$@" $name ${{name}}_test.go
done > messages 2>&1
[ $# -gt 0 ] && {testmain} testmain.go "$@" > built &&
{compile} link.cfg -p main -o testmain.a testmain.go && exec {link} link.cfg -o program testmain.a
"""
"""What does not compile, or what vet or testmain refuse, is left out."""


class GoShared(SharedBuild):
    """One link for many packages."""

    most = MOST

    def __init__(self, language: Language) -> None:
        self._language = language

    def may_share(self, text: str) -> bool:
        """Ask the scanner."""
        return len(text) <= LARGEST_TEXT and may_share(text)

    def build(self, jobs: Mapping[int, Job], places: Places, bench: Workbench) -> dict[int, str]:
        """Build with one script; it lists what is in the binary."""
        if not packages(places)["shared"]:
            raise BuildBroke("this release of Go starts packages in another way than choice.go knows")
        names = {place: f"program_{number}" for number, place in enumerate(jobs)}
        for place, name in names.items():
            files = self._language.sources(jobs[place], places)
            vet = files["vet.cfg"].replace(b"main_test.go", f"{name}_test.go".encode("ascii"))
            bench.put({f"{name}_test.go": files["main_test.go"], f"{name}.cfg": vet})
        linked = "".join(f"packagefile {name}={name}.a\n" for name in names.values()).encode("ascii")
        bench.put({"compile.cfg": files["compile.cfg"], "link.cfg": files["link.cfg"] + linked})
        script = _SCRIPT.format(**{name: shlex.join(argv) for name, argv in tools(places).items()})
        if not bench.run(Command(("/bin/sh", "-c", script, "sh", *names.values()), ONE_THREAD)).succeeded:
            raise BuildBroke("no program of it builds")
        built = {name.decode("ascii") for name in _BUILT.findall(bench.read("built", 1 << 20))}
        return {place: name for place, name in names.items() if name in built}

    def run(self, name: str, alone: Command) -> Command:
        """Let choice.go know which program it is."""
        return replace(alone, env={**alone.env, "HUMANEVALPACK_PROGRAM": name})

    def seen_alone(self, name: str, output: bytes) -> bytes:
        """Put the file's and the package's usual names into positions and stack traces."""
        mine = name.encode("ascii")
        return output.replace(mine + b"_test.go", b"main_test.go").replace(mine + b".", PACKAGE.encode("ascii") + b".")
