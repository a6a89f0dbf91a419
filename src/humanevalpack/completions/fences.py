"""Fenced blocks of a chat answer, as models write them: Markdown with its slips."""

import re
from dataclasses import dataclass

from humanevalpack.languages import LANGUAGES, get_language

# A fence opens at the end of a line: often alone, in a list or a quotation, now and then behind prose.
_OPEN = re.compile(r"^(?P<before>.*?)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`~]*)$")
_ONE_LINE = re.compile(r"^[ \t]*```(?P<info>[\w+#]*)[ \t]+(?P<code>[^`]+)```[ \t]*$")
_FIRST_WORD = re.compile(r"[\s{}.:,;=(\[]+")
_LONGEST_FENCE_LINE = 2000
_KNOWN = frozenset(name for language in LANGUAGES for name in get_language(language).fence_names)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    word: str
    """The first word behind the opening fence in small letters, such as ``py``; empty if there is none."""
    code: str
    closed: bool
    start: int
    """Number of the line with the opening fence."""


def fenced_blocks(text: str) -> list[Block]:
    """Return the blocks of an answer in order; one that is never closed ends where the text or the next one does."""
    blocks: list[Block] = []
    opened: tuple[str, str, str, int] | None = None
    lines: list[str] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n")):
        if opened is None:
            if len(line) > _LONGEST_FENCE_LINE:
                continue
            if match := _ONE_LINE.match(line):
                blocks.append(Block(first_word(match["info"]), match["code"].strip(), True, number))
            elif (match := _OPEN.match(line)) and _opens(match):
                opened, lines = (match["fence"], first_word(match["info"]), _indent(match["before"]), number), []
            continue
        fence, word, indent, start = opened
        line = line.removeprefix(indent)
        closing = _closing(line, fence)
        again = _OPEN.match(line) if closing is None and len(line) <= _LONGEST_FENCE_LINE else None
        if closing is not None:
            lines += [closing] if closing.strip() else []
        elif again and not again["before"].strip() and first_word(again["info"]) in _KNOWN:
            pass  # the model has forgotten to close the block before
        else:
            lines.append(line)
            continue
        blocks.append(Block(word, "\n".join(lines), closing is not None, start))
        opened = (again["fence"], first_word(again["info"]), _indent(again["before"]), number) if again else None
        lines = []
    if opened is not None:
        blocks.append(Block(opened[1], "\n".join(lines), False, opened[3]))
    return blocks


def first_word(info: str) -> str:
    """Return the language that an info string names: ``Python``, ``{.python}``, ``python title="a"``, ``py:a.py``."""
    return next((word.lower() for word in _FIRST_WORD.split(info) if word), "")


def _opens(match: re.Match[str]) -> bool:
    """Whether the line opens a block: the fence stands alone, or behind prose that it ends."""
    before, word = match["before"].strip(), first_word(match["info"])
    if not before.strip("->*+#1234567890.)"):
        return True
    return match["fence"][0] == "`" and "`" not in before and (word in _KNOWN or (not word and before.endswith(":")))


def _closing(line: str, fence: str) -> str | None:
    """Return what stands before the fence on the line that closes a block; None if it does not close it."""
    stripped = line.rstrip()
    ticks = len(stripped) - len(stripped.rstrip(fence[0]))
    if ticks < len(fence):
        return None
    before = stripped[:-ticks]
    return before if fence[0] == "`" or not before.strip(" \t>") else None


def _indent(before: str) -> str:
    """Return the white space that a block in a list or a quotation has before its lines."""
    return before if not before.strip() else ("> " if before.startswith(">") else "")
