"""May a Go program be linked into one binary with others? Conservative: what is not known here is refused.

Its package has a path of its own and is compiled without the others; what it could do is read the binary that all are
in, or reach into it past the type system. So it may import only packages that do neither, and carry no word to the
compiler in its comments.
"""

from __future__ import annotations

import re

_IMPORTABLE = frozenset(
    """bufio bytes container/heap container/list container/ring context crypto/md5 crypto/sha1 crypto/sha256
    crypto/sha512 encoding/base32 encoding/base64 encoding/binary encoding/hex encoding/json errors fmt hash/adler32
    hash/crc32 hash/crc64 hash/fnv io math math/big math/bits math/cmplx math/rand regexp sort strconv strings sync
    testing time unicode unicode/utf16 unicode/utf8 github.com/stretchr/testify/assert
    github.com/stretchr/testify/require""".split()
)
"""Not os, syscall, unsafe, reflect (it hands out unsafe pointers), runtime, and what opens files by name."""
_DIRECTIVES = re.compile(r"//\s*go:|//line\b|/\*line\b|//export\b|\+build\b|#cgo\b")
_PARTS = re.compile(
    r"""
    (?P<blank> [ \t\r]+ | //[^\n]* | /\*.*?\*/ )
  | (?P<end> [;\n] )
  | (?P<text> "(?:[^"\\\n]|\\.)*" | `[^`]*` )
  | (?P<rune> '(?:[^'\\\n]|\\.[0-9A-Fa-f]*)' )
  | (?P<word> [^\W\d]\w* )
  | (?P<sign> [^\w\s"'`] | \d\w* )
    """,
    re.VERBOSE | re.DOTALL,
)


def may_share(text: str) -> bool:
    """Whether the program may share a binary."""
    if _DIRECTIVES.search(text):
        return False
    found = _tokens(text)
    if found is None:
        return False
    at = 0
    while "import" in found[at:]:
        at = found.index("import", at) + 1
        paths, at = _imported(found, at)
        if not paths or not paths <= _IMPORTABLE:
            return False
    return True


def _tokens(text: str) -> list[str] | None:
    """Return the words, texts and signs of a Go file; None for what is not understood."""
    found: list[str] = []
    at = 0
    while at < len(text):
        part = _PARTS.match(text, at)
        if part is None:
            return None
        at = part.end()
        if part.lastgroup != "blank":
            found.append(";" if part.lastgroup == "end" else part[0])
    return [*found, ";"]


def _imported(found: list[str], at: int) -> tuple[set[str], int]:
    """Return the import paths after the word ``import`` and where they end; none for what is not understood."""
    group = found[at] == "("
    paths = set()
    at += group
    while at < len(found) and found[at] != ")":
        if found[at] == ";":
            at += 1
            continue
        named = found[at][:1] not in '"`'
        path = found[at + named] if at + named < len(found) else ""
        if path[:1] not in ('"', "`") or "\\" in path:
            return set(), at
        paths.add(path[1:-1])
        at += named + 1
        if not group:
            break
    return paths, at
