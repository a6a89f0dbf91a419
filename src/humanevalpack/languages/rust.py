"""Rust: the answer ends where the function's bracket closes; lines of the declaration are put back if they are gone."""

import re
from typing import TYPE_CHECKING

from humanevalpack.languages.base import Language, Profile, braces_complete, cut_braces, keep_helpers, quiet_spans

if TYPE_CHECKING:
    from humanevalpack.problems import Problem

EMPTY_MAIN = "fn main(){}\n"
_HELPER = re.compile(r"\s*(?:#\[[^\n]*\]\s*)*(?:pub\s+)?(?:fn|struct|enum|impl|trait)\s+(?P<name>\w+)")


def cut(text: str, profile: Profile) -> str:
    """Cut behind the function; the profile ``fixed`` keeps helper functions that follow it (problems 137, 145)."""
    return keep_helpers(text, _HELPER) if profile == "fixed" else cut_braces(text, profile)


def assemble(problem: "Problem", candidate: str, _profile: Profile) -> str:
    """Give the candidate one main function and every line of the declaration that it lacks."""
    program = "" if "fn main()" in candidate else EMPTY_MAIN
    for line in problem.declaration.split("\n"):
        line = line.strip()
        if line in candidate or (line.startswith("fn") and line.split("(")[0] in candidate):
            continue
        program += line + "\n"
    return program + "fn main()".join(candidate.split("fn main()")[:2])


RUST = Language(
    name="rust",
    title="Rust",
    task_prefix="Rust",
    extension="rs",
    stop_words=(),
    cut=cut,
    is_complete=braces_complete(1, helpers=True),
    assemble=assemble,
    fence_names=("rust", "rs"),
    quiet=quiet_spans(
        r'\bb?r(?P<raw>#*)".*?"(?P=raw)',
        r'"(?:\\.|[^"\\])*"',
        r"'(?:\\(?:u\{[0-9a-fA-F]+\}|x[0-9a-fA-F]{2}|.)|[^\\'\n])'",
        r"(?<![\w'])'\w+",  # a lifetime opens no string
    ),
    defines=(
        re.compile(
            r"(?:pub(?:\([^)]*\))?\s+)?(?:(?:const|unsafe|async|default)\s+)*"
            r"(?:fn|mod|struct|enum|trait|type|union|static(?:\s+mut)?|const|macro_rules!)\s+(?P<name>\w+)"
        ),
    ),
    base_prefix=EMPTY_MAIN,
)
