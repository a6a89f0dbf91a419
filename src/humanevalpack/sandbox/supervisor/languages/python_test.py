"""Where a Python program's test begins, and whether it can be executed apart from the candidate."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

_USUAL_END = re.compile(r"^def check\(\w+\):\n(?:(?:[ \t].*)?\n)+check\(\w+\)\s*\Z", re.MULTILINE)
"""How a test of HumanEval ends: used where only the whole program is known."""
_ENTRY = re.compile(r"^check\((\w+)\)\s*\Z", re.MULTILINE)
_LARGEST = 256 * 1024
"""Characters of the largest test that is kept apart: it has to fit into a pipe."""
_UNUSUAL: tuple[type[ast.AST], ...] = (ast.ClassDef, ast.Lambda, ast.With, ast.Global, ast.Nonlocal)
_UNUSUAL += (ast.Yield, ast.YieldFrom, ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)
_INTROSPECTION = frozenset("exec eval globals locals vars dir setattr delattr type id super __import__".split())


def test_place(text: str, test_begins: int | None) -> int | None:
    """Return where the test begins, or None if it needs the candidate's own objects or is not found.

    ``test_begins`` is the place that is known from the problem, None for a program of unknown origin: then the test is
    found by its shape, at the very end, where nothing that a candidate holds can stand.
    """
    if test_begins is None:
        last = text.rfind("\ndef check(") + 1
        if not _USUAL_END.match(text, last):
            return None
        test_begins = last
    test = text[test_begins:]
    return test_begins if len(test) <= _LARGEST and _is_plain(test) else None


def entry_point(test: str) -> str:
    """Return the name of the function that a test checks, "" if it does not end with ``check(name)``."""
    found = _ENTRY.search(test)
    return found[1] if found else ""


@lru_cache(maxsize=256)
def _is_plain(test: str) -> bool:
    """Whether a test only calls the candidate's functions and looks at what they return.

    What it defines itself must not get into the candidate's hands, and it must not look behind a value: such things
    would be another in a process of its own.
    """
    try:
        tree = ast.parse(test)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, _UNUSUAL) or (isinstance(node, ast.FunctionDef) and node.decorator_list):
            return False
        if isinstance(node, ast.Attribute) and node.attr.startswith("__"):
            return False
        if isinstance(node, ast.Name) and (
            node.id in _INTROSPECTION or (node.id in functions and id(node) not in called)
        ):
            return False
    return True
