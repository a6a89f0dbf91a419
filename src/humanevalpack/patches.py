"""Answers that are edits: diff-match-patch text patches (prompt ``diff``) and unified-diff hunks (``diff-carper``).

The rules for hunks restate those of the reference harness, which took them over from CarperAI's diff models.
"""

import re

_FIELDS = re.compile(
    r"<NME> (?P<name>.*?)\n<BEF> (?P<file>.*?)\n<MSG> (?P<message>.*?)\n<DFF> (?P<diff>.*)", re.DOTALL
)
# The reference's pattern means "neither space, plus nor minus", but its `+-@` is a range: digits and signs are inside.
_HUNK_END = re.compile(r"\n[^ +-@]")
_HUNK_HEAD = re.compile(r"^@@.*?@@.*$", re.MULTILINE)
_NO_NEWLINE = "\\ No newline at end of file"


def find_hunk(prompt_and_answer: str) -> str:
    """Return the hunk that an answer to ``diff-carper`` holds; empty text if it cannot be read."""
    fields = _FIELDS.match(prompt_and_answer)
    if fields is None:
        return ""
    return _HUNK_END.split(fields["diff"], maxsplit=1)[0].split("<NME>")[0]


def apply_hunks(text: str, diff: str) -> str:
    """Return ``text`` with each hunk's lines replaced, in order; hunks that do not fit are skipped."""
    diff = "\n".join(line for line in diff.split("\n") if line != _NO_NEWLINE)
    pointer = 0
    for hunk in _HUNK_HEAD.split(diff):
        before = _side(hunk, "-")
        after = _side(hunk, "+")
        text, pointer = _replace(text, before, after, pointer)
    return text


def _side(hunk: str, sign: str) -> str:
    return "\n".join(line[1:] for line in hunk.split("\n") if line[:1] in (sign, " ") and line)


def _replace(text: str, before: str, after: str, pointer: int) -> tuple[str, int]:
    if not before:
        return (after + "\n" + text, 1) if pointer == 0 and after else (text, pointer)
    start = text.find(before, pointer)
    end = start + len(before)
    if start < 0 or (end < len(text) and text[end] != "\n"):
        return text, pointer
    return text[:start] + after + text[end:], start + len(after)


def apply_text_patch(text: str, patch: str) -> str | None:
    """Return ``text`` with a diff-match-patch patch applied; None if the patch cannot be parsed."""
    from diff_match_patch import diff_match_patch

    engine = diff_match_patch()
    try:
        patches = engine.patch_fromText(patch.lstrip())
    except ValueError:
        return None
    patched: str = engine.patch_apply(patches, text)[0]
    return patched
