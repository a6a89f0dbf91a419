"""Whether a C++ answer could change what its test means, and the form in which it cannot.

A candidate shares its file with the test: its macros, operators, overloads and types reach into it. Almost no honest
answer has any of these where the test could meet them (``is_plain``). One that has is judged twice: as it is, and in a
strict form, and has to pass in both, so that no fault of the strict form can turn a failure into a pass. In the strict
form the macros that the test's words stand for are gone, the test lives in a namespace of a random name where it sees
the standard library's functions and operators before any other, and the functions that it calls may return types of the
language and the standard library only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from secrets import token_hex

_BEGINS = re.compile(r"^#undef NDEBUG$", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_]\w*")
_CALL = re.compile(r"(?<![\w.:>])([A-Za-z_]\w*)\s*\(")
_DEFINED = re.compile(r"^\s*(?:[\w:]+(?:<[^;{}()]*>)?[\s&*]+)+(\w+)\s*\([^;{}]*\)\s*\{", re.MULTILINE)
_KEYWORDS = frozenset("if for while switch catch return sizeof not and or int assert main string vector".split())
_LIBRARY = frozenset(
    "abs fabs pow sqrt cbrt round floor ceil trunc fmod exp log log2 log10 isnan isinf max min sort reverse find count "
    "equal swap accumulate next prev distance unique copy fill rand srand time to_string stoi stol stod getline strlen "
    "strcmp strncmp memcmp strcpy memcpy memset printf puts putchar toupper tolower isalpha isdigit isupper islower "
    "make_pair".split()
)
"""Functions of namespace std that a test may call and that the import block declares."""
_BEFORE_CALL = frozenset("( , = + - / % < ! | ? : ; { } [ return else case throw not and or".split())
_LITERALS = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
_TRIGRAPHS = {"/": "\\", "=": "#", "'": "^", "(": "[", ")": "]", "!": "|", "<": "{", ">": "}", "-": "~"}
_DIGRAPHS = {"%:": "#", "<%": "{", "%>": "}"}
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<[\w./+-]+>", re.MULTILINE)
_RESERVED = r"__(?!gcd\b|lg\b|int128(?:_t)?\b|builtin_(?:popcount|clz|ctz|parity|ffs)(?:l|ll)?\b)"
_NOT_PLAIN = re.compile(
    rf"#|\boperator\b(?!\s*\(\s*\))|(?<!using)\s\bnamespace\b|\btemplate\s*<\s*>|\b(?:extern|asm|alignas|main|_Pragma)\b"
    rf"|\[\s*\[|\b\w*{_RESERVED}|R\"|\\"
)


def parts(text: str) -> tuple[str, str] | None:
    """Return (code, test), or None where the test does not begin as the data's tests do."""
    begins = [found.start() for found in _BEGINS.finditer(text)]
    return (text[: begins[-1]], text[begins[-1] :]) if begins else None


def has_one_end(text: str) -> bool:
    """Whether the test's main has one end only, the last bracket of the text."""
    found = parts(text)
    return found is not None and "}" in found[1] and "return" not in found[1].rpartition("main")[2]


def with_end(text: str, end: str) -> str:
    """Return the text with a call of ``end`` where its main ends."""
    at = text.rindex("}")
    return f"{text[:at]}{{ void {end}(); {end}(); }} {text[at:]}"


@lru_cache(maxsize=1)
def is_plain(text: str, block: str) -> bool:
    """Whether nothing before the test could change what the test means.

    A program that does not begin with ``block``, as every assembled one does, has no strict form and counts as plain.
    """
    found = parts(text)
    if found is None or not text.startswith(block):
        return True
    code, test = _visible(found[0].removeprefix(block)), found[1]
    called = names(test)
    if _NOT_PLAIN.search(" " + _INCLUDE.sub("", code)) or called.own & set(_WORD.findall(code)):
        return False
    return not any(_is_taken(name, code) for name in called.library)


def _visible(code: str) -> str:
    """Return the code as the compiler reads it, without comments and with empty literals."""
    code = re.sub(r"\?\?([/='()!<>-])", lambda found: _TRIGRAPHS[found[1]], code)
    code = re.sub(r"\\[ \t]*\n", "", code)
    if 'R"' in code:  # whose end is not where it seems: everything counts as visible
        return code
    code = _LITERALS.sub(lambda found: '""' if found[0][0] in "\"'" else " ", code)
    return re.sub("%:|<%|%>", lambda found: _DIGRAPHS[found[0]], code)


