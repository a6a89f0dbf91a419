"""Rows of CommitPack with real code in them: functions of the standard library, changed by seeded chance."""

import ast
import random
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path

STDLIB = Path(sysconfig.get_paths()["stdlib"])


@cache
def functions() -> tuple[str, ...]:
    """Different functions, classes and methods of the standard library that do not hold each other's text."""
    found: dict[str, None] = {}
    for folder in (".", "asyncio", "email", "http", "logging", "multiprocessing", "unittest", "xml/dom"):
        for path in sorted((STDLIB / folder).glob("*.py")):
            text = path.read_text("utf-8")
            found |= dict.fromkeys(_pieces(ast.parse(text).body, text.splitlines()))
    return tuple(found)


def _pieces(nodes: list[ast.stmt], lines: list[str]) -> Iterator[str]:
    """Pieces of 2,000 to 6,000 characters; what is longer is looked into."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            source = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            if 2_000 <= len(source) <= 6_000:
                yield source
            elif len(source) > 6_000:
                yield from _pieces(node.body, lines)


def row(commit: str, old: str, new: str, **more: str) -> dict[str, str]:
    texts = {"subject": "Change it", "message": "Change it\n", "lang": "Python", "license": "mit", "repos": "a/x"}
    contents = {"old_file": "a.py", "new_file": "a.py", "old_contents": old, "new_contents": new}
    return {"commit": commit, **contents, **texts, **more}


def nearly(text: str, chance: random.Random) -> str:
    """The same code, re-indented, with one line gone and a comment more."""
    lines = text.split("\n")
    del lines[chance.randrange(1, len(lines))]
    lines[chance.randrange(len(lines))] += "  # changed"
    return "\n".join("  " + line for line in lines) + "\n"
