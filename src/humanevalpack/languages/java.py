"""Java: two brackets stand open before the answer, the method's and the class's."""

import re
from typing import TYPE_CHECKING

from humanevalpack.languages.base import (
    Language,
    Profile,
    braces_complete,
    cut_at_closing_bracket,
    quiet_spans,
    up_to_last_bracket,
)

if TYPE_CHECKING:
    from humanevalpack.problems import Problem

_MODIFIERS = r"(?:(?:public|private|protected|static|final|abstract|synchronized|sealed|strictfp|@\w+)\s+)*"
_EMPTY_MAIN = "public class Main {\n    }"


def cut(text: str, _profile: Profile) -> str:
    """Keep up to the bracket that closes the class; mend an answer that never closes it."""
    closed = cut_at_closing_bracket(text, 2)
    if closed is not None:
        return closed
    before, main, _ = text.partition("public static void main")
    mended = up_to_last_bracket(before + "}" if main else text)
    if mended.count("{") - 1 == mended.count("}"):
        mended += "\n}"
    return mended


def assemble(_problem: "Problem", candidate: str, _profile: Profile) -> str:
    """Take out an empty class Main: the test brings its own."""
    return candidate.replace(_EMPTY_MAIN, "").strip()


JAVA = Language(
    name="java",
    title="Java",
    task_prefix="Java",
    extension="java",
    stop_words=(),
    cut=cut,
    is_complete=braces_complete(2),
    assemble=assemble,
    fence_names=("java", "java8", "java11", "java17", "java21"),
    quiet=quiet_spans(r'"""(?:\\.|[^\\])*?"""'),
    defines=(
        re.compile(rf"{_MODIFIERS}(?:class|interface|enum|record)\s+(?P<name>\w+)"),
        re.compile(
            rf"(?!(?:return|new|else|throw)\b){_MODIFIERS}(?:<[^;{{}}]*?>\s+)?[\w.<>,?\[\] ]+?[\s>\]](?P<name>\w+)\s*\("
        ),
    ),
)