class Names:
    """The functions that a test calls: ``own`` are defined in it, ``library`` are std's, ``needed`` the program's."""

    def __init__(self, test: str) -> None:
        self.own = frozenset(_DEFINED.findall(test)) - {"main"}
        called = Counter(name for name in _CALL.findall(test) if name not in _KEYWORDS | self.own)
        self.library = frozenset(called) & _LIBRARY
        if self.library == set(called):  # the tested function has the name of one: it is what the test calls most
            self.library -= {name for name, _ in called.most_common(1)}
        self.needed = frozenset(called) - self.library


@lru_cache(maxsize=1)
def names(test: str) -> Names:
    """Return the functions that a test calls."""
    return Names(test)


def _is_taken(name: str, code: str) -> bool:
    """Whether a library function's name stands anywhere but in a plain call."""
    for found in re.finditer(rf"(\w+|[^\s\w])?\s*(?<!\w){name}\b\s*(\(?)", re.sub(r"\bstd\s*::\s*", "", code)):
        if found[2] != "(" or (found[1] or ";") not in _BEFORE_CALL:
            return True
    return False


_SPECIALISED = re.compile(r"\btemplate\s*<\s*>\s*([^;{]*)")
_QUALIFIED = re.compile(
    r"::\s*~?(?:\w+|operator\s*\S{1,3})\s*(?:<[^()]*>\s*)?\(|\b(?:struct|class|union)\s+(?:\w+\s*)?::"
)
_DEFINE = re.compile(r"#\s*(?:define|undef)\s+(\w+)")
_HASH = re.compile(r"\b(?:struct|class)\s+(?:(?:::\s*)?std\s*::\s*)?hash\b")
_ATTRIBUTES = frozenset(
    "unused always_inline noinline hot cold pure const fallthrough packed aligned optimize target flatten noreturn "
    "deprecated maybe_unused nodiscard likely unlikely gnu".split()
)
_PRAGMAS = re.compile(
    r"#\s*pragma\s+(?!once\b|omp\b|STDC\b|GCC\s+(?:optimize|target|diagnostic|ivdep|unroll|p\w+_options)\b)"
)


def trouble(code: str) -> str:
    """Return what the strict form cannot undo: code that reaches the linker, or the standard library itself."""
    code = _visible(code)
    if re.search(r"\b(?:asm|__asm|__asm__)\b", code):
        return "assembly can replace anything"
    if re.search(r'\bextern\s*"|\b_Pragma\b', code) or _PRAGMAS.search(code):
        return "a declaration that reaches the linker or the preprocessor's own state"
    for attributes in re.findall(r"__attribute(?:__)?([^;{]*)|\[\s*\[([^\]]*)\]\s*\]", code):
        words = {word.strip("_") for word in _WORD.findall(" ".join(attributes).split("))")[0])}
        if not words <= _ATTRIBUTES:
            return f"an attribute that is not known to be harmless: {' '.join(sorted(words - _ATTRIBUTES))}"
    if re.search(r"#\s*(?:include(?!\s*(?:<[\w./+-]+>|\"\"))|include_next|import)", code):
        return "an include that is not a header's name"
    for head in _SPECIALISED.findall(code):
        if _QUALIFIED.search(head) and not _HASH.search(head):
            return "a specialisation of something that is not the program's own"
    for name, body in _namespaces(code):
        if name.startswith(("std", "__", "boost")) and not _only_hashes(body):
            return f"an addition to namespace {name}"
    return ""


def _namespaces(code: str) -> Iterator[tuple[str, str]]:
    for found in re.finditer(r"\bnamespace\s+(\w+)[^;{]*\{", code):
        depth, at = 1, found.end()
        while depth and at < len(code):
            depth += {"{": 1, "}": -1}.get(code[at], 0)
            at += 1
        yield found[1], code[found.end() : at - 1]


def _only_hashes(body: str) -> bool:
    """Whether a piece of namespace std has nothing in it but specialisations of hash."""
    while "{" in body and (smaller := re.sub(r"\{[^{}]*\}", "", body)) != body:
        body = smaller
    items = [item for item in body.split(";") if item.strip()]
    return all(re.match(r"\s*template\s*<[^<>]*>\s*(?:struct|class)\s+hash\b", item) for item in items)


