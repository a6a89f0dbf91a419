"""C++: the answer ends where the function's bracket closes."""

import re
from typing import TYPE_CHECKING

from humanevalpack.languages.base import Language, Profile, braces_complete, cut_braces, quiet_spans

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
    fence_names=("cpp", "c++", "cc", "cxx", "hpp", "c++11", "c++14", "c++17", "c++20", "cpp11", "cpp17", "cpp20", "c"),
    quiet=quiet_spans(r'R"(?P<raw>[^(\s]*)\(.*?(?:\)(?P=raw)"|\Z)'),
    defines=(
        re.compile(r"(?:typedef\s+)?(?:struct|class|union|enum(?:\s+class)?)\s+(?P<name>\w+)\s*(?:final\s*)?[:{;]"),
        re.compile(r"(?!(?:return|else|if|for|while|switch|using|typedef)\b)[\w:<>,&*\s~]*?[\s&*>](?P<name>\w+)\s*\("),
        re.compile(r"#\s*define\s+(?P<name>\w+)"),
        re.compile(r"(?!(?:return|using|typedef)\b)[\w:<>,&*\s]*?[\s&*>](?P<name>\w+)\s*(?:\[[^]]*\]\s*)*[={;]"),
    ),
)
