"""C++, Go, Java, JavaScript and Rust in chat answers: the function in a text, and the program without its own tests."""

import re
import textwrap
from collections.abc import Callable, Sequence

from humanevalpack.completions import java_code, rust_code
from humanevalpack.completions.items import Item, blanked, join_items, split_items, uses
from humanevalpack.languages import get_language
from humanevalpack.languages.base import cut_at_closing_bracket
from humanevalpack.problems import Problem

_GO_TEST = re.compile(r"func\s+(?:Test|Benchmark|Example|Fuzz)\w*\s*\(")
_GO_IMPORT = re.compile(r"(?P<alias>(?!import\b)[\w.]+[ \t]+)?\"(?P<path>[^\"\n]+)\"")
_JS_FUNCTION = re.compile(r"\bfunction\b|=>|=\s*[A-Za-z_$][\w$.]*\s*(?:;|$)|\bclass\b")
_JS_DEFINES = re.compile(r"(?:async|function|class|const|let|var|import)\b|[\w$]+(?:\.[\w$]+)*\s*=(?!=)")
_JS_EXPORTS = re.compile(r"(?:module\.)?exports\b|export\s*\{")
_JS_EXPORT = re.compile(r"^export\s+(?:default\s+)?", re.MULTILINE)


def function_name(problem: Problem) -> str:
    """Return the name of the function that the tests call: the one that the declaration leaves open."""
    language = get_language(problem.language)
    if language.name == "java":
        return java_code.method_name(problem)
    names = [item.name for item in split_items(problem.declaration.rstrip(), language) if item.name]
    return names[-1] if names else problem.entry_point


def defines(problem: Problem, text: str) -> bool:
    """Whether the function stands in the text (whole or not): in Java in any class or none, else outermost."""
    name = function_name(problem)
    if problem.language == "java":
        return java_code.has_method(blanked(text, get_language("java")), name)
    items = [item for item in split_items(textwrap.dedent(text), get_language(problem.language)) if item.name == name]
    # A variable of the same name is no function.
    return any(problem.language != "js" or _JS_FUNCTION.search(item.code) for item in items)


def defined_names(problem: Problem, text: str) -> list[str]:
    """Return what the text defines at its outermost level."""
    items = split_items(textwrap.dedent(text), get_language(problem.language))
    return [item.name for item in items if item.name]


def is_body(problem: Problem, text: str) -> bool:
    """Whether the text can be what stands inside the function."""
    silent = blanked(text, get_language(problem.language))
    if _closes(silent):
        return True
    inside = re.sub(r"\{.*\}", "", silent, flags=re.DOTALL)
    return uses(inside, "return") or (uses(silent, "return") and not defined_names(problem, text))


def continues(problem: Problem, base: str, text: str) -> bool:
    """Whether an answer begins as the function's body: indented, or closing the bracket that the head has opened."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    if not first or defines(problem, text):
        return False
    return first.startswith(("  ", "\t")) or _closes(blanked(text, get_language(problem.language)))


def _closes(silent: str) -> bool:
    return cut_at_closing_bracket(silent, 1) is not None


def body(_problem: Problem, text: str) -> str:
    """Return a body as it stands behind the function's head: on a line of its own."""
    return "\n" + text.strip("\n").rstrip()


def with_body(problem: Problem, base: str, text: str) -> str:
    """Put a body behind the function's head, with as many closing brackets as it needs."""
    code = base.rstrip() + body(problem, text)
    silent = blanked(code, get_language(problem.language))
    missing = silent.count("{") - silent.count("}")
    while missing < 0 and code.endswith("}"):
        code, missing = code[:-1].rstrip(), missing + 1
    return code + "\n}" * missing


def complete(problem: Problem, text: str) -> str:
    """Return a program that holds the function as a candidate: with what it needs, without its own tests."""
    language = get_language(problem.language)
    code = textwrap.dedent(text).strip("\n")
    if language.name == "java":
        return java_code.complete_program(problem, code)
    tests = {item.name for item in split_items(problem.test, language)} | {"main"}
    items = [item for item in split_items(code, language) if item.name not in tests - {""}]
    items = _TIDY[language.name](items)
    names = {item.name for item in items if item.name}
    # What the declaration leaves open, its last item, is the function itself.
    declared = split_items(problem.declaration.rstrip(), language)[:-1]
    before = [item for item in declared if item.code and item.code != "fn main(){}" and item.name not in names]
    before = [item for item in before if item.name or item.text.strip() not in code]
    if language.name == "rust":
        items = rust_code.without_double_imports(items, before)
        return rust_code.with_every_line(join_items([*before, *items]).strip(), problem.declaration)
    return join_items([*before, *items]).strip()


def in_prose(problem: Problem, text: str) -> str | None:
    """Return the program that stands between sentences, with no fence around it; None if the function is not there."""
    language = get_language(problem.language)
    items = split_items(textwrap.dedent(text), language)
    holds = [place for place, item in enumerate(items) if item.name and defines(problem, item.text)]
    if not holds:
        return None
    first = last = holds[-1]
    while first > 0 and _is_code(items[first - 1]):
        first -= 1
    while last + 1 < len(items) and items[last + 1].name:
        last += 1
    return join_items(items[first : last + 1])


def _is_code(item: Item) -> bool:
    return (
        bool(item.name)
        or re.match(r"#\s*\w|using\b|typedef\b|import\b|use\b|package\b|extern\b|impl\b", item.code) is not None
    )


def _tidy_js(items: Sequence[Item]) -> list[Item]:
    """Keep definitions: whatever a program prints or runs by itself makes the test fail."""
    kept = [item for item in items if not item.code or (_JS_DEFINES.match(_JS_EXPORT.sub("", item.code)))]
    kept = [item for item in kept if not _JS_EXPORTS.match(item.code)]
    return [Item(_JS_EXPORT.sub("", item.text), item.code, item.name) for item in kept]


def _tidy_go(items: Sequence[Item]) -> list[Item]:
    """Drop the package's line, tests, and imports that are then used no more: Go does not build with these."""
    kept = [item for item in items if not item.code.startswith("package ") and not _GO_TEST.match(item.code)]
    silent = "\n".join(item.code for item in kept if not item.code.startswith("import"))

    def used(match: re.Match[str]) -> bool:
        parts = [part for part in match["path"].split("/") if not re.fullmatch(r"v\d+", part)]
        alias = (match["alias"] or parts[-1]).strip()
        return alias in ("_", ".") or re.search(rf"(?<![\w.]){re.escape(alias)}\.", silent) is not None

    found = [
        match
        for item in kept
        if item.code.startswith("import")
        for match in _GO_IMPORT.finditer(item.text)
        if used(match)
    ]
    lines = dict.fromkeys(f"    {match[0].removeprefix('import').strip()}" for match in found)
    block = [Item("import (\n" + "\n".join(lines) + "\n)\n", "import", "")] if lines else []
    return block + [item for item in kept if not item.code.startswith("import")]


def _tidy_rust(items: Sequence[Item]) -> list[Item]:
    return [item for item in items if not re.search(r"#\[(?:cfg\(test\)|test)\]", item.attributes)]


_TIDY: dict[str, Callable[[Sequence[Item]], list[Item]]] = {
    "cpp": list,
    "go": _tidy_go,
    "js": _tidy_js,
    "rust": _tidy_rust,
}
