"""Java in chat answers: the method may stand in any class or none; the test looks for it in ``class Solution``."""

import re
import textwrap

from humanevalpack.completions.items import Item, blanked, join_items, split_items, uses
from humanevalpack.languages import get_language
from humanevalpack.problems import Problem

_JAVA = get_language("java")
_CLASS = re.compile(
    r"(?:(?:public|private|protected|static|final|abstract|sealed|strictfp)\s+)*(?:class|interface|enum|record)\s+(\w+)"
)
_PUBLIC = re.compile(
    r"^((?:\s*@\w+)*\s*)(?:(?:public|private|protected|static)\s+)+(?=(?:\w+\s+)*?(?:class|interface|enum|record)\b)"
)
_SOLUTION, _TEST = "Solution", "Main"


def method_name(problem: Problem) -> str:
    """Return the name of the method that the declaration leaves open."""
    items = _declared_methods(problem)
    return items[-1].name if items and items[-1].name else problem.entry_point


def has_method(silent: str, name: str) -> bool:
    """Whether blanked text defines the method, in whatever class."""
    return (
        re.search(rf"[\w>\]]\s+{re.escape(name)}\s*\([^;{{}}]{{0,2000}}\)\s*(?:throws[\w\s,.]+)?\{{", silent)
        is not None
    )


def complete_program(problem: Problem, code: str) -> str:
    """Return a program with the method in ``class Solution`` and the declaration's imports, without its tests."""
    name = method_name(problem)
    items = [item for item in split_items(code, _JAVA) if not item.code.startswith("package ")]
    imports = [item for item in items if item.code.startswith("import ")]
    classes = [item for item in items if _CLASS.match(item.code)]
    loose = [item for item in items if item.name and item not in classes and item.name != "main"]
    holder = next((item for item in reversed(classes) if has_method(item.code, name)), None)
    others = [item for item in classes if item is not holder and not (item.name == _TEST or _is_test(item))]
    if holder is None or any(item.name == name for item in loose):
        body = textwrap.indent(join_items(loose).strip("\n"), "    ")
        text = f"class {_SOLUTION} {{\n{body}\n}}"
    else:
        text = _PUBLIC.sub(r"\1", holder.text, count=1)
        if holder.name != _SOLUTION and not any(item.name == _SOLUTION for item in others):
            text = re.sub(rf"\b{holder.name}\b", _SOLUTION, text)
    text = _with_helpers(text, problem)
    given = [line for line in _imports(problem).split("\n") if line.strip() not in code]
    parts = ["\n".join(given), join_items(imports), text, *(_PUBLIC.sub(r"\1", item.text, count=1) for item in others)]
    return "\n".join(part.strip("\n") for part in parts if part.strip())


def _is_test(item: Item) -> bool:
    return "@Test" in item.code


def _imports(problem: Problem) -> str:
    return problem.declaration.partition(f"class {_SOLUTION}")[0]


def _declared_methods(problem: Problem) -> list[Item]:
    body = problem.declaration.rstrip().partition("{")[2]
    return split_items(textwrap.dedent(body.strip("\n")), _JAVA)


def _with_helpers(text: str, problem: Problem) -> str:
    """Put methods of the declaration that the answer uses and has left out behind the class's first bracket."""
    silent = blanked(text, _JAVA)
    lacking = [
        item.text
        for item in _declared_methods(problem)[:-1]
        if item.name and uses(silent, item.name) and not has_method(silent, item.name)
    ]
    if not lacking:
        return text
    place = silent.index("{") + 1
    return text[:place] + "\n" + textwrap.indent("\n".join(lacking).strip("\n"), "    ") + text[place:]
