"""JavaScript: the answer ends where the function's bracket closes."""

import re
from typing import TYPE_CHECKING

from humanevalpack.languages.base import Language, Profile, braces_complete, cut_braces, quiet_spans

if TYPE_CHECKING:
    from humanevalpack.problems import Problem


def assemble(_problem: "Problem", candidate: str, _profile: Profile) -> str:
    """A JavaScript candidate is a program as it is."""
    return candidate


JS = Language(
    name="js",
    title="JavaScript",
    task_prefix="JavaScript",
    extension="js",
    stop_words=(),
    cut=cut_braces,
    is_complete=braces_complete(1),
    assemble=assemble,
    fence_names=("javascript", "js", "node", "nodejs", "jsx", "mjs", "cjs", "ecmascript", "es6"),
    quiet=quiet_spans(
        r"`(?:\\.|[^`\\])*`",
        # A regular expression stands where a value may begin; elsewhere a slash divides.
        r"(?:(?<=[=(,:;!&|?{\[])|(?<=return))\s*/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/[a-z]*",
    ),
    defines=(
        re.compile(
            r"(?:export\s+(?:default\s+)?)?(?:async\s+)?(?:function\s*\*?|class|const|let|var)\s+(?P<name>[\w$]+)"
        ),
        re.compile(r"(?P<name>[\w$]+)\s*=(?![=>])"),
    ),
)
