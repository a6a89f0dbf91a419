"""The clones that a page on data may suppose to be there: a project, its fork, another one, one without a licence."""

from pathlib import Path

from git_histories import MIT, Step, make_repository, put, same_commits
from humanevalpack.problems import load_problems

ISC = (
    b"ISC License\n\nCopyright (c) 2020 Someone Else\n\n"
    b"Permission to use, copy, modify, and/or distribute this software for any\n"
    b"purpose with or without fee is hereby granted, provided that the above\n"
    b"copyright notice and this permission notice appear in all copies.\n\n"
    b'THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH\n'
    b"REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY\n"
    b"AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,\n"
    b"INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM\n"
    b"LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR\n"
    b"OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR\n"
    b"PERFORMANCE OF THIS SOFTWARE.\n"
)
_TOKEN = b"ghp_" + b"9aX" * 12  # in two pieces: a whole one would trouble those who scan this repository


def make_clones(folder: Path) -> None:
    """Make ``ann/parser`` with its fork ``eve/parser``, ``bob/shop``, and ``carl/notes``, which has no licence."""
    folder = folder.resolve()  # git is told to work in each repository
    address = "https://github.com/{}"
    names = ("ann/parser", "eve/parser")
    same_commits([folder / name for name in names], _parser(), [address.format(name) for name in names])
    make_repository(folder / "bob" / "shop", _shop(), remote=address.format("bob/shop"), bare=False)
    make_repository(folder / "carl" / "notes", _notes(), remote=address.format("carl/notes"))


def _python(number: int) -> bytes:
    return b"def read(lines):\n    for line in lines:\n        yield line.split(',', %d)\n" % number + _lines(number)


def _lines(number: int) -> bytes:
    return b"".join(b"\n\ndef part_%d(row):\n    return row[%d]\n" % (part, part) for part in range(2 + number % 2))


def _script(number: int) -> bytes:
    return b"function total(cart) {\n  return %d * cart.price;\n}\n" % number + (
        b"\nfunction names(cart) {\n  return cart.names.join(', ');\n}\n" * (1 + number % 2)
    )


def _parser() -> list[Step]:
    files = [put(b"LICENSE", MIT), put(b"README.md", b"# Parser\n"), put(b"src/reader.py", _python(0))]
    files += [put(b"src/writer.py", _python(1)), put(b"Makefile", b"test:\n\tpytest\n" * 6), put(b"go.h", b"int go;\n")]
    heating = load_problems("python", source="mini")[3]
    solution = (heating.prompt + heating.canonical_solution).encode()
    changes = [
        (b"Handle empty lines in the input", b"src/reader.py", _python(2)),
        (b"Fixed typo", b"src/reader.py", _python(3)),
        (b"Update README.md", b"README.md", b"# The parser\n"),
        (b"Fix #12: quotes inside of fields", b"src/reader.py", _python(4)),
        (b"Change the reader to keep blanks", b"src/reader.py", _python(5)),
        (b"Add an option for the separator", b"src/writer.py", _python(6)),
        (b"Use the same recipe for all tests", b"Makefile", b"test:\n\tpytest -q\n" * 6),
        (b"Load the token from a safe place", b"src/writer.py", _python(7) + b'TOKEN = "%s"\n' % _TOKEN),
        (b"Document who answers questions first", b"src/writer.py", _python(8) + b"# ask jo@corp.io\n"),
        (b"Add a function for the missing heat", b"src/reader.py", solution),
        (b"Declare what the other files need", b"go.h", b"int go;\nint stop;\n" * 6),
    ]
    steps = [_step(number, *change) for number, change in enumerate(changes)]
    both = (put(b"src/reader.py", _python(8)), put(b"src/writer.py", _python(9)))
    return [Step("root", b"Begin\n", tuple(files)), *steps, Step("both", b"Change reader and writer at once\n", both)]


def _shop() -> list[Step]:
    files = [put(b"LICENSE", ISC), put(b"lib/cart.js", _script(0)), put(b"data/names.json", b"[]\n")]
    files += [put(b"lib/rows.py", _python(0)), put(b"package.json", b'{"version": "1.0.0"}\n' * 8)]
    changes = [
        (b"Include the tax in the price", b"lib/cart.js", _script(1)),
        (b"Merge pull request 4 from ann", b"lib/cart.js", _script(2)),
        (b"Sort everything by its length first", b"data/names.json", b'["ann", "bob"]\n' * 200),
        (b"Handle empty lines in the input", b"lib/rows.py", _python(2)),  # what ann/parser has, too
        (b"Bump the version to 1.1.0 now", b"package.json", b'{"version": "1.1.0"}\n' * 8),
        (b"wip", b"lib/cart.js", _script(3)),
        (b"Handle prices (thanks to Ann for those)", b"lib/cart.js", _script(4)),
        (b"Allowed names without any letters in them", b"lib/cart.js", _script(5)),
    ]
    return [Step("root", b"Begin\n", tuple(files)), *(_step(number, *change) for number, change in enumerate(changes))]


def _notes() -> list[Step]:
    return [
        Step("root", b"Begin\n", (put(b"notes.py", _python(0)),)),
        _step(1, b"Write down what the lines mean", b"notes.py", _python(1)),
    ]


def _step(number: int, subject: bytes, path: bytes, content: bytes) -> Step:
    return Step(str(number), subject + b"\n", (put(path, content),))
