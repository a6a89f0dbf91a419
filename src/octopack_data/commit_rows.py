"""Rows of the warehouse's ``commits`` from git: what a commit changed against its first parent, and its message."""

from __future__ import annotations

import itertools
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from humanevalpack.errors import InputError
from octopack_data.clones import Clone, Names
from octopack_data.git import PATIENCE, git_command, git_environment, too_slow
from octopack_data.pipes import Pipe, SilentChildError, started
from octopack_data.progress import at
from octopack_data.settings import Settings, written_settings

_FIELDS = ("%H", "%T", "%P", "%ad", "%cd", "%e", "%s", "%B")
_FORMAT = "--format=" + "%x00".join(_FIELDS)
_RENAMES = 1000
"""Added or removed files of a commit from which on only equal ones are seen as renamed: git's own number."""


class HistorySettings(Settings):
    """How clones become tables."""

    names: Names = "remote"
    """What a clone is called: the address of its origin says (owner/name), or the last two parts of its path."""
    undecodable: Literal["replace", "skip"] = "replace"
    """Messages and paths that are no UTF-8: U+FFFD for each wrong byte, or leave the commit out."""
    merges: Literal["first-parent", "off"] = "first-parent"
    """A merge's difference: against its first parent, or none."""
    rename_similarity: int = 50
    """Percent of equal lines that make a rename; 100 reads no contents (always so in a partial clone)."""
    assume_licence: str = ""
    """Licence of clones in which none is found; without one they are not selected."""
    git_timeout: Annotated[float, Field(gt=0)] = PATIENCE
    """Seconds that git may take for a list of commits or files of a clone, or for the next commit."""

    def deciding(self) -> dict[str, Any]:
        """Return the settings that decide about the tables; the others may change between a kill and the rest."""
        return {name: value for name, value in written_settings(self).items() if name != "git_timeout"}


def read_commits(
    clone: Clone, listed: Path, settings: HistorySettings, similarity: int
) -> Iterator[dict[str, Any] | None]:
    """Yield the rows of a list of commits (``<id> <names>`` a line); None for one that is left out as no UTF-8."""
    with ExitStack() as stack:
        wanted = stack.enter_context(tempfile.TemporaryFile())
        with listed.open("rb") as lines:
            wanted.writelines(line.split()[0] + b"\n" for line in lines)
        wanted.seek(0)
        said = stack.enter_context(tempfile.TemporaryFile())
        command = git_command(clone.path, ["diff-tree", *_difference_options(settings, similarity)])
        child = stack.enter_context(
            started(command, stdin=wanted, stdout=subprocess.PIPE, stderr=said, env=git_environment())
        )
        assert child.stdout is not None
        pipe = Pipe(child.stdout, settings.git_timeout)
        read = 0
        with listed.open(encoding="utf-8") as lines:
            for line, commit in itertools.zip_longest(lines, _answers(pipe, clone, settings)):
                names = line.split()[1].split(",") if line else []
                if line is None or commit is None or commit[0][0].decode() != line.split()[0]:
                    said.seek(0)
                    reason = said.read(2000).decode("utf-8", "replace").strip() or "its output has other commits"
                    raise InputError(
                        f"{clone.path}: git diff-tree failed ({reason}). If contents are missing on purpose, take "
                        f"--rename-similarity 100; else try: git -C {clone.path} fsck"
                    )
                yield _row(commit, names, settings)
                read += len(line)
                at(listed, read)


_Entry = tuple[bytes, bytes, bytes]
_Answer = tuple[list[bytes], list[_Entry]]


def _answers(pipe: Pipe, clone: Clone, settings: HistorySettings) -> Iterator[_Answer]:
    try:
        yield from _commits(pipe)
    except SilentChildError as error:
        raise too_slow(clone.path, "diff-tree", settings.git_timeout) from error


def _difference_options(settings: HistorySettings, similarity: int) -> list[str]:
    return [
        *("--stdin", "-r", "-z", "--raw", "--root", "--always", "--no-abbrev", "--no-ext-diff", "--no-textconv"),
        # What a clone's own settings, or a file in it, would decide.
        *("--ignore-submodules=none", "--no-relative", "-O/dev/null", f"-l{_RENAMES}"),
        *(f"-M{similarity}%", f"--diff-merges={settings.merges}", "--encoding=UTF-8", "--date=raw", _FORMAT),
    ]


def _commits(pipe: Pipe) -> Iterator[_Answer]:
    """Yield each commit's fields and its entries: facts (modes, ids, letter), old path, new path."""
    tokens = _tokens(pipe)
    token = next(tokens, None)
    while token is not None:
        fields = [token, *itertools.islice(tokens, len(_FIELDS) - 1)]
        entries: list[_Entry] = []
        # No object id begins with a colon; the first entry stands behind a newline.
        while (token := next(tokens, None)) is not None and token.lstrip(b"\n").startswith(b":"):
            facts = token.lstrip(b"\n:")
            old = next(tokens)
            moved = facts.split()[4][:1] in (b"R", b"C")
            entries.append((facts, old, next(tokens) if moved else old))
        yield fields, entries


def _tokens(pipe: Pipe) -> Iterator[bytes]:
    """Yield what stands before each NUL; a message may be large, but never all of the output is in memory."""
    rest: list[bytes] = []
    while chunk := pipe.some():
        first, *more = chunk.split(b"\0")
        rest.append(first)
        for piece in more:
            yield b"".join(rest)
            rest = [piece]


class _NotUtf8(Exception):
    """A text of a commit that shall be left out."""


def _row(
    commit: tuple[list[bytes], list[_Entry]], names: list[str], settings: HistorySettings
) -> dict[str, Any] | None:
    def text(raw: bytes) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            if settings.undecodable == "skip":
                raise _NotUtf8 from None
            return raw.decode("utf-8", "replace")

    fields, entries = commit
    hashed, tree, parents, authored, committed, encoding, subject, message = fields
    try:
        return {
            "commit": hashed.decode(),
            "tree": tree.decode(),
            "parent": parents.decode().split(),
            "author": _person(authored),
            "committer": _person(committed),
            "subject": text(subject),
            "message": text(message),
            "trailer": [],
            "difference": [_changed(facts.split(), text(old), text(new)) for facts, old, new in entries],
            "difference_truncated": False,
            "repo_name": names,
            "encoding": encoding.decode("utf-8", "replace") or None,
        }
    except _NotUtf8:
        return None


def _person(date: bytes) -> dict[str, Any]:
    """Names and addresses of people are not copied: no stage needs them."""
    seconds, zone = date.split()
    hours, minutes = divmod(abs(int(zone)), 100)
    offset = (60 * hours + minutes) * (-1 if zone.startswith(b"-") else 1)
    try:
        moment = datetime.fromtimestamp(int(seconds), UTC)
    except (OverflowError, ValueError, OSError):  # a year beyond 9999
        moment = None
    return {"name": None, "email": None, "time_sec": int(seconds), "tz_offset": offset, "date": moment}


def _changed(facts: list[bytes], old: str, new: str) -> dict[str, Any]:
    """As in the warehouse: what is not there (the old side of an added file) is null."""
    old_mode, new_mode = int(facts[0], 8) or None, int(facts[1], 8) or None
    return {
        "old_mode": old_mode,
        "new_mode": new_mode,
        "old_path": old if old_mode else None,
        "new_path": new if new_mode else None,
        "old_sha1": facts[2].decode() if old_mode else None,
        "new_sha1": facts[3].decode() if new_mode else None,
        "old_repo": None,
        "new_repo": None,
    }
