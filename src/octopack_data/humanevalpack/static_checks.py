"""Faults that a problem's texts show without being run."""

import ast
import re
from collections.abc import Callable, Iterator, Sequence

from humanevalpack.completions.items import blanked, uses
from humanevalpack.errors import InputError
from humanevalpack.languages import get_language
from humanevalpack.problems import Problem
from octopack_data.humanevalpack.comma import lost_values
from octopack_data.humanevalpack.descriptions import describe, instruction
from octopack_data.humanevalpack.faults import Fault
from octopack_data.humanevalpack.rows import rust_description

Found = Iterator[tuple[str, str]]
"""(kind, what) of each fault."""

_ASSERTION = {
    "python": r"\bassert\b|\braise\b",
    "js": r"\bassert\b|\bthrow\b",
    "cpp": r"\bassert\s*\(|\babort\s*\(",
    "java": r"\bthrow\b|\bassert\b",
    "go": r"\bassert\.\w|\bt\.(?:Error|Fatal|Fail)",
    "rust": r"\b(?:debug_)?assert(?:_eq|_ne)?!|\bpanic!",
}
_TEST_FUNCTION = {"python": r"^def (\w+)", "js": r"^(?:const|let|var|function)\s+(\w+)\s*(?:=\s*(?:\(|function)|\()"}
# A generator without a seed. C's rand() draws the same numbers in every run unless somebody seeds it with the time.
_CHANCE = {
    "python": r"\b(?:random|randint|randrange|choice|shuffle|uniform)\(",
    "js": r"\bMath\.random\(",
    "cpp": r"\brandom_device\b|\bsrand\s*\(\s*time\b",
    "java": r"\bMath\.random\(|new Random\(\s*\)|\bThreadLocalRandom\b",
    "go": r"\brand\.(?:Int|Float|Perm|Shuffle)\w*\(",
    "rust": r"\bthread_rng\(|\brand::random\b",
}
_SEED = {"python": r"\bseed\(|\bRandom\(\d", "go": r"\brand\.(?:Seed|New)\(\s*(?:rand\.NewSource\(\s*)?\d"}
_GO_IMPORTS = re.compile(r'^import\s*(?:\([^)]*\)|"[^"]+")', re.MULTILINE)
_SHARED_TEXTS = ("prompt", "canonical_solution", "test", "docstring")
_FILLED = ("prompt", "canonical_solution", "buggy_solution", "docstring", "instruction")


def static_faults(problems: Sequence[Problem]) -> Iterator[Fault]:
    """Yield the faults in the texts of one language's problems, in order."""
    seen: dict[tuple[str, str], str] = {}
    for problem in problems:
        for check in _CHECKS:
            for kind, what in check(problem):
                yield Fault(problem.language, problem.task_id, kind, what)
        for column in _SHARED_TEXTS:
            text = " ".join(getattr(problem, column).split())
            other = seen.setdefault((column, text), problem.task_id)
            if other != problem.task_id and text:
                yield Fault(problem.language, problem.task_id, "duplicate", f"{column} is that of {other}, too")


def _empty(problem: Problem) -> Found:
    row = problem.row()
    empty = [column for column in _FILLED if not row[column].strip()]
    if empty:
        yield "empty", ", ".join(empty)


def _carriage_return(problem: Problem) -> Found:
    columns = [column for column, text in problem.row().items() if "\r" in text]
    if columns:
        yield "carriage_return", f"in {', '.join(columns)}"


def _entry_point(problem: Problem) -> Found:
    without = [
        column for column in ("declaration", "prompt", "test") if not uses(_code(problem, column), problem.entry_point)
    ]
    if without:
        yield "entry_point", f"{problem.entry_point!r} is no name in the code of {', '.join(without)}"


def _code(problem: Problem, column: str) -> str:
    text: str = getattr(problem, column)
    return text if problem.language == "python" else blanked(text, get_language(problem.language))


