"""To the hub: what would be pushed, what must not be, and the upload."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import EnvironmentFault, InputError
from octopack_data.card_kinds import DATA, data_files
from octopack_data.card_origin import SUMS
from octopack_data.cards import CARD, sums
from octopack_data.manifests import read_manifest
from octopack_data.pushed import BESIDE, Replaced, replaced_by
from octopack_data.rows import ending, read_rows

if TYPE_CHECKING:
    import pyarrow as pa
    from huggingface_hub import HfApi

ONE_COMMIT = 1_000
"""Files of one commit at most, as the hub's own client has it; with more of them a push is several commits."""
_LOOKED_AT = 1_000
"""Rows of a JSON-lines file that are looked at: a stage writes the same columns in all rows."""
_PRIVATE = ("author", "committer", "trailer")


@dataclass(frozen=True)
class Push:
    """What is pushed: paths below the folder, their bytes."""

    folder: Path
    files: tuple[str, ...]
    bytes: int

    @property
    def several_commits(self) -> bool:
        """Whether there are more files than one commit takes: readers see a mixture until the last one."""
        return len(self.files) > ONE_COMMIT


def plan_push(folder: Path) -> Push:
    """Return what would be pushed: the data of the manifest, the card and what stands beside it.

    The manifest itself stays: it names folders of this machine. Raises InputError: no card, a file that is gone or
    that the manifest does not know, a column with addresses of people.
    """
    manifest = read_manifest(folder)
    if not (folder / CARD).is_file():
        raise InputError(f"{folder} has no {CARD}; make it: octopack-data card {folder} --contact ADDRESS")
    if not (folder / SUMS).is_file() or (folder / SUMS).read_text("utf-8") != sums(manifest):
        raise InputError(f"{folder}: {CARD} and {SUMS} are of other data: make them anew with octopack-data card")
    listed = {file["path"]: file["bytes"] for file in data_files(manifest)}
    _check_files(folder, listed)
    for name in listed:
        check_private(folder / name)
    files = [*listed, *(name for name in BESIDE if (folder / name).is_file())]
    return Push(folder, tuple(files), sum((folder / name).stat().st_size for name in files))


def _check_files(folder: Path, listed: Mapping[str, int]) -> None:
    for name, size in listed.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            raise InputError(f"{path} is not the file of the manifest any more; run the stage again with --overwrite")
    for path in sorted(path for below in DATA for path in (folder / below).rglob("*")):
        if path.is_file() and path.relative_to(folder).as_posix() not in listed:
            raise InputError(f"{path} is not of this run (the manifest does not name it); take it away")


def check_private(path: Path) -> None:
    """Raise InputError if a file has columns of authors or of e-mail addresses, nested ones included."""
    if ending(path) == ".parquet":
        import pyarrow.parquet as pq

        names: Iterable[str] = _fields(pq.read_schema(path))
    else:
        names = (name for row in islice(read_rows(path), _LOOKED_AT) for name in _keys(row))
    for name in names:
        plain = name.lower().replace("-", "").replace("_", "")
        if "email" in plain or plain.startswith(_PRIVATE):
            raise InputError(f"{path}: column {name!r} says who people are; it is never pushed. Take it out first")


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def _fields(kind: pa.Schema | pa.DataType) -> Iterator[str]:
    for item in kind:
        yield item.name
        inner = item.type
        while hasattr(inner, "value_type"):
            inner = inner.value_type
        if hasattr(inner, "fields"):
            yield from _fields(inner)


def look(plan: Push, repository: str, *, replace: bool = False, hub: HfApi | None = None) -> Replaced:
    """Return what a push would take the place of; raises EnvironmentFault, and InputError as ``replaced_by`` does."""
    from huggingface_hub import HfApi

    with told_by_the_hub(repository, "did not say what is there"):
        return replaced_by(frozenset(plan.files), repository, hub or HfApi(), replace=replace)


def push(
    plan: Push, repository: str, *, private: bool = True, replace: bool = False, hub: HfApi | None = None
) -> Replaced:
    """Upload what is planned in the place of what an earlier push put there, and return what that was.

    ``repository`` is a hub id; a new one is made, private unless told otherwise. Up to ONE_COMMIT files it is one
    commit: a reader sees the data set before or after it. A push that broke off goes on when it is called again.

    Raises EnvironmentFault; InputError: rows of others are there and ``replace`` is not given.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api = hub or HfApi()
    with told_by_the_hub(repository, "did not take it"):
        api.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        found = replaced_by(frozenset(plan.files), repository, api, replace=replace)
        commit, said = found.commit or None, f"{len(plan.files)} files, {len(found.deleted)} taken away"
        if not plan.several_commits:
            api.create_commit(
                repository,
                [
                    *(CommitOperationDelete(name) for name in found.deleted),
                    *(CommitOperationAdd(name, plan.folder / name) for name in plan.files),
                ],
                repo_type="dataset",
                parent_commit=commit,
                commit_message=said,
            )
        else:  # what is deleted goes with the first commit
            api.upload_folder(
                repo_id=repository,
                folder_path=plan.folder,
                repo_type="dataset",
                parent_commit=commit,
                commit_message=said,
                allow_patterns=[*(f"{folder}*" for folder in DATA), *(name for name in plan.files if "/" not in name)],
                delete_patterns=[escape(name) for name in found.deleted],
            )
    return found


@contextmanager
def told_by_the_hub(repository: str, what: str) -> Iterator[None]:
    """What the hub and the way to it can answer, as one line."""
    # The error of the library that carries the requests, whichever that is.
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # not exported, always there

    try:
        yield
    except (OSError, HTTPError) as error:  # all errors of the hub itself are both
        raise EnvironmentFault(
            f"{repository}: the hub {what} ({error}). Check `hf auth whoami`; call push again, it goes on"
        ) from error
