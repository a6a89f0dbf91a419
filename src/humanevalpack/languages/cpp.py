"""C++: the answer ends where the function's bracket closes."""

from typing import TYPE_CHECKING

from humanevalpack.languages.base import Language, Profile, braces_complete, cut_braces

if TYPE_CHECKING:
    from humanevalpack.problems import Problem

_HEADERS = (
    "stdlib.h",
    "algorithm",
    "cmath",
    "math.h",
    "numeric",
    "stdio.h",
    "vector",
    "set",
    "map",
    "queue",
    "stack",
    "list",
    "deque",
    "boost/any.hpp",
    "string",
    "climits",
    "cstring",
    "iostream",
    "sstream",
    "fstream",
)
# What every program may use without including it (reference harness, its import helper).
IMPORTS = "using namespace std;\n" + "".join(f"#include<{header}>\n" for header in _HEADERS)


def assemble(_problem: "Problem", candidate: str, _profile: Profile) -> str:
    """Put the include block before the candidate, without a main function of the candidate's own."""
    return (IMPORTS + candidate.split("int main")[0]).strip()


CPP = Language(
    name="cpp",
    title="C++",
    task_prefix="CPP",
    extension="cpp",
    stop_words=(),
    cut=cut_braces,
    is_complete=braces_complete(1),
    assemble=assemble,
)
