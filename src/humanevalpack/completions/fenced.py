"""The code in a chat model's answer: which blocks count, what replaces the function's head and what continues it.

The rules, in this order (docs/chat.md says them for users): thinking sections go; an answer that begins as the
function's body continues the head; else the last closed block that defines the function, with other blocks whose
definitions it uses; else a block that is a body; else, without any fence, the function between sentences.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from humanevalpack.completions import brace_code, python_code
from humanevalpack.completions.fences import Block, fenced_blocks
from humanevalpack.completions.items import uses
from humanevalpack.completions.thinking import without_thinking
from humanevalpack.languages import get_language
from humanevalpack.problems import Problem

FENCED, SEVERAL, UNCLOSED, NO_FENCE = "fenced", "several_blocks", "unclosed_fence", "no_fence"
NO_CODE, REFUSAL, EMPTY, LENGTH_CUT = "no_code", "refusal", "empty", "length_cut"
EXTRACTIONS: dict[str, str] = {
    FENCED: "the code is one fenced block",
    SEVERAL: "the answer has several blocks of code: the rule has chosen among them, or put them together",
    UNCLOSED: "the block of code is never closed",
    NO_FENCE: "no fence: the answer continues the function's head, or the function stands between sentences",
    NO_CODE: "text, but nothing that is the function or its body",
    REFUSAL: "no code, because the model or the server refused",
    EMPTY: "nothing, or nothing but thinking",
    LENGTH_CUT: "the budget ended before the code did (the server says so, or a thinking section never ends)",
}
"""How the code was found: an extraction's status, and what it means. Empty for templates that are not fenced."""
FINISHES = ("stop", "length", "refusal", "empty")
"""Why a model stopped, where its server says it."""

_REFUSES = re.compile(
    r"(?:i['’]?m|i am|we['’]re) (?:really |very |so )?(?:sorry|unable|not able)\b"
    r"|(?:sorry|apologies|unfortunately),? (?:but )?(?:i|we) (?:can|am|won|do|are)"
    r"|i (?:can(?:no|['’])t|won['’]t|must decline|have to decline|will not)\b|as an ai\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an answer holds: the candidate (empty if there is none), and how it was found (a key of EXTRACTIONS)."""

    candidate: str
    status: str


class Dialect(Protocol):
    """What is asked about a text in the problem's language; ``python_code`` and ``brace_code`` answer."""

    def defines(self, problem: Problem, text: str) -> bool:
        """Whether the function stands in the text, at its outermost level (whole or not)."""

    def defined_names(self, problem: Problem, text: str) -> list[str]:
        """Return the names that the text defines at its outermost level."""

    def is_body(self, problem: Problem, text: str) -> bool:
        """Whether the text can be what stands inside the function."""

    def continues(self, problem: Problem, base: str, text: str) -> bool:
        """Whether an answer begins as what follows the function's head."""

    def body(self, problem: Problem, text: str) -> str:
        """Return what continues the head, as it stands behind it: on a line of its own, indented."""

    def with_body(self, problem: Problem, base: str, text: str) -> str:
        """Put a body behind the function's head."""

    def complete(self, problem: Problem, text: str) -> str:
        """Return a program that holds the function as a candidate: with what it needs, without its own tests."""

    def in_prose(self, problem: Problem, text: str) -> str | None:
        """Return the program that stands between sentences; None if the function is not there."""


def dialect(problem: Problem) -> Dialect:
    """Return who knows the problem's language."""
    return python_code if problem.language == "python" else brace_code


def refused_or_empty(text: str, finish: str | None, *, unfinished: bool) -> str:
    """Return the status of an answer without code."""
    if finish == REFUSAL:
        return REFUSAL
    if finish == "length" or unfinished:
        return LENGTH_CUT
    if not text.strip():
        return EMPTY
    return REFUSAL if _REFUSES.search(text[:200]) else NO_CODE


def extract_fenced(problem: Problem, base: str, generation: str, *, finish: str | None = None) -> Extraction:
    """Return the candidate in an answer; ``base`` is the function's head, ``finish`` why the model stopped."""
    text, unfinished = without_thinking(generation.replace("\r\n", "\n"))
    found = _found(problem, base, text)
    if found is None or not found.candidate.strip():
        return Extraction("", refused_or_empty(text, finish, unfinished=unfinished))
    if finish == "length" and found.status in (UNCLOSED, NO_FENCE):
        return Extraction(found.candidate, LENGTH_CUT)
    return found


def _found(problem: Problem, base: str, text: str) -> Extraction | None:
    language = get_language(problem.language)
    blocks = fenced_blocks(text)
    code = dialect(problem)
    start = text if not blocks else "\n".join(text.split("\n")[: blocks[0].start])
    # A head with an opened fence was prefilled: what would be the first opening fence closes it.
    if code.continues(problem, base, start):
        if not blocks:
            # Never cut as early as the reference does: no published score was made with this.
            return Extraction(base.rstrip() + language.cut(code.body(problem, start), "fixed").rstrip(), NO_FENCE)
        return Extraction(code.complete(problem, code.with_body(problem, base, start)), FENCED)
    own = [block for block in blocks if block.word in language.fence_names or not block.word]
    for pool in (own, blocks):
        defining = [block for block in pool if code.defines(problem, block.code)]
        if defining:
            return _chosen(problem, defining, own)
    for block in own:
        if code.is_body(problem, block.code):
            whole = code.with_body(problem, base, block.code)
            return Extraction(code.complete(problem, whole), _status([block], own))
    for block in reversed(own):
        if code.defined_names(problem, block.code):
            return Extraction(code.complete(problem, block.code), _status([block], own))
    prose = code.in_prose(problem, text) if not own else None
    return Extraction(code.complete(problem, prose), NO_FENCE) if prose else None


def _chosen(problem: Problem, defining: Sequence[Block], own: Sequence[Block]) -> Extraction:
    """Take the last closed block that defines the function, after the blocks that define what it uses."""
    code = dialect(problem)
    closed = [block for block in defining if block.closed]
    chosen = (closed or list(defining))[-1]
    known = code.defined_names(problem, chosen.code)
    used = [chosen]
    for block in own:
        names = [] if block in defining else code.defined_names(problem, block.code)
        if any(uses(chosen.code, name) and name not in known for name in names):
            used.insert(-1, block)
    text = "\n\n".join(block.code.strip("\n") for block in used)
    return Extraction(code.complete(problem, text), _status(used, own))


def _status(used: Sequence[Block], own: Sequence[Block]) -> str:
    if not all(block.closed for block in used):
        return UNCLOSED
    return SEVERAL if len(own) > 1 else FENCED
