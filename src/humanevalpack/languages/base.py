"""What a language is to the text side of the evaluation: names, stop words, where an answer ends, the test program.

How a program is built and run is known inside the sandbox only (``sandbox/supervisor``).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from humanevalpack.problems import Problem

Profile = Literal["reference", "fixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One of the six languages."""

    name: str
    """The name in task names and data files, e.g. ``js``."""
    title: str
    """The name that instructions use, e.g. ``JavaScript``."""
    task_prefix: str
    """What stands before the slash of a ``task_id``."""
    extension: str
    stop_words: tuple[str, ...]
    cut: Callable[[str, Profile], str]
    """Keep the part of an answer that belongs to the function (evaluation rules, section 5)."""
    is_complete: Callable[[str, Profile], bool]
    """Whether a growing answer has reached its end: ``cut`` gives the same for it and for all its continuations."""
    assemble: Callable[["Problem", str, Profile], str]
    """Turn a candidate into a program that only lacks its tests (evaluation rules, section 6)."""
    fence_names: tuple[str, ...]
    """The first words, in small letters, that chat models write behind the fence of a block in this language."""
    quiet: re.Pattern[str] | None = None
    """Strings and comments, in which brackets and names mean nothing; None for Python, which is parsed."""
    defines: tuple[re.Pattern[str], ...] = ()
    """What starts a definition at the outermost level of a file; group ``name`` is what it defines."""
    base_prefix: str = ""
    """What stands before a declaration that the model continues."""


def quiet_spans(*further: str) -> re.Pattern[str]:
    """Return the pattern of strings and comments of a language like C; ``further`` are tried before the usual ones."""
    usual = (r"//[^\n]*", r"/\*.*?(?:\*/|\Z)", r'"(?:\\.|[^"\\\n])*"', r"'(?:\\.|[^'\\\n])*'")
    return re.compile("|".join((*further, *usual)), re.DOTALL)


def cut_at_closing_bracket(text: str, opened: int) -> str | None:
    """Return ``text`` up to the bracket that closes ``opened`` brackets opened before it; None if none does."""
    for position in bracket_positions(text):
        opened += 1 if text[position] == "{" else -1
        if opened == 0:
            return text[: position + 1]
    return None


def bracket_positions(text: str) -> list[int]:
    """Positions of every curly bracket; those in strings and comments count too, as in the reference."""
    return [match.start() for match in re.finditer(r"[{}]", text)]


def up_to_last_bracket(text: str) -> str:
    """Return ``text`` up to its last closing bracket, or all of it if it has none."""
    end = text.rfind("}")
    return text[: end + 1] if end >= 0 else text


def cut_braces(text: str, _profile: Profile) -> str:
    """Cut an answer in a bracket language: the function's own bracket stands open before it."""
    closed = cut_at_closing_bracket(text, 1)
    return up_to_last_bracket(text) if closed is None else closed


def braces_complete(opened: int, *, helpers: bool = False) -> Callable[[str, Profile], bool]:
    """A test for 'all brackets are closed', given how many stand open before the answer.

    The reference counts (as many ``}`` as ``{`` and ``opened`` more) and goes on if a token such as ``}}`` jumps over
    the equality; the cut's own rule does not. With ``helpers`` there is no end in the profile ``fixed``: it keeps
    functions that follow.
    """
    return lambda text, profile: (
        not (helpers and profile == "fixed") and cut_at_closing_bracket(text, opened) is not None
    )


def keep_helpers(text: str, item: re.Pattern[str]) -> str:
    """Cut as ``cut_braces`` does, but keep further functions that follow at once (profile ``fixed``).

    ``item`` matches the start of a further definition at the place where it is tried, with its name as group ``name``;
    a name that is already defined ends the answer, as does anything that is not a definition.
    """
    kept = cut_at_closing_bracket(text, 1)
    if kept is None:
        return up_to_last_bracket(text)
    names: set[str] = set()
    while match := item.match(text, len(kept)):
        opening = text.find("{", match.end())
        following = None if opening < 0 else cut_at_closing_bracket(text[opening + 1 :], 1)
        if following is None or match["name"] in names:
            break
        names.add(match["name"])
        kept = text[: opening + 1] + following
    return kept
