"""Rust's imports: a name that the declaration imports and the answer too would not build."""

import re
from collections.abc import Iterator, Sequence

from humanevalpack.completions.items import Item

_MOST_NESTED = 50
_USE = re.compile(r"\s*(?:pub\s+)?use\s+(?P<tree>[^;]+);")


def without_double_imports(items: Sequence[Item], before: Sequence[Item]) -> list[Item]:
    """Return the answer's items without imports of names that ``before``, or an earlier item, brings in."""
    known = {name for item in before for _, name in imported(item.code)}
    kept = []
    for item in items:
        uses = list(imported(item.code))
        if not uses:
            kept.append(item)
            continue
        fresh = [(path, name) for path, name in uses if name not in known]
        known |= {name for _, name in fresh if name != "_"}
        if len(fresh) == len(uses):
            kept.append(item)
        elif fresh:
            kept.append(Item("\n".join(f"use {path};" for path, _ in fresh), item.code, ""))
    return kept


def with_every_line(candidate: str, declaration: str) -> str:
    """Keep lines of the declaration from being put back: building a program adds every one that a candidate lacks.

    A function that the answer writes anew has other lines. A comment that holds the old ones is all it takes.
    """
    lines = [line.strip() for line in declaration.split("\n")]
    lacking = [line for line in lines if line not in candidate and not _is_head_of(line, candidate)]
    return "\n".join(["/* Written anew below:", *lacking, "*/", candidate]) if lacking else candidate


def _is_head_of(line: str, candidate: str) -> bool:
    return line.startswith("fn") and line.split("(")[0] in candidate


def imported(code: str) -> Iterator[tuple[str, str]]:
    """Yield (path, name that it brings in) for every import in an item; a glob brings in no known name."""
    match = _USE.match(code)
    if match and match["tree"].count("{") <= _MOST_NESTED:
        yield from _leaves(match["tree"].strip(), "")


def _leaves(tree: str, prefix: str) -> Iterator[tuple[str, str]]:
    head, brace, rest = tree.partition("{")
    if brace:
        for part in _parts(rest.rpartition("}")[0]):
            yield from _leaves(part, prefix + head.strip())
        return
    path, _, alias = tree.partition(" as ")
    path = path.strip()
    whole = prefix + path if path != "self" else prefix.rstrip(":")
    name = alias.strip() or whole.rpartition("::")[2]
    written = f"{whole} as {alias.strip()}" if alias else whole
    yield written, "_" if name == "*" else name


def _parts(text: str) -> Iterator[str]:
    """Yield the parts between commas outside of brackets."""
    depth, start = 0, 0
    for place, character in enumerate(text + ","):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            if part := text[start:place].strip():
                yield part
            start = place + 1
