"""The outermost parts of a program in a bracket language: imports, functions, types, and what merely runs.

No parser: a line begins a new item where no bracket stands open, and what is in strings and comments does not count.
A wrong split does no harm by itself, for items are only ever left out, and only for what they are seen to be.
"""

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from humanevalpack.languages import Language

_CONTINUES = re.compile(r"\s|[{})\].?:&|=+]|else\b|catch\b|finally\b|where\b")
_PREFIX = re.compile(r"\s*(?:#!?\[.*\]|@\w+(?:\(.*\))?|template\s*<.*>)?\s*$")


@dataclass(frozen=True, slots=True)
class Item:
    """One part with the comments and attributes before it."""

    text: str
    code: str
    """The text from its first line of code on, with strings and comments blanked."""
    name: str
    """What it defines; empty if it defines nothing."""
    attributes: str = ""


def blanked(text: str, language: Language) -> str:
    """Return the text with every character of a string or a comment replaced by a space (newlines stay)."""
    if language.quiet is None:
        return text
    return language.quiet.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def balance(silent: str) -> int:
    """Return how many brackets of any kind are opened in blanked text and not closed."""
    return sum(map(silent.count, "([{")) - sum(map(silent.count, ")]}"))


def split_items(text: str, language: Language) -> list[Item]:
    """Split a program into its outermost items; joined by newlines their texts are the program again."""
    lines = text.split("\n")
    silent_lines = blanked(text, language).split("\n")
    items: list[Item] = []
    current: list[int] = []
    begun, depth = False, 0
    for number, silent in enumerate(silent_lines):
        if begun and depth <= 0 and _begins_item(silent, language):
            items.append(_item(current, lines, silent_lines, language))
            current, begun = [], False
        current.append(number)
        begun = begun or not _PREFIX.match(silent)
        depth = max(0, depth) + balance(silent) if begun else 0
    if current:
        items.append(_item(current, lines, silent_lines, language))
    return items


def _begins_item(silent: str, language: Language) -> bool:
    return not silent.strip() or bool(_defines(silent.strip(), language)) or not _CONTINUES.match(silent)


def _item(numbers: list[int], lines: Sequence[str], silent: Sequence[str], language: Language) -> Item:
    first = next((number for number in numbers if not _PREFIX.match(silent[number])), numbers[-1])
    code = textwrap.dedent("\n".join(silent[first : numbers[-1] + 1])).strip()
    attributes = "\n".join(line for line in silent[numbers[0] : first] if line.strip())
    return Item("\n".join(lines[number] for number in numbers), code, _defines(code, language), attributes)


def _defines(code: str, language: Language) -> str:
    for pattern in language.defines:
        if match := pattern.match(code):
            return match["name"]
    return ""


def join_items(items: Iterable[Item]) -> str:
    """Return the program that the items make."""
    return "\n".join(item.text for item in items)


def uses(code: str, name: str) -> bool:
    """Whether the name occurs in the code as a word."""
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", code) is not None
