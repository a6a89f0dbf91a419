"""May a Rust program be compiled as one module beside others? Conservative: what is not known here is refused.

Two things have to hold. Compiled as a module it means what it means as a crate of its own (no path from the crate's
root, no attribute of the whole crate, nothing that reads its own names). And it neither sees nor changes its siblings:
no code before main, no symbol that another could take, no trait implementation that could decide what another's types
are, no way to read the binary that all are in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .rust_tokens import NotShared, tokens

_ATTRIBUTES = frozenset("allow cold deprecated deny derive doc ignore inline must_use should_panic test warn".split())
_DERIVED = frozenset("Clone Copy Debug Default Eq Hash Ord PartialEq PartialOrd".split())
_WORDS = frozenset(
    # what reaches beyond the module, what reads names or files at compile time, and thread_local, which every thread
    # of the process would carry
    "async asm concat_idents env extern file global_asm include include_bytes include_str macro macro_rules "
    "module_path option_env thread_local type_name type_name_of_val unsafe $".split()
)
_STD = frozenset(
    "any array ascii assert assert_eq assert_ne borrow boxed cell char clone cmp collections convert debug_assert "
    "default error f32 f64 fmt format hash i128 i16 i32 i64 i8 io isize iter marker matches mem num ops option panic "
    "prelude print println primitive rc result slice str string sync thread time u128 u16 u32 u64 u8 usize vec".split()
)
"""What is taken from std: not the arguments and variables of the process, files, processes, foreign functions."""
_ENDS = {"{": "}", "(": ")", "[": "]"}
_DECLARATIONS = {"struct": "type", "enum": "type", "trait": "trait"}


def may_share(text: str) -> bool:
    """Whether the program may share a build."""
    try:
        found = ["", *tokens(text), *[""] * 8]
        _check_words(found)
        _check_std(found)
        _check_structure(found)
    except NotShared:
        return False
    return True


def _check_words(found: list[str]) -> None:
    for place, token in enumerate(found):
        if token in _WORDS:
            raise NotShared(token)
        if token == "crate" and found[place - 2 : place + 2] != ["pub", "(", "crate", ")"]:
            raise NotShared("a path from the crate's root")
        if token == "#":
            _check_attribute(found, place)


def _check_attribute(found: list[str], place: int) -> None:
    if found[place + 1] != "[":
        raise NotShared("an attribute of the whole crate")
    name, after = found[place + 2 : place + 4]
    if name == "cfg":
        if found[place + 3 : place + 7] != ["(", "test", ")", "]"]:
            raise NotShared("a condition other than cfg(test)")
    elif name not in _ATTRIBUTES or after not in ("(", "]", "="):
        raise NotShared(f"the attribute {name}")
    elif name == "derive":
        end = found.index("]", place) if "]" in found[place:] else place
        if after != "(" or not set(found[place + 4 : end - 1]) <= {*_DERIVED, ","}:
            raise NotShared("a derived trait that is not std's")


def _check_std(found: list[str]) -> None:
    for place, token in enumerate(found):
        if token in ("core", "alloc"):
            raise NotShared(token)
        if token != "std":
            continue
        first = found[place + 2]
        names = set(_first_names(found, place + 3)) if first == "{" else {first}
        if found[place + 1] != "::" or not names <= _STD:
            raise NotShared(f"std {found[place + 1]} {names}")


def _first_names(found: list[str], place: int) -> Iterator[str]:
    """Yield the first name of each path in a group whose opening brace is before ``place``."""
    depth, before = 1, ","
    while depth:
        token = found[place]
        if token == "":
            raise NotShared("a brace without its partner")
        if depth == 1 and before == "," and token != "}":
            yield token
        depth += {"{": 1, "}": -1}.get(token, 0)
        before, place = token, place + 1


@dataclass
class _Block:
    """What stands between two brackets; ``declared`` holds what is declared directly in it."""

    kind: str
    end: str
    declared: set[str] = field(default_factory=set)


def _check_structure(found: list[str]) -> None:
    """Follow modules and blocks: where ``super`` leads, and what is implemented for what."""
    blocks = [_Block("module", "")]
    implementations: list[tuple[int, _Block]] = []
    for place, token in enumerate(found):
        before = found[place - 1]
        block = blocks[-1]
        if token in _ENDS:
            blocks.append(_Block(_kind(found, place), _ENDS[token]))
        elif token in _ENDS.values():
            if blocks.pop().end != token:
                raise NotShared("a bracket without its partner")
        elif token == "super" and not _stays_inside(found, place, blocks):
            raise NotShared("super leads out of the program")
        elif token in _DECLARATIONS:
            block.declared.add(f"{_DECLARATIONS[token]} {found[place + 1]}")
        elif token == "impl" and before in ("", ";", "{", "}", "]"):
            implementations.append((place, block))
    if len(blocks) != 1:
        raise NotShared("a bracket without its partner")
    for place, block in implementations:
        _check_implementation(*_trait_and_type(found, place + 1), block)


def _kind(found: list[str], place: int) -> str:
    if found[place] == "{":
        if found[place - 1] in ("::", "use"):
            return "use"
        if found[place - 2] == "mod":
            return "module"
    return "other"


def _stays_inside(found: list[str], place: int, blocks: list[_Block]) -> bool:
    kinds = [block.kind for block in blocks]
    steps = 1
    while found[place - 2 * steps : place - 2 * steps + 2] == ["super", "::"]:
        steps += 1
    return "use" not in kinds and steps < kinds.count("module")


def _trait_and_type(found: list[str], place: int) -> tuple[list[str], list[str]]:
    """Return the two sides of ``impl TRAIT for TYPE`` without what stands in angle brackets."""
    sides: list[list[str]] = [[]]
    depth = 0
    while depth or found[place] not in ("{", "where"):
        token = found[place]
        if token in ("", "{"):
            raise NotShared("an implementation that is not understood")
        depth -= token == ">"
        if depth == 0 and token == "for":
            sides.append([])
        elif depth == 0 and token not in "<>":
            sides[-1].append(token)
        depth += token == "<"
        place += 1
    return sides[0], [token for side in sides[1:] for token in ("", *side)][1:]


def _check_implementation(trait: list[str], kind: list[str], block: _Block) -> None:
    """A trait or a type of its own, declared in the same module: no sibling's types are inferred from it."""
    if block.kind != "module":
        raise NotShared("an implementation inside a block")
    own = [f"trait {trait[0]}"] if len(trait) == 1 else []
    own += [f"type {kind[0]}"] if len(kind) == 1 else []
    if kind and not block.declared.intersection(own):
        raise NotShared("an implementation of a foreign trait for a foreign type")
