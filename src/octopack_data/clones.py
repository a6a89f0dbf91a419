"""Clones of repositories on disk: where they are, what they are called, their languages and their licence."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from humanevalpack.errors import InputError
from octopack_data.git import PATIENCE, ask_git, run_git
from octopack_data.languages import UNKNOWN, language_of

_REMOTE = re.compile(r"(?:[:/]|^)([\w.~-]+/[\w.-]+?)(?:\.git)?/?$")
_LICENCE_FILE = re.compile(r"(licen[cs]e|copying|unlicense)([.-].*)?", re.IGNORECASE)
_LICENCE_BYTES = 100_000
"""No licence text is larger."""
HISTORY = (
    *("--exclude=refs/stash", "--exclude=refs/notes/*", "--exclude=refs/pull/*", "--exclude=refs/replace/*"),
    "--all",
)
"""What counts as history: branches, tags, remote branches; not what others proposed and what was never committed."""
MISSING = -1
Names = Literal["remote", "folder"]
"""What a clone is called: ``remote`` (from the address of origin, else as ``folder``) or ``folder`` (the last two parts
of its path)."""


@dataclass(frozen=True)
class Clone:
    """One repository on disk (with a work tree or bare) and its name in the tables: ``owner/name``."""

    path: Path
    repo_name: str


def is_clone(folder: Path) -> bool:
    """Return whether a folder is a repository: with a work tree, or bare."""
    bare = (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
    return bare or (folder / ".git").exists()


def find_clones(sources: Sequence[Path], *, names: Names = "remote", patience: float = PATIENCE) -> list[Clone]:
    """Return the clones that ``sources`` are or hold, in the order of their paths.

    Raises InputError (none there, one that git cannot read, or two with the same name) and EnvironmentFault (git needs
    more than ``patience`` seconds).
    """
    paths = [path for source in sources for path in _clones_below(source)]
    if not paths:
        raise InputError(f"{', '.join(map(str, sources))}: no git repository and none below it")
    clones: dict[str, Clone] = {}
    for path in paths:
        name = (_remote_name(path, patience) if names == "remote" else "") or _folder_name(path)
        if name in clones:
            other = clones[name].path
            raise InputError(f"{path} and {other} are both called {name}: leave one out, or take --names folder")
        clones[name] = Clone(path, name)
    return list(clones.values())


def _clones_below(folder: Path) -> Iterator[Path]:
    if is_clone(folder):
        yield folder
    elif folder.is_dir():
        for below in sorted(folder.iterdir()):
            if below.is_dir() and not below.is_symlink():
                yield from _clones_below(below)


def _remote_name(path: Path, patience: float) -> str:
    found = _REMOTE.search(_setting(path, patience, "--get", "remote.origin.url").strip())
    return found.group(1) if found else ""


def _setting(path: Path, patience: float, *asked: str) -> str:
    """Return what a repository's own settings say, "" if nothing; raises InputError if they cannot be read."""
    code, output, said = ask_git(path, "config", "--local", "--includes", *asked, patience=patience)
    if code not in (0, 1):
        raise InputError(f"{path}: git cannot read it ({said}); try: git -C {path} fsck, or leave it out")
    return output.decode("utf-8", "replace")


def _folder_name(path: Path) -> str:
    """Names are comma-joined in the tables: no comma and no blank may stand in one."""
    parts = [re.sub(r"[^\w.+-]", "-", part) for part in path.resolve().parts if part not in ("/", ".git")]
    return "/".join(parts[-2:]).removesuffix(".git")


def is_partial(clone: Clone, patience: float = PATIENCE) -> bool:
    """Return whether contents may be missing, because the clone was made with a filter."""
    return bool(_setting(clone.path, patience, "--get-regexp", r"^remote\..*\.promisor$"))


def history_size(clone: Clone, patience: float = PATIENCE) -> tuple[int, int]:
    """Return how many commits a clone's history has, and the bytes of its objects on this disk."""
    commits = int(run_git(clone.path, "rev-list", "--count", *HISTORY, patience=patience))
    said = run_git(clone.path, "count-objects", "-v", patience=patience).decode()
    facts = dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)
    return commits, 1024 * (int(facts["size"]) + int(facts["size-pack"]))


def head_files(clone: Clone, *, sizes: bool, patience: float = PATIENCE) -> Iterator[tuple[str, str, int]]:
    """Yield path, object id and bytes of the files of HEAD; none in an empty repository.

    The bytes are 0 without ``sizes``, and MISSING where the content is not there.
    """
    code, _, _ = ask_git(clone.path, "rev-parse", "--verify", "--quiet", "HEAD", patience=patience)
    if code:  # no commit yet
        return
    long = ["--long"] if sizes else []
    tree = run_git(clone.path, "ls-tree", "-r", "-z", "--full-tree", *long, "HEAD", patience=patience)
    for entry in tree.split(b"\0"):
        facts, _, path = entry.partition(b"\t")
        if not entry or facts.split()[1] != b"blob":
            continue
        size = 0 if not sizes else MISSING if facts.endswith(b"BAD") else int(facts.split()[3])
        yield path.decode("utf-8", "replace"), facts.split()[2].decode(), size


def languages_of(files: Sequence[tuple[str, str, int]]) -> list[dict[str, str | int]]:
    """Return the languages of a repository's files and their bytes, as the warehouse has them, the largest first."""
    sizes: Counter[str] = Counter()
    for path, _, size in files:
        sizes[language_of(path, "fixed")] += max(size, 0)
    sizes.pop(UNKNOWN, None)
    return [{"name": name, "bytes": size} for name, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0]))]


def licence_of(clone: Clone, files: Sequence[tuple[str, str, int]], patience: float = PATIENCE) -> str:
    """Return the lower-case key of the licence whose text stands in the root folder, or "".

    The texts are those of choosealicense.com, as for the warehouse; they are compared by the library ``identify``.
    """
    from identify.identify import license_id

    candidates = [file for file in files if _LICENCE_FILE.fullmatch(file[0]) and file[2] <= _LICENCE_BYTES]
    # LICENSE before LICENSE.txt before LICENSE-APACHE.
    for _, blob, _ in sorted(candidates, key=lambda file: ("-" in file[0], len(file[0]), file[0])):
        with tempfile.NamedTemporaryFile() as text:
            try:
                text.write(run_git(clone.path, "cat-file", "blob", blob, patience=patience))
                text.flush()
                found = license_id(text.name)
            except (InputError, UnicodeDecodeError):  # not in a partial clone; no text
                continue
        if found is not None:
            return str(found).lower()
    return ""
