"""Answers that are edits: diff-match-patch text patches (prompt ``diff``) and unified-diff hunks (``diff-carper``).

The rules for hunks restate those of the reference harness, which took them over from CarperAI's diff models.
"""

import re

_FIELDS = re.compile(r"<NME> (?P<name>.*?)\n<BEF> (?P<file>.*?)\n<MSG> (?P<message>.*?)\n<DFF> (?P<diff>.*)", re.DOTALL)
# The reference's pattern means "neither space, plus nor minus", but its `+-@` is a range: digits and signs are inside.
_HUNK_END = re.compile(r"\n[^ +-@]")
_HUNK_HEAD = re.compile(r"^(@@ .*? @@).*\n", re.MULTILINE)
_NO_NEWLINE = re.compile(r"^\\ No newline at end of file$\n?", re.MULTILINE)


def find_hunk(prompt_and_answer: str) -> str:
    """Return the hunk that an answer to ``diff-carper`` holds; empty text if it cannot be read."""
    fields = _FIELDS.match(prompt_and_answer)
    if fields is None:
        return ""
    return _HUNK_END.split(fields["diff"], maxsplit=1)[0].split("<NME>")[0]


def apply_hunks(text: str, diff: str) -> str:
    """Return ``text`` with each hunk's lines replaced, in order; hunks that do not fit are skipped.

    The reference counts heads and bodies in pairs from the start, so text before the first head makes it take the
    heads for bodies: no hunk is applied then, and the first head counts as an empty one.
    """
    before_first, *pieces = _HUNK_HEAD.split(_NO_NEWLINE.sub("", diff))
    bodies = pieces[::2] if before_first else pieces[1::2]
    pointer = 0
    for body in bodies:
        text, pointer = _replace(text, _side(body, "-"), _side(body, "+"), pointer)
    return text


def _side(hunk: str, sign: str) -> str:
    return "\n".join(line[1:] for line in hunk.split("\n") if line[:1] in (sign, " ") and line)


def _replace(text: str, before: str, after: str, pointer: int) -> tuple[str, int]:
    if not before:
        return (after + "\n" + text, 1) if pointer == 0 else (text, pointer)
    start = text.find(before, pointer)
    end = start + len(before)
    if start < 0 or (end < len(text) and text[end] != "\n"):
        return text, pointer
    return text[:start] + after + text[end:], start + len(after)


def apply_text_patch(text: str, patch: str) -> str | None:
    """Return ``text`` with a diff-match-patch patch applied; None if it is not one."""
    from diff_match_patch import diff_match_patch

    engine = diff_match_patch()
    try:
        patched: str = engine.patch_apply(engine.patch_fromText(patch.lstrip()), text)[0]
    except Exception:  # whatever a hostile patch breaks in the library, the answer is not a patch
        return None
    return patched
