"""The toolchains: versions, absolute paths, and what the user's PATH puts in front of them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from humanevalpack.doctor.facts import Fact
from humanevalpack.sandbox import check_toolchains


def tool_facts(languages: Sequence[str], sandbox: str) -> list[Fact]:
    """Return a fact for each language's toolchain, and a note for each tool that the PATH shadows."""
    facts = []
    for language, toolchain in check_toolchains(languages, sandbox=sandbox).items():
        name = f"toolchain {language}"
        if not toolchain.available:
            facts.append(Fact(name, "; ".join(toolchain.missing), "problem", toolchain.install))
            continue
        facts.append(Fact(name, f"{toolchain.version} ({', '.join(_tools(toolchain.paths))})"))
        facts += [
            Fact(
                f"PATH: {tool.name}",
                f"{other} comes before {tool}",
                "note",
                f"programs are built and run with {tool} only: nothing to mend; compare by hand with that one",
            )
            for tool in map(Path, _tools(toolchain.paths))
            if (other := _shadow(tool)) is not None
        ]
    return facts


def _tools(paths: Sequence[str]) -> list[str]:
    return [path for path in paths if Path(path).parent == Path("/usr/bin")]


def _shadow(tool: Path) -> str | None:
    """Return what the PATH finds instead of ``tool``: rustup's, NodeSource's, pyenv's."""
    found = shutil.which(tool.name)
    return None if found is None or Path(found).resolve() == tool.resolve() else found
