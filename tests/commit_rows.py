"""Made-up rows of CommitPack: subjects put together from pieces that every rule looks for, contents from code."""

import random
from collections.abc import Iterator
from typing import Any

from octopack_data.records import Commit

STARTS = ["Add", "Fix", "Update", "Bump", "Set version", "Update version", "Remove", "Plug", "Plug ", "Deal with"]
STARTS += ["Speed up", "add", "Added", "Use", "Test", "[core] Add", "core: Fix", "[a] b: Use", "[skip ci] Add", "1.2.3"]
STARTS += ["v1.2.3", "readme", "Update README", "Refactor", "Make", "Ändere", "修复", "Document", "DROP", "deadbeef-12"]
MIDDLES = ["the new test", "a thing", "support for main", "some wiped swipe", "WIP", "wip parser", "issue 12", "bug12"]
MIDDLES += [
    "feature  7",
    "code review",
    "cdpcp part",
    "//codereview now",
    "http://a.b",
    "HTTPS://x",
    "| LeetCode",
    "#12",
]
MIDDLES += ["i've seen", "what I see", "I'm here", "thanks to Bob for it", "thanks to all formats", "Thanks to me"]
MIDDLES += [
    "[ci skip]",
    "[skip ci]",
    "cherry picked from commit",
    "ab" * 20,
    "AB" * 20,
    "work in progress",
    "merge branch",
]
MIDDLES += [
    "signed-off-by",
    "update contributing",
    "auto commit",
    "<?xml",
    "naïve straße",
    "the İstanbul iſſue 5",
    "  two",
]
ENDS = ["", "", "", "[done]", "[ci skip]", "now", "for good", "in the parser", "in all modules of it", "x" * 1000, "."]
FILES = [
    "src/main.py",
    "a.py",
    "x.test.js",
    ".gitignore",
    "Makefile",
    "a.d/Makefile",
    "b/c.h",
    "d/e.cpp",
    "run.sh",
    "LICENSE",
]
FILES += [
    "lib/parser.rs",
    "deep/tree.rs.in",
    "page.html",
    "conf.xml",
    "go/main.go",
    "src/Main.java",
    "x.js",
    ".b.py",
    "doc.md",
]
LANGUAGES = ["Python", "JavaScript", "C", "C++", "Shell", "Makefile", "unknown", "Rust", "HTML", "XML", "Go", "Java"]
LANGUAGES += ["Markdown", "Dockerfile", "Common Lisp", "Ren'Py"]


def made_row(number: int, chance: random.Random, code: str = "def f(x):\n    return x\n") -> dict[str, Any]:
    """Return one row; its commit is unique, its contents are now and then empty, equal or too long."""
    middles = [chance.choice(MIDDLES) for _ in range(chance.choice((0, 1, 1, 2)))]
    plain = chance.random() < 0.4
    words = (
        ["Fix the way in which things are shown"] if plain else [chance.choice(STARTS), *middles, chance.choice(ENDS)]
    )
    old = code * chance.choice((0, 1, 1, 1, 2, 40))
    new = chance.choice((old + "\nprint(1)\n",) * 12 + ("", old, "x"))
    if chance.random() < 0.02:
        old = "x" * chance.choice((49_999, 50_000))
    subject = chance.choice((" ", " ", " ", "  ")).join(words)
    path = chance.choice(FILES)
    return {
        "commit": f"{number:040x}",
        "old_file": path,
        "new_file": path,
        "old_contents": old,
        "new_contents": new,
        "subject": subject,
        "message": subject + "\n",
        "lang": chance.choice(LANGUAGES),
        "license": "mit",
        "repos": "a/b,c/d",
    }


def made_rows(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Yield the same rows for the same seed."""
    chance = random.Random(seed)
    for number in range(count):
        yield made_row(number, chance)


def good_commit(**changes: str) -> Commit:
    """Return a commit that every rule keeps, with changes."""
    row = {
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "old_file": "src/parser.py",
        "new_file": "src/parser.py",
        "old_contents": "a = 1\n",
        "new_contents": "a = 2\n",
        "subject": "Fix the reading of empty lines",
        "message": "Fix the reading of empty lines\n",
        "lang": "Python",
        "license": "mit",
        "repos": "a/b",
    }
    return Commit(**(row | changes))
