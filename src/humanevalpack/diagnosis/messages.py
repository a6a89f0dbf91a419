"""What compilers and interpreters say of a program: does it compile, and which names does it miss?"""

import re

from humanevalpack.results import ScoredSample

_BROKEN_JS = re.compile(r"^SyntaxError: (.*)$", re.MULTILINE)
_PLACE = re.compile(r"^\S+\.(?:py|js|java|go|rs|cpp|cc|h)(?::\d+)+:?\s*|\s*\((?:<program>|[^()\s]+), line \d+\)$")
_LINE = re.compile(r"\bon line \d+")
_QUOTED = re.compile(r"(?P<open>[‘'\"`])[^‘’'\"`\s]{2,}(?P<close>[’'\"`])")
_TEST = re.compile(r"\bTest\w+")
_LENGTH = 90
_IMPORT = re.compile(
    r"^[ \t]*(?:(?:import|from|#include|using|(?:pub )?use|extern crate)\b.*|.*\brequire\(.*|(?:\w+ )?\"[\w./-]+\")$",
    re.MULTILINE,
)
_HELPER = re.compile(
    r"\b(?:def|func|fn|function|class|struct|enum|interface|type|trait|record|const|let|var)\s+(?:mut\s+)?(\w+)"
    r"|^[ \t]*(?:[\w<>\[\]:,&*]+ )+[&*]?(\w+)\([^()]*\)\s*\{",
    re.MULTILINE,
)

_MISSING = {
    "python": (r"name '(\w+)' is not defined", r"No module named '([\w.]+)'"),
    "js": (r"ReferenceError: ([\w$]+) is not defined", r"Cannot find module '([^']+)'"),
    "java": (r"symbol:\s+\w+ (\w+)", r"package ([\w.]+) does not exist"),
    "go": (r"undefined: ([\w.]+)", r"\"([\w/.]+)\" imported and not used"),
    "cpp": (
        r"[‘'](\w+)[’'] was not declared in this scope",
        r"[‘'](\w+)[’'] is not a member of",
        r"fatal error: (\S+): No such file",
    ),
    "rust": (
        r"cannot find [\w ]+ `(\w+!?)` in",
        r"unresolved import `([\w:]+)`",
        r"undeclared (?:crate or module|type) `(\w+)`",
    ),
}


def compiler_message(sample: ScoredSample) -> str | None:
    """Return what a compiler said, without the places and names of this one program; None if it had no complaint.

    JavaScript has no compiler: what node cannot parse counts as not compiled.
    """
    verdict = sample.verdict
    if verdict is None:
        return None
    if verdict.status == "compile_error":
        return normalised(verdict.reason)
    broken = _BROKEN_JS.search(verdict.output) if sample.language == "js" else None
    return normalised(broken[0]) if broken and verdict.status == "runtime_error" else None


def normalised(message: str) -> str:
    """Return a compiler's message so that equal mistakes in different programs read alike."""
    line = next((line for line in message.strip().split("\n") if line.strip()), "")
    line = _PLACE.sub("", _PLACE.sub("", line.strip()))
    line = re.sub(r"^(?:fatal )?error(?:\[\w+\])?:\s*", "", line)
    line = _TEST.sub("Test…", _QUOTED.sub(r"\g<open>…\g<close>", _LINE.sub("on line …", line)))
    return line if len(line) <= _LENGTH else line[: _LENGTH - 1] + "…"


def missing_name(sample: ScoredSample) -> str | None:
    """Return the name, module or import that a program lacks (or, in Go, has too many); None if it lacks none."""
    verdict = sample.verdict
    if verdict is None or verdict.status not in ("compile_error", "runtime_error", "failed"):
        return None
    for pattern in _MISSING[sample.language]:
        if found := re.search(pattern, f"{verdict.reason}\n{verdict.output}"):
            return found[1]
    return None


def could_be_cut_off(name: str, sample: ScoredSample) -> bool:
    """Whether a missing name stood somewhere: in the prompt, or as an import or a helper in the whole answer.

    What a model made up stands nowhere, and what has one letter is a slip of its own.
    """
    bare = name.rstrip("!")
    word = re.compile(rf"(?<!\w){re.escape(bare)}(?!\w)")
    if len(bare) == 1:
        return False
    imports = "\n".join(_IMPORT.findall(sample.generation))
    helpers = {first or second for first, second in _HELPER.findall(sample.generation)}
    return bare in helpers or word.search(imports) is not None or word.search(sample.prompt) is not None
