"""Line diffs: the changed lines of a text with their numbers, and the way back from them to the new text.

Both kinds are of stripped texts (``str.strip``), so that what they give back is the new text without the white space at
its two ends: the final newline goes. A line ends at LF and nowhere else: CR, form feeds and Unicode's line separators
are characters like others. A line of a diff is a sign, the number (counted from 1, right-aligned in width 3, wider from
1000 on), a space, the line.
"""

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher, unified_diff

from humanevalpack.errors import InputError

_LINE = re.compile(r"([+-])( *)(\d+) ?(.*)", re.DOTALL)


def number_lines(text: str) -> str:
    """Return a text with each line's number before it."""
    return "\n".join(_numbered(text))


def _numbered(text: str) -> list[str]:
    return [f"{number:>3} {line}" for number, line in enumerate(text.split("\n"), start=1)]


def line_diff_numbered(old: str, new: str) -> str:
    """Return the + and - lines of the unified diff of the two numbered texts; "" for equal ones.

    As in the release: behind a line that comes or goes every line has another number, and is in the diff twice.
    """
    lines = unified_diff(_numbered(old.strip()), _numbered(new.strip()), n=3, lineterm="")
    # The two lines of the head begin with + and - as well.
    return "\n".join(line for number, line in enumerate(lines) if number > 1 and line[0] in "+-")


def line_diff(old: str, new: str) -> str:
    """Return the lines that differ, - with the old number, + with the new one; "" for equal texts."""
    return "\n".join(_changed(old.strip().split("\n"), new.strip().split("\n")))


def _changed(old: list[str], new: list[str]) -> Iterator[str]:
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new).get_opcodes():
        if kind != "equal":
            yield from (f"-{number + 1:>3} {old[number]}" for number in range(old_from, old_to))
            yield from (f"+{number + 1:>3} {new[number]}" for number in range(new_from, new_to))


def apply_line_diff_numbered(old: str, diff: str) -> str:
    """Return the new text, stripped; raises InputError for a diff that does not fit, with its line."""
    old_lines = old.strip().split("\n")
    gone, come = _parsed(diff, old_lines)
    lines = {number: line for number, line in enumerate(old_lines, start=1) if number not in gone}
    for number, line in come.items():
        if number in lines:
            raise InputError(f"line diff: line {number} of the new text is there twice: {lines[number]!r}, {line!r}")
        lines[number] = line
    return "\n".join(_in_order(lines, len(lines)))


def apply_line_diff(old: str, diff: str) -> str:
    """Return the new text, stripped; raises InputError for a diff that does not fit, with its line."""
    old_lines = old.strip().split("\n")
    gone, come = _parsed(diff, old_lines)
    kept = [line for number, line in enumerate(old_lines, start=1) if number not in gone]
    waiting, total = iter(kept), len(kept) + len(come)
    lines = dict(come)
    for number in range(1, total + 1):
        if number not in lines and (line := next(waiting, None)) is not None:
            lines[number] = line
    return "\n".join(_in_order(lines, total))


def _in_order(lines: dict[int, str], total: int) -> Iterable[str]:
    if not lines:
        raise InputError("line diff: no line is left: an empty text has one, which is empty")
    if wrong := lines.keys() - range(1, total + 1):
        raise InputError(f"line diff: {total} lines are left or come, and line {min(wrong)} is none of 1 to {total}")
    return (lines[number] for number in range(1, total + 1))


def _parsed(diff: str, old: list[str]) -> tuple[set[int], dict[int, str]]:
    """Return the numbers of the lines that go, and those that come by number."""
    gone: set[int] = set()
    come: dict[int, str] = {}
    for place, line in enumerate(diff.split("\n") if diff else [], start=1):
        found = _LINE.fullmatch(line)
        if found is None:
            raise InputError(f"line diff, line {place}: must be + or -, a number, a space, a line, not {line[:60]!r}")
        sign, number, text = found[1], int(found[3]), found[4]
        if sign == "+":
            if number in come:
                raise InputError(f"line diff, line {place}: line {number} comes twice")
            come[number] = text
        elif not 0 < number <= len(old) or old[number - 1] != text:
            there = repr(old[number - 1]) if 0 < number <= len(old) else f"none of {len(old)}"
            raise InputError(f"line diff, line {place}: takes away {text!r}, but line {number} is {there}")
        else:
            gone.add(number)
    return gone, come
