"""Which blobs a commit and its first parent have at a path: as the metadata says, or from trees alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from octopack_data.fetch.git import Git
from octopack_data.fetch.objects import ObjectReader
from octopack_data.fetch.statuses import Status
from octopack_data.fetch.wants import Fetched, Side, Want

_KINDS = {"120000": Status.SYMLINK, "160000": Status.SUBMODULE, "040000": Status.GONE, "000000": Status.GONE}
_LONGEST_PATH = 4096
"""Bytes of a path, and of what a symbolic link holds, on Linux."""
_NO_LETTER = "\ufffd"
"""Stands in a path for each byte that was no UTF-8."""
Place = str | Side
"""The id of a blob, or why there is none."""


@dataclass(frozen=True, slots=True)
class Located:
    """A want and where its two contents are."""

    want: Want
    new: Place
    old: Place

    def ids(self) -> list[str]:
        """Return the ids of the blobs that are needed: none if the row has no text anyway."""
        if isinstance(self.new, Side):
            return []
        return [self.new] if isinstance(self.old, Side) else [self.new, self.old]


def by_ids(wants: Sequence[Want]) -> list[Located]:
    """Return the wants of which the metadata names both blobs (they come from the diff): no tree is read for them.

    Not so for a path that was no UTF-8: no tree has it as it is written here, whatever backend is asked.
    """
    return [
        Located(want, want.new_sha1, want.old_sha1)
        for want in wants
        if want.parent and want.new_sha1 and want.old_sha1 and _NO_LETTER not in want.old_file + want.new_file
    ]


def only_trees_tell(fetched: Fetched) -> bool:
    """Return whether blobs do not say what a row has.

    One is not there (a wrong id, or a submodule's commit), or may be where a symbolic link leads to.
    """
    return any(
        side.status == Status.GONE or (side.status == Status.OK and _may_be_link(side.content))
        for side in (fetched.new, fetched.old)
    )


def _may_be_link(content: bytes) -> bool:
    return 0 < len(content) <= _LONGEST_PATH and b"\n" not in content and b"\0" not in content


def locate(git: Git, folder: Path, wants: Sequence[Want]) -> list[Located]:
    """Return where the contents of each want are, from trees: gone if they have other blobs than the metadata names.

    Raises GitFailed.
    """
    if not wants:
        return []
    parents = first_parents(git, folder, [want.commit for want in wants])
    changed = _changes(git, folder, {commit: parent for commit, parent in parents.items() if parent})
    return [_located(git, folder, want, parents, changed) for want in wants]


def _located(
    git: Git, folder: Path, want: Want, parents: Mapping[str, str], changed: Mapping[str, _Changes]
) -> Located:
    if want.commit not in parents:
        missing = Side(Status.GONE, detail="no such commit")
        return Located(want, missing, missing)
    if want.parent and not parents[want.commit]:
        missing = Side(Status.GONE, detail="a shallow clone that ends here: its parent is not in it")
        return Located(want, missing, missing)
    parent, changes = parents[want.commit], changed.get(want.commit, {})
    new, old = changes.get(want.new_file.encode()), changes.get(want.old_file.encode())
    old_place: Place = Side(Status.NO_PARENT)
    if parent:
        old_place = old[0] if old else place_of(git, folder, parent, want.old_file)
    new_place = new[1] if new else place_of(git, folder, want.commit, want.new_file)
    return Located(want, _as_told(new_place, want.new_sha1), _as_told(old_place, want.old_sha1))


def _as_told(place: Place, told: str) -> Place:
    if isinstance(place, Side) or place == told or not told:
        return place
    return Side(Status.GONE, detail=f"the metadata names blob {told}, the commit has {place}")


def first_parents(git: Git, folder: Path, commits: Sequence[str]) -> dict[str, str]:
    """Return the first parent of each commit that is there; "" for a root, and for a parent beyond a shallow end."""
    names = list(dict.fromkeys(commits))
    with ObjectReader(git, folder) as reader:
        found = {
            name: _first_parent(content)
            for name, content in zip(names, reader.contents(names), strict=True)
            if content is not None and content.startswith(b"tree ")
        }
        asked = sorted({parent for parent in found.values() if parent})
        there = {name for name, size in zip(asked, reader.sizes(asked), strict=True) if size}
    return {commit: parent if parent in there else "" for commit, parent in found.items()}


def _first_parent(commit: bytes) -> str:
    for line in commit.partition(b"\n\n")[0].splitlines()[1:2]:
        if line.startswith(b"parent "):
            return line[7:].decode()
    return ""


_Changes = dict[bytes, tuple[Place, Place]]
"""Of one commit: path -> (in the parent, in the commit)."""


def _changes(git: Git, folder: Path, parents: Mapping[str, str]) -> dict[str, _Changes]:
    """One ``diff-tree`` for all commits, each against its first parent, also for merges (the release's ``^``)."""
    lines = "".join(f"{commit} {parent}\n" for commit, parent in parents.items())
    output, _ = git.run(
        folder, ["diff-tree", "--stdin", "-r", "-z", "--no-renames", "--ignore-submodules=none"], lines.encode()
    )
    changed: dict[str, _Changes] = {}
    tokens = iter(output.split(b"\0")[:-1])
    changes: _Changes = {}
    for token in tokens:
        if not token.startswith(b":"):
            changes = changed.setdefault(token.decode(), {})
            continue
        old_mode, new_mode, old_id, new_id, _ = token[1:].decode().split()
        changes[next(tokens)] = (_place(old_mode, old_id), _place(new_mode, new_id))
    return changed


def _place(mode: str, name: str) -> Place:
    return Side(_KINDS[mode], detail="not a file" if mode == "040000" else "") if mode in _KINDS else name


def place_of(git: Git, folder: Path, commit: str, path: str) -> Place:
    """Return what a commit has at a path, by a process of its own."""
    output, _ = git.run(folder, ["ls-tree", "-z", "--full-tree", commit, "--", path])
    for entry in output.split(b"\0")[:-1]:
        facts, _, name = entry.partition(b"\t")
        if name == path.encode():
            mode, _, name_of_object = facts.decode().split()
            return _place(mode, name_of_object)
    return Side(Status.GONE, detail="no such path")
