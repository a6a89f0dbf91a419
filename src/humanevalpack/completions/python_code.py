"""Python in chat answers: whether a text holds the function, and the program without what only tries it out."""

import ast
import re
import textwrap
import warnings
from collections.abc import Iterable, Iterator

from humanevalpack.problems import Problem

_PROSE = re.compile(r"\s*(?:[-*+>]\s|\d+[.)]\s)")
_STARTS_CODE = re.compile(r"(?:import|from|def|class|async def)\s+\w|@\w|[A-Za-z_]\w*\s*(?::[^=]*)?=[^=]")
_RUNS_TESTS = {"print", "input", "main", "check", "unittest", "doctest", "pytest", "pprint"}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)


def function_name(problem: Problem) -> str:
    """Return the name of the function that the tests call: the last one that the declaration begins."""
    found = re.findall(r"^def\s+(\w+)", problem.declaration, re.MULTILINE)
    return found[-1] if found else problem.entry_point


def defines(problem: Problem, text: str) -> bool:
    """Whether the function stands in the text, at its outermost level (whole or not)."""
    return _defines(textwrap.dedent(text), function_name(problem))


def _defines(code: str, name: str) -> bool:
    return (
        re.search(rf"^(?:async\s+)?def\s+{re.escape(name)}\s*\(|^{re.escape(name)}\s*=[^=]", code, re.MULTILINE)
        is not None
    )


def defined_names(_problem: Problem, text: str) -> list[str]:
    """Return the functions, classes and variables of the outermost level."""
    pattern = r"^(?:async\s+def\s+|def\s+|class\s+|(?=\w+\s*(?::[^=\n]*)?=[^=]))(\w+)"
    return re.findall(pattern, textwrap.dedent(text), re.MULTILINE)


def is_body(_problem: Problem, text: str) -> bool:
    """Whether the text is what stands inside a function, with or without its indentation."""
    tree = parsed("def _():\n" + textwrap.indent(textwrap.dedent(text), "    "))
    return tree is not None and _returns(tree.body[0])


def _returns(function: ast.AST) -> bool:
    """Whether the function itself returns something, not one inside of it."""
    nodes = list(ast.iter_child_nodes(function))
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, (*_DEFINITIONS, ast.Lambda)):
            nodes += ast.iter_child_nodes(node)
    return False


def continues(problem: Problem, base: str, text: str) -> bool:
    """Whether an answer begins as the function's body: indented, or what has lost its first indentation alone."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    if defines(problem, text) or not first:
        return False
    if first.startswith(("  ", "\t")):
        return not _PROSE.match(first)
    return is_body(problem, with_body(problem, "", text)) and parsed(with_body(problem, base, text)) is not None


def body(_problem: Problem, text: str) -> str:
    """Return a body as it stands behind the function's head: on a line of its own, indented as it needs to be."""
    text = text.strip("\n").rstrip()
    if text[:1] in (" ", "\t"):
        return "\n" + text
    # A model or a server may have taken white space off the whole: then the first line alone has lost its indentation.
    alone = "\n    " + text
    return alone if parsed("def _():" + alone) else "\n" + textwrap.indent(text, "    ")


def with_body(problem: Problem, base: str, text: str) -> str:
    """Put a body behind the function's head."""
    return base.rstrip() + body(problem, text)


def before_function(problem: Problem) -> str:
    """Return the imports and helpers that the declaration holds before the function itself."""
    heads = list(re.finditer(r"^def\s+\w+", problem.declaration, re.MULTILINE))
    return problem.declaration[: heads[-1].start()].strip("\n") if heads else ""


def complete(problem: Problem, text: str) -> str:
    """Return a program that holds the function as a candidate: the declaration's imports and helpers come first."""
    before = before_function(problem)
    kept = tidy(text, function_name(problem))
    return f"{before}\n\n\n{kept}" if before and before not in kept else kept


def tidy(code: str, name: str) -> str:
    """Return the program without its own tests and examples; what cannot be parsed loses its broken end, if it can."""
    code = textwrap.dedent(code).strip("\n")
    tree = parsed(code)
    if tree is None:
        code = _longest_that_parses(code, name)
        tree = parsed(code)
    if tree is None:
        return code.split("\nif __name__", 1)[0].rstrip()
    gone = {node for node in tree.body if _only_tries_out(node, name)}
    return _without(code, gone, [node for node in tree.body if node not in gone]).rstrip()


def in_prose(problem: Problem, text: str) -> str | None:
    """Return the program that stands between sentences, with no fence around it; None if the function is not there."""
    text, name = textwrap.dedent(text), function_name(problem)
    lines = text.split("\n")
    head = next((number for number, line in enumerate(lines) if _defines(line, name)), None)
    if head is None:
        return None
    start = head
    for number in range(head - 1, -1, -1):
        if _STARTS_CODE.match(lines[number]):
            start = number
        elif lines[number].strip() and lines[number][0] not in " \t#)]}":
            break
    return "\n".join(lines[start:])


def parsed(code: str) -> ast.Module | None:
    """Return the syntax tree; None if this is not Python, whatever the parser stumbles over."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _longest_that_parses(code: str, name: str) -> str:
    lines = code.split("\n")
    ends = [number for number, line in enumerate(lines) if line.strip() and line[0] not in " \t"]
    for end in reversed(ends[-50:]):
        shorter = "\n".join(lines[:end])
        if not _defines(shorter, name):
            break
        if parsed(shorter) is not None:
            return shorter
    return code


def _only_tries_out(node: ast.stmt, name: str) -> bool:
    """Whether an outermost statement is a test or an example: no definition, and the function or the output is used."""
    if isinstance(node, _DEFINITIONS):
        bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
        return node.name.startswith("test_") or any(base.endswith("TestCase") for base in bases)
    if isinstance(node, _IMPORTS):
        return False
    if isinstance(node, ast.Assert):
        return True
    read = set(_names(node, ast.Load))
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return name in read and name not in set(_names(node, ast.Store))
    return "__name__" in read or name in read or bool(read & _RUNS_TESTS)


def _names(node: ast.AST, context: type[ast.expr_context]) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, context):
            yield part.id


def _without(code: str, gone: Iterable[ast.stmt], kept: Iterable[ast.stmt]) -> str:
    """Return the code without the lines of some statements; lines that they share with others stay."""
    dropped = {number for node in gone for number in _lines(node)}
    dropped -= {number for node in kept for number in _lines(node)}
    return "\n".join(line for number, line in enumerate(code.split("\n"), start=1) if number not in dropped)


def _lines(node: ast.stmt) -> range:
    decorators = [line.lineno for line in getattr(node, "decorator_list", [])]
    return range(min([node.lineno, *decorators]), (node.end_lineno or node.lineno) + 1)