def strict(text: str, block: str, end: str | None) -> str:
    """Return the strict form of a program that is not plain; ``end`` is called where its main ends."""
    found = parts(text)
    assert found is not None, "a program whose test is not known is plain"
    code, test = found
    if problem := trouble(code.removeprefix(block)):
        return f"#error {problem}\n"
    begin = (
        code if "##" not in _visible(code) else code.replace(block, f"{block}#pragma GCC poison asm __attribute__\n", 1)
    )
    space, called = f"test_{token_hex(8)}", names(test)
    prelude = _PRELUDE.replace("SPACE", space)
    own = _INCLUDE.sub("", test)
    last = own.rindex("}")
    replaced = set(_DEFINE.findall(_visible(code))) & set(_WORD.findall(prelude + test)) - _widened(code)
    lines = [
        "\n",
        ";",
        *(f"#undef {word}" for word in sorted(replaced)),
        *(line for line in _INCLUDE.findall(test) if "assert.h" not in line),
        f"void {end}();" if end else "",
        prelude,
        *(f"using std::{name};" for name in sorted(called.library)),
        *(f"#define {name}(...) {space}::plainly({name}(__VA_ARGS__))" for name in sorted(called.needed)),
        own[:last] + (f"::{end}(); " if end else "") + "return 0;\n}\n}",
        f"int main() {{ return {space}::main(); }}\n",
    ]
    return begin + "\n".join(lines)


def _widened(code: str) -> set[str]:
    """Return the arithmetic types that the code replaces by wider ones: that makes no wrong answer right."""
    lines = re.findall(
        r"^[ \t]*#[ \t]*define[ \t]+(float|double|long)[ \t]+((?:long[ \t]+)?double|long[ \t]+long)[ \t]*$",
        code,
        re.MULTILINE,
    )
    return {name for name, _ in lines}


_OPERATORS = "== != < > <= >= + - * / % & | ^ && || << >> ,".split()
_ONE = ("vector", "list", "deque", "set", "multiset", "map", "multimap", "pair", "tuple", "basic_string")
_FORWARD = {"unordered_map": 5, "unordered_set": 4, "unordered_multimap": 5, "unordered_multiset": 4, "forward_list": 2}
_PARTS = ("allocator", "less", "greater", "char_traits", "hash", "equal_to", "initializer_list")
_PRELUDE = (
    'extern "C" [[noreturn]] void __assert_fail(const char *, const char *, unsigned, const char *) noexcept;\n'
    "namespace std {\n"
    + "".join(f"template<{', '.join(['class'] * count)}> class {name};\n" for name, count in _FORWARD.items())
    + "}\nnamespace SPACE {\nstruct Nothing {};\n"
    + "".join(f"void operator{sign}(Nothing, Nothing);\n" for sign in _OPERATORS)
    + "void operator!(Nothing);\nvoid operator~(Nothing);\n"
    """template<class T> struct plain {
    static constexpr bool value = std::is_arithmetic<T>::value || std::is_same<T, std::nullptr_t>::value ||
        std::is_same<T, __int128>::value || std::is_same<T, unsigned __int128>::value ||
        std::is_same<T, boost::any>::value;
};
template<class... T> struct plains { static constexpr bool value = true; };
template<class T, class... U> struct plains<T, U...> {
    static constexpr bool value = plain<T>::value && plains<U...>::value;
};
template<class T> struct plain<const T> : plain<T> {};
template<class T> struct plain<T *> : plain<T> {};
template<class T> struct plain<T &> : plain<T> {};
template<class T, std::size_t N> struct plain<std::array<T, N>> : plain<T> {};
"""
    + "".join(
        f"template<class... T> struct plain<std::{name}<T...>> : plains<T...> {{}};\n"
        for name in (*_ONE, *_FORWARD, *_PARTS)
    )
    + """template<class T> T plainly(T &&value) {
    static_assert(plain<T>::value, "the tested function returns a type of the program's own");
    return static_cast<T &&>(value);
}
}
#define assert(expression) (static_cast<bool>(expression) ? static_cast<void>(0) : ::__assert_fail( \\
    #expression, __builtin_FILE(), static_cast<unsigned>(__builtin_LINE()), __builtin_FUNCTION()))
namespace SPACE {
"""
)
