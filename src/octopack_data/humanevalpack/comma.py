"""JavaScript that means less than it says: values before a comma, and comparisons outside of an assertion."""

import re
from collections.abc import Iterator

from humanevalpack.completions.items import blanked
from humanevalpack.languages import get_language

_NO_CALL = re.compile(r"(?:^|[=(,:?\[{;&|!<>+\-*/]|\breturn)\s*$")
"""What stands before a bracket that groups, and calls no function."""
_COMPARED = re.compile(r"\s*[!=]==?(?!=)")


def lost_values(code: str) -> Iterator[str]:
    """Yield the pieces of code whose value or comparison is lost: ``(a, b)`` is b, ``console.assert(a) === b`` is a."""
    silent = blanked(code, get_language("js"))
    for start, end in _brackets(silent):
        before, behind = silent[:start], silent[end:]
        if before.rstrip().endswith("console.assert"):
            if _COMPARED.match(behind):
                yield code[silent.rindex("console.assert", 0, start) : end + behind.find("\n")]
        elif _NO_CALL.search(before) and not re.match(r"\s*=>", behind) and _has_comma(silent[start + 1 : end - 1]):
            yield code[start:end]


def _brackets(silent: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of every pair of round brackets, by where they open."""
    opened: list[int] = []
    pairs = []
    for place, character in enumerate(silent):
        if character == "(":
            opened.append(place)
        elif character == ")" and opened:
            pairs.append((opened.pop(), place + 1))
    yield from sorted(pairs)


def _has_comma(inside: str) -> bool:
    depth = 0
    for character in inside:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            return True
    return False
