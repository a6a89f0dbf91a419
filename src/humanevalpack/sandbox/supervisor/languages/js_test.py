"""Where a JavaScript program's test begins, and whether it can be executed in a world apart from the candidate's."""

from __future__ import annotations

import re
from functools import lru_cache

_USUAL = re.compile(r"const (\w+) = \(\) => \{\n(?:(?:[ \t].*)?\n)*\}\n+\1\(\);?\s*\Z")
"""A test of HumanEvalPack, from its first line to the program's end."""
_LARGEST = 256 * 1024
_LITERAL = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|//[^\n]*|/\*.*?\*/", re.DOTALL)
_MEMBER = re.compile(r"\.\s*([A-Za-z_$][\w$]*)")
_NAME = re.compile(r"(?<![.\w$])[A-Za-z_$][\w$]*")
_UNUSUAL = frozenset(
    "require module exports process global globalThis setTimeout setInterval setImmediate queueMicrotask Promise "
    "async await yield class this arguments eval Function Buffer import instanceof try catch Proxy Reflect Symbol "
    "URL with delete structuredClone WeakMap WeakSet WeakRef Error TypeError RangeError TextEncoder TextDecoder "
    "performance fetch".split()
)
"""Names that reach beyond plain values, or out of a context of the language alone."""
_MEMBERS = frozenset(
    "assert stringify parse abs floor ceil round trunc sqrt pow min max sign hypot PI E length map filter "
    "join push pop concat slice sort reverse fill includes indexOf lastIndexOf some every find findIndex reduce "
    "forEach flat flatMap from of isArray keys values entries fromEntries fromCharCode charCodeAt charAt "
    "codePointAt fromCodePoint toString toFixed toLowerCase toUpperCase trim split repeat replace startsWith "
    "endsWith padStart padEnd substring isInteger isNaN isFinite parseFloat parseInt EPSILON MAX_SAFE_INTEGER "
    "MIN_SAFE_INTEGER has get add set size is assign".split()
)


def test_place(text: str, test_begins: int | None) -> int | None:
    """Return where the test begins, or None if it is not found or is more than a look at plain values.

    ``test_begins`` is the place that is known from the problem, None for a program of unknown origin: then the test is
    found by its shape, at the very end, where nothing that a candidate holds can stand.
    """
    if test_begins is None:
        test_begins = text.rfind("\nconst test") + 1
        if not _USUAL.match(text, test_begins):
            return None
    test = text[test_begins:]
    return test_begins if len(test) <= _LARGEST and _is_plain(test) else None


@lru_cache(maxsize=256)
def _is_plain(test: str) -> bool:
    code = _LITERAL.sub("0", test)
    return "`" not in code and _UNUSUAL.isdisjoint(_NAME.findall(code)) and _MEMBERS.issuperset(_MEMBER.findall(code))
