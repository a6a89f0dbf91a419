"""Repositories with known histories, made by git fast-import: fixed dates, so the same ids on every machine."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_FIRST = 1_500_000_000
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d" * 32 + b"\nsize 12345\n"
MIT = (
    b"MIT License\n\nCopyright (c) 2020 Someone\n\n"
    b"Permission is hereby granted, free of charge, to any person obtaining a copy\n"
    b'of this software and associated documentation files (the "Software"), to deal\n'
    b"in the Software without restriction, including without limitation the rights\n"
    b"to use, copy, modify, merge, publish, distribute, sublicense, and/or sell\n"
    b"copies of the Software, and to permit persons to whom the Software is\n"
    b"furnished to do so, subject to the following conditions:\n\n"
    b"The above copyright notice and this permission notice shall be included in all\n"
    b"copies or substantial portions of the Software.\n\n"
    b'THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR\n'
    b"IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,\n"
    b"FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE\n"
    b"AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER\n"
    b"LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,\n"
    b"OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE\n"
    b"SOFTWARE.\n"
)


@dataclass(frozen=True)
class Step:
    """One commit of a history that is to be made.

    ``edits`` come from ``put``, ``delete``, ``rename`` and ``submodule``. ``parent`` and ``merged`` are names of
    earlier steps; without a parent the commit follows the step before on its branch, or is a root.
    """

    name: str
    message: bytes
    edits: tuple[bytes, ...] = ()
    branch: str = "main"
    parent: str = ""
    merged: str = ""
    encoding: str = ""


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run git in a folder without any settings of the user; return what it printed."""
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=True, env={**os.environ, **_QUIET}).stdout


def _quoted(path: bytes) -> bytes:
    """Every path in octal escapes: any byte but NUL may stand in one."""
    return b'"' + b"".join(b"\\%03o" % byte for byte in path) + b'"'


def put(path: bytes, content: bytes, mode: str = "100644") -> bytes:
    """Write a file (``mode`` 100755: executable, 120000: symbolic link)."""
    return b"M %s inline %s\ndata %d\n%s\n" % (mode.encode(), _quoted(path), len(content), content)


def delete(path: bytes) -> bytes:
    """Remove a file."""
    return b"D %s\n" % _quoted(path)


def rename(old: bytes, new: bytes) -> bytes:
    """Rename a file."""
    return b"R %s %s\n" % (_quoted(old), _quoted(new))


def submodule(path: bytes, commit: str) -> bytes:
    """Put a commit of another repository at a path."""
    return b"M 160000 %s %s\n" % (commit.encode(), _quoted(path))