def _description(problem: Problem) -> Found:
    row = problem.row()
    if problem.language == "rust":
        row["prompt"] = rust_description(problem.declaration, problem.prompt)
    try:
        signature, docstring = describe(row, problem.language, problem.entry_point)
    except InputError as error:
        yield "description", str(error).removeprefix(f"{problem.task_id}: ")
        return
    made = {"signature": signature, "docstring": docstring}
    made["instruction"] = instruction(problem.language, problem.signature, problem.docstring)
    for column, text in made.items():
        if row[column] != text:
            yield "description", f"{column}: {_difference(row[column], text)}"


def _difference(there: str, expected: str) -> str:
    for line, wanted in zip(there.split("\n"), expected.split("\n"), strict=False):
        if line != wanted:
            return f"{line[:60]!r}, where the prompt gives {wanted[:60]!r}"
    return f"{there.count(chr(10)) + 1} lines, where the prompt gives {expected.count(chr(10)) + 1}"


def _unused_import(problem: Problem) -> Found:
    if problem.language == "python":
        code = problem.prompt + problem.canonical_solution
        try:
            names = _python_imports(ast.parse(problem.prompt + "    pass\n"))
        except SyntaxError:
            return
        unused = [name for name in names if len(re.findall(rf"\b{re.escape(name)}\b", code)) < 2]
    elif problem.language == "go":
        imports = _GO_IMPORTS.findall(problem.prompt)
        packages = re.findall(r'"([^"]+)"', " ".join(imports))
        whole = _GO_IMPORTS.sub("", problem.prompt) + problem.canonical_solution + problem.test
        code = blanked(whole, get_language("go"))
        unused = [package for package in packages if not uses(code, package.rpartition("/")[2])]
    else:
        return  # one block of imports stands before every problem there, used or not, and no compiler minds
    for name in unused:
        yield "unused_import", f"{name} is imported, and neither the solution nor the signature uses it"


def _python_imports(tree: ast.Module) -> list[str]:
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return [(alias.asname or alias.name).split(".")[0] for node in nodes for alias in node.names if alias.name != "*"]


def _same_solution(problem: Problem) -> Found:
    if _words(problem, problem.canonical_solution) == _words(problem, problem.buggy_solution):
        yield "same_solution", "buggy_solution is canonical_solution"


def _words(problem: Problem, code: str) -> list[list[str]]:
    """Return code without the white space that means nothing: in Python a line's indentation does."""
    if problem.language != "python":
        return [code.split()]
    lines = (line.expandtabs() for line in code.split("\n") if line.strip())
    return [[line[: len(line) - len(line.lstrip())], *line.split()] for line in lines]


def _chance_in_test(problem: Problem) -> Found:
    code, seed = _code(problem, "test"), _SEED.get(problem.language)
    found = re.search(_CHANCE[problem.language], code)
    if found and not (seed and re.search(seed, code)):
        yield "chance_in_test", f"{found[0]}…) without a seed: other values in every run"


def _no_assertion(problem: Problem) -> Found:
    for column in ("test", "example_test"):
        code = _code(problem, column)
        if column == "example_test" and code.strip() in ("", "None"):  # the data has no examples here
            continue
        if not re.search(_ASSERTION[problem.language], code):
            yield "no_assertion", f"{column} holds none"
        for name in re.findall(_TEST_FUNCTION.get(problem.language, r"(?!)"), code, re.MULTILINE):
            if len(re.findall(rf"\b{re.escape(name)}\b", code)) == 1:
                yield "no_assertion", f"nothing calls {name} in {column}"


def _lost_comparison(problem: Problem) -> Found:
    if problem.language != "js":
        return
    for column in ("canonical_solution", "test", "example_test"):
        lost = list(lost_values(getattr(problem, column)))
        if lost:
            yield "lost_comparison", f"{len(lost)} in {column}, first: {' '.join(lost[0].split())[:80]}"


_CHECKS: tuple[Callable[[Problem], Found], ...] = (
    _empty,
    _carriage_return,
    _entry_point,
    _description,
    _unused_import,
    _same_solution,
    _chance_in_test,
    _no_assertion,
    _lost_comparison,
)
