"""Where the trusted test of a Rust program begins, and what makes it mean what it says whatever stands before it.

The code before the test shares its crate: it can define macros, functions and modules with the names that the test
uses. So the names that the test means to have from the standard library are brought back, the end of each test function
is counted (by guard.rs, under a name that nobody knows), and symbols of the program's own stay out of the link.

Nothing that is put into the text may hold a quote or the end of a comment: it could end what the code left open.
"""

from __future__ import annotations

import re

_BEGINS = re.compile(r"^[ \t]*#\[cfg\(test\)\]", re.MULTILINE)
_GAP = r"(?:\s|//[^\n]*\n)*"
_ATTRIBUTE = r"#\[(?:[^\[\]]|\[[^\[\]]*\])*\]"
_FUNCTION = re.compile(
    rf"(?P<attributes>(?:{_ATTRIBUTE}{_GAP})*?#\[test\]{_GAP}(?:{_ATTRIBUTE}{_GAP})*)(?:pub\s+)?"
    r"fn\s+\w+\s*\(\s*\)[^{;]*\{"
)
_MODULE = re.compile(r"\bmod\s+\w+\s*\{")
_USE = re.compile(r"\buse\b[^;]*;")
_MACROS = frozenset(
    "assert assert_eq assert_ne debug_assert debug_assert_eq debug_assert_ne eprint eprintln format matches panic "
    "print println todo unimplemented unreachable vec".split()
)
_NAMES = {
    **dict.fromkeys("Some None Option".split(), "option"),
    **dict.fromkeys("Ok Err Result".split(), "result"),
    **dict.fromkeys("HashMap HashSet BTreeMap BTreeSet BinaryHeap LinkedList VecDeque".split(), "collections"),
    **dict.fromkeys("bool char str f32 f64 i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize".split(), "primitive"),
    "String": "string",
    "Vec": "vec",
    "Box": "boxed",
    "Any": "any",
}
"""A name that tests use -> its module in the standard library."""
_VARIANTS = {"Some": "Option", "None": "Option", "Ok": "Result", "Err": "Result"}
_CRATES = ("rand", "md5", "regex")
_SYMBOLS = re.compile(r"no_mangle|export_name|link_section|link_name|linkage|global_asm|no_main")
_RENAMED = re.compile(r"\bextern\b(?!\s*\")(?!\s+crate\s+\w+\s*;)")
_OWN_COMPARISONS = re.compile(
    r"\bPartial(?:Eq|Ord)\s*(?:::\s*)?<|\bPartial(?:Eq|Ord)\s+as\b"
    r"|\bimpl\b[^{;]*\b(?:Add|Sub|Mul|Div|Rem|Neg|Not|BitAnd|BitOr|BitXor|Deref|Index|IntoIterator|Iterator)\b"
    r"|\bmacro_rules\b(?s:.*)\bPartial(?:Eq|Ord)\b"
)
"""What a type needs that compares with those of the test; an ordinary comparison with itself is not among it."""


_CALL = re.compile(r"(?<![\w.:!])(?<!#\[)(?P<name>[a-z_]\w*)(?=\s*\()")
_NO_CALL = frozenset("as else fn for if in let loop match move return unsafe use where while".split())


def guarded(text: str, guard: str) -> str:
    """Return the text that is compiled; ``guard`` is the name of the crate made from guard.rs."""
    begins = [found.start() for found in _BEGINS.finditer(text)]
    at = begins[-1] if begins else 0
    code, test = text[:at], text[at:]
    if trouble := _refusal(code, test):
        return f'compile_error!("{trouble}");\n{text}'
    if _OWN_COMPARISONS.search(code) and not _expected_types(code, test):
        test = _plainly(test, guard)
    linked = f"extern crate {guard} as _; #[used] static _HUMANEVALPACK: extern fn() -> i32 = ::{guard}::finished;"
    if not begins:
        return f"{_counted(test, guard)}\n{linked}\n"
    # the constant takes an attribute that hangs in the air: it could switch the tests off
    return f"{code}const _: () = (); {linked} {_macros(test, guard)}{_with_names(_counted(test, guard), guard)}"


def _refusal(code: str, test: str) -> str:
    if symbol := _SYMBOLS.search(code):
        return f"{symbol[0]}: a program that brings symbols of its own into the link is not judged"
    if _RENAMED.search(code) and any(re.search(rf"\b{crate}\b", test) for crate in _CRATES):
        return "extern crate: a program that renames crates is not judged by a test that uses one"
    return ""


def _expected_types(code: str, test: str) -> set[str]:
    """Return the types of the program's own that the test itself names (problem 137 of the data has one)."""
    named = set(re.findall(r"(?<![\w:])([A-Z]\w*)::", test)) - set(_NAMES)
    return {name for name in named if re.search(rf"\b(?:enum|struct)\s+{name}\b", code)}


def _macros(test: str, guard: str) -> str:
    used = _MACROS & set(re.findall(r"\b(\w+)!", test)) | {"assert", "assert_eq", "assert_ne"}
    again = "macro_rules! {0} {{ ($($t:tt)*) => {{ ::{1}::real::{0}!($($t)*) }} }} "
    return "".join(again.format(name, guard) for name in sorted(used))


def _with_names(test: str, guard: str) -> str:
    """Import the names of the standard library that the test uses: an import goes before what ``super::*`` brings."""
    module = _MODULE.search(test)
    if module is None:
        return test
    own = " ".join(_USE.findall(test))
    lines = []
    for name, where in _NAMES.items():
        free = rf"(?<![\w:.]){name}\b" + (r"(?!::)" if where == "primitive" else "")
        if re.search(free, test) and not re.search(rf"\b{name}\b", own):
            where = f"{where}::{_VARIANTS[name]}" if name in _VARIANTS else where
            lines.append(f"use ::{guard}::real::{where}::{name};")
    crates = [crate for crate in _CRATES if re.search(rf"(?<![\w:.]){crate}::", test) and crate not in own]
    lines += [f"use ::{crate};" for crate in crates]
    if "rand" in crates:  # another trait's methods would be as good as its own
        lines.append("use ::rand::Rng as _;")
    return f"{test[: module.end()]} {' '.join(lines)}{test[module.end() :]}"


def _counted(test: str, guard: str) -> str:
    functions = list(_FUNCTION.finditer(test))
    total = sum("#[ignore" not in function["attributes"] for function in functions)
    for function in reversed(functions):
        may_panic = "true" if "#[should_panic" in function["attributes"] else "false"
        counter = f" let _humanevalpack = ::{guard}::Test::begins({total}, {may_panic});"
        test = test[: function.end()] + counter + test[function.end() :]
    return test


def _plainly(test: str, guard: str) -> str:
    """Let the functions that the test calls return types of the standard library only."""
    own = set(re.findall(r"\b(?:fn|let|let\s+mut)\s+(\w+)", test)) | _NO_CALL
    return _CALL.sub(lambda call: call[0] if call["name"] in own else f"::{guard}::plainly({call['name']})", test)
