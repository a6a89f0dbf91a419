"""Rust's tokens, as far as the scanner for shared builds needs them: words and signs, without texts and comments."""

from __future__ import annotations

import re

_PARTS = re.compile(
    r"""
    (?P<blank> [ \t\r\n]+ | //[^\n]* )
  | (?P<comment> /\* )
  | (?P<raw> (?:b|c)?r(?P<hashes>\#*)" )
  | (?P<text> (?:b|c)?"(?:[^"\\]|\\.)*" | b?'(?:\\x[0-9A-Fa-f]{2}|\\u\{[0-9A-Fa-f_]*\}|\\.|[^\\'\n\r\t])' )
  | (?P<lifetime> '[A-Za-z_][A-Za-z0-9_]* )
  | (?P<number> [0-9][A-Za-z0-9_]*(?:\.[0-9][A-Za-z0-9_]*)? )
  | (?P<word> [A-Za-z_][A-Za-z0-9_]* )
  | (?P<sign> :: | -> | => | [!-/:-@\[-^{-~] )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


class NotShared(Exception):
    """The program is built by itself: why."""


def tokens(text: str) -> list[str]:
    """Return the words and signs of a Rust text; a literal becomes ``""``. Raises NotShared."""
    found: list[str] = []
    at = 0
    while at < len(text):
        part = _PARTS.match(text, at)
        if part is None:
            raise NotShared(f"the character {text[at]!r}")
        at = part.end()
        kind = part.lastgroup
        if kind == "comment":
            at = _after_comment(text, at)
        elif part["raw"] is not None:
            at = _after(text, '"' + part["hashes"], at)
            found.append('""')
        elif kind in ("text", "number", "lifetime"):
            found.append('""')
        elif kind != "blank":
            if kind == "word" and text[at : at + 1] in ('"', "'", "#"):
                raise NotShared("a prefixed literal or a raw name")
            found.append(part[0])
    return found


def _after(text: str, end: str, at: int) -> int:
    place = text.find(end, at)
    if place < 0:
        raise NotShared("a text without an end")
    return place + len(end)


def _after_comment(text: str, at: int) -> int:
    depth = 1
    while depth:
        edge = _COMMENT_EDGE.search(text, at)
        if edge is None:
            raise NotShared("a comment without an end")
        depth += 1 if edge[0] == "/*" else -1
        at = edge.end()
    return at
