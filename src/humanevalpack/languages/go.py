"""Go: the answer ends where the function's bracket closes; the imports are put together from what is used."""

import re
from typing import TYPE_CHECKING

from humanevalpack.languages.base import Language, Profile, braces_complete, cut_braces, keep_helpers, quiet_spans

if TYPE_CHECKING:
    from humanevalpack.problems import Problem

# The packages that a program may use without importing them (reference harness, its import helper).
_PACKAGES = ("math", "strings", "fmt", "strconv", "time", "bytes", "regexp", "sort", "math/rand", "crypto/md5")
_HELPER = re.compile(r"\s*(?:func|type)\s+(?:\([^)]*\)\s*)?(?P<name>\w+)")
_IMPORTS = re.compile(r"^import\s*\(\n(?:\s*\"[^\"]+\"\s*\n)*\s*\)|^import\s+\"[^\"]+\"", re.MULTILINE)


def cut(text: str, profile: Profile) -> str:
    """Cut behind the function; the profile ``fixed`` keeps helper functions that follow it (problem 72)."""
    return keep_helpers(text, _HELPER) if profile == "fixed" else cut_braces(text, profile)


def _uses(text: str, package: str) -> bool:
    name = package.rpartition("/")[2] + "."
    return any(name in line for line in text.split("\n") if not line.strip().startswith("//"))


def assemble(problem: "Problem", candidate: str, profile: Profile) -> str:
    """Put the test's package line and imports, then imports of other packages that are used, before the candidate.

    The profile ``reference`` writes the last part of a package's path only, as the reference does (``math/rand`` does
    not build then); ``fixed`` writes whole paths and drops imports that nothing uses (problem 27).
    """
    candidate = candidate.replace("package main", "")
    setup = problem.test_setup
    for line in setup.split("\n"):
        if line.strip().startswith('"') and line.strip() in candidate:
            setup = setup.replace(line.strip(), "")
    whole = setup + candidate + "\n" + problem.test
    missing = [package for package in _PACKAGES if f'"{package}"' not in whole and _uses(whole, package)]
    if profile == "fixed":
        candidate = _drop_unused_imports(candidate, whole)
        written = missing
    else:
        written = [package.rpartition("/")[2] for package in missing]
    block = "import (\n" + "".join(f'    "{package}"\n' for package in written) + ")\n" if written else ""
    return setup + "\n" + block + candidate


def _drop_unused_imports(candidate: str, whole: str) -> str:
    body = _IMPORTS.sub("", whole)

    def used(match: re.Match[str]) -> str:
        quoted = re.findall(r"\"[^\"]+\"", match[0])
        kept = [path for path in quoted if path.strip('"') not in _PACKAGES or _uses(body, path.strip('"'))]
        return "import (\n" + "".join(f"    {path}\n" for path in kept) + ")" if kept else ""

    return _IMPORTS.sub(used, candidate)


GO = Language(
    name="go",
    title="Go",
    task_prefix="Go",
    extension="go",
    stop_words=("\n//", "\nfunc main(", "struct", "\nfunc"),
    cut=cut,
    is_complete=braces_complete(1, helpers=True),
    assemble=assemble,
    fence_names=("go", "golang"),
    quiet=quiet_spans(r"`[^`]*`"),
    defines=(
        re.compile(r"func\s+(?P<name>\w+)"),
        re.compile(r"(?:type|var|const)\s+(?P<name>\w+)"),
    ),
)