def make_repository(folder: Path, steps: Sequence[Step], *, remote: str = "", bare: bool = True) -> dict[str, str]:
    """Make a repository; return the commit id of each step by its name."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main", *(["--bare"] if bare else []))
    marks = {step.name: number for number, step in enumerate(steps, start=1)}
    table = folder / "marks"
    stream = b"".join(_commit(step, marks) for step in steps)
    git(folder, "fast-import", "--quiet", "--date-format=raw", f"--export-marks={table}", stdin=stream)
    ids = dict(line.split() for line in table.read_text().splitlines())
    table.unlink()
    if remote:
        git(folder, "remote", "add", "origin", remote)
    if not bare:
        git(folder, "reset", "--quiet", "--hard", "main")
    return {name: ids[f":{number}"] for name, number in marks.items()}


def _commit(step: Step, marks: dict[str, int]) -> bytes:
    person = b"Some One <one@example.org> %d +0200" % (_FIRST + 60 * marks[step.name])
    lines = [b"commit refs/heads/%s" % step.branch.encode(), b"mark :%d" % marks[step.name]]
    lines += [b"author " + person, b"committer " + person]
    if step.encoding:
        lines.append(b"encoding " + step.encoding.encode())
    lines.append(b"data %d\n%s" % (len(step.message), step.message))
    if step.parent:
        lines.append(b"from :%d" % marks[step.parent])
    if step.merged:
        lines.append(b"merge :%d" % marks[step.merged])
    return b"\n".join(lines) + b"\n" + b"".join(step.edits) + b"\n"


def special_history() -> list[Step]:
    """Return a history with one commit for each thing that breaks a naive reader; the name says which."""
    odd = "Äpfel und Birnen/a b.py".encode()
    quoted = b'it\'s "quoted"; $(id)\n.py'
    latin = b"lat\xedn.py"
    first = [
        put(b"a.py", b"a = 1\n"),
        put(b"b.py", b"b = 1\n"),
        put(b"LICENSE", MIT),
        put(odd, b"x = 1\n"),
        put(quoted, b"y = 1\n"),
        put(latin, b"z = 1\n"),
        put(b"picture.png", b"\x89PNG\0\1"),
        put(b"umlaut.py", b"# gr\xfc\xdfe\n"),
        put(b"data.json", b"[1]\n"),
        put(b"win.py", b"a = 1\r\n"),
        put(b"big.bin", LFS_POINTER),
        put(b"run.sh", b"echo 1\n"),
        put(b"link", b"a.py", "120000"),
        submodule(b"lib", "1" * 40),
    ]
    return [
        Step("root", b"Begin\n\nWith a body.\n", tuple(first)),
        Step("ordinary", b"Fix the first value\n\nIt was wrong.\n", (put(b"a.py", b"a = 2\n"),)),
        Step("no_newline", b"Fix the value once more", (put(b"a.py", b"a = 3\n"),)),
        Step("path_with_space", b"Mend fruit\n", (put(odd, b"x = 2\n"),)),
        Step("path_with_quotes", b"Mend quotes\n", (put(quoted, b"y = 2\n"),)),
        Step("path_not_utf8", b"Mend the old name\n", (put(latin, b"z = 2\n"),)),
        Step("binary", b"Change picture\n", (put(b"picture.png", b"\x89PNG\0\2"),)),
        Step("latin1", b"Change greeting\n", (put(b"umlaut.py", b"# sch\xf6ne gr\xfc\xdfe\n"),)),
        Step("message_latin1", b"Gr\xfc\xdfe ge\xe4ndert\n", (put(b"a.py", b"a = 4\n"),), encoding="ISO-8859-1"),
        Step("message_not_utf8", b"Undeclared \xff byte\n", (put(b"a.py", b"a = 5\n"),)),
        Step("large_json", b"More data\n", (put(b"data.json", b"[" + b"1234567, " * 360_000 + b"1]\n"),)),
        Step("renamed", b"Rename b\n", (rename(b"b.py", b"c.py"),)),
        Step("added", b"Add d\n", (put(b"d.py", b"d = 1\n"),)),
        Step("deleted", b"Delete d\n", (delete(b"d.py"),)),
        Step("edit_and_rename", b"Rename c, mend a\n", (rename(b"c.py", b"e.py"), put(b"a.py", b"a = 6\n"))),
        Step("two_files", b"Change two files\n", (put(b"a.py", b"a = 7\n"), put(b"e.py", b"e = 2\n"))),
        Step("symlink", b"Link elsewhere\n", (put(b"link", b"../../etc/passwd", "120000"),)),
        Step("submodule", b"New commit of lib\n", (submodule(b"lib", "2" * 40),)),
        Step("mode", b"Make run.sh executable\n", (put(b"run.sh", b"echo 1\n", "100755"),)),
        Step("crlf", b"Change a Windows file\n", (put(b"win.py", b"a = 2\r\n"),)),
        Step("lfs", b"Larger file\n", (put(b"big.bin", LFS_POINTER.replace(b"12345", b"67890")),)),
        Step("control_characters", b"Bell \x07 and escape \x1b[31m\n\x01\x02\n", (put(b"a.py", b"a = 8\n"),)),
        Step("subject_of_two_lines", b"First line\nsecond line\n\nBody\n", (put(b"a.py", b"a = 9\n"),)),
        Step("no_message", b"", (put(b"a.py", b"a = 10\n"),)),
        Step("empty", b"Nothing changes\n"),
        Step("side", b"On a side branch\n", (put(b"a.py", b"a = 11\n"),), branch="side", parent="empty"),
        Step("main", b"On the main branch\n", (put(b"e.py", b"e = 3\n"),)),
        Step("merge", b"Merge branch side\n", (put(b"a.py", b"a = 11\n"),), merged="side"),
        Step("many_files", b"Add many\n", tuple(put(b"many/%d.py" % n, b"n = %d\n" % n) for n in range(5000))),
        Step("second_root", b"Another beginning\n", (put(b"other.py", b"o = 1\n"),), branch="other"),
    ]


def long_history(commits: int = 2_000, files: int = 200, licence: bytes = MIT) -> list[Step]:
    """Return a plain history: a root with all files, then one file changed in place by each commit."""
    root = [put(b"src/f%d.py" % number, _content(number, 0)) for number in range(files)]
    steps = [Step("root", b"Begin\n", (put(b"LICENSE", licence), *root))]
    for number in range(1, commits):
        file = number * 7919 % files
        message = b"Change value %d of file %d\n" % (number, file)
        steps.append(Step(str(number), message, (put(b"src/f%d.py" % file, _content(file, number)),)))
    return steps


def _content(file: int, version: int) -> bytes:
    lines = [b"def value_%d():\n    return %d\n" % (line, file * line) for line in range(30)]
    lines[version % 30] += b"# changed %d\n" % version
    return b"".join(lines)


def same_commits(folders: Sequence[Path], steps: Sequence[Step], remotes: Sequence[str]) -> dict[str, str]:
    """Make repositories that share their whole history (forks); return the common commit ids."""
    made = [make_repository(folder, steps, remote=remote) for folder, remote in zip(folders, remotes, strict=True)]
    return made[0]
