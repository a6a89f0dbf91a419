"""To the hub: what would be pushed, what must not be, and the upload."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from humanevalpack.errors import EnvironmentFault, InputError
from octopack_data.audit import MATRIX, NOTICES, REPOSITORIES
from octopack_data.cards import CARD, SUMS, sums
from octopack_data.manifests import read_manifest
from octopack_data.rows import ending, read_rows

if TYPE_CHECKING:
    import pyarrow as pa

_BESIDE = (CARD, SUMS, NOTICES, MATRIX, REPOSITORIES, "languages.pdf", "languages.png")
_LOOKED_AT = 1_000
"""Rows of a JSON-lines file that are looked at: a stage writes the same columns in all rows."""
_PRIVATE = ("author", "committer", "trailer")


class Hub(Protocol):
    """The two calls of ``huggingface_hub.HfApi`` that a push needs."""

    def create_repo(self, repo_id: str, *, repo_type: str, private: bool, exist_ok: bool) -> Any:
        """Make a repository."""

    def upload_folder(self, *, repo_id: str, folder_path: Path, repo_type: str, allow_patterns: list[str]) -> Any:
        """Upload files, those that are there already left out: an upload that broke off goes on."""


@dataclass(frozen=True)
class Push:
    """What is pushed: paths below the folder, their bytes."""

    folder: Path
    files: tuple[str, ...]
    bytes: int


def plan_push(folder: Path) -> Push:
    """Return what would be pushed: the data of the manifest, the card and what stands beside it.

    The manifest itself stays: it names folders of this machine. Raises InputError: no card, a file that is gone or
    that the manifest does not know, a column with addresses of people.
    """
    manifest = read_manifest(folder)
    if not (folder / CARD).is_file():
        raise InputError(f"{folder} has no {CARD}; make it: octopack-data commitpack card {folder} --contact ADDRESS")
    if not (folder / SUMS).is_file() or (folder / SUMS).read_text("utf-8") != sums(manifest):
        raise InputError(
            f"{folder}: {CARD} and {SUMS} are of other data: make them anew with octopack-data commitpack card"
        )
    listed = {file["path"]: file["bytes"] for file in manifest["outputs"] if file["path"].startswith("data/")}
    _check_files(folder, listed)
    for name in listed:
        check_private(folder / name)
    files = [*listed, *(name for name in _BESIDE if (folder / name).is_file())]
    return Push(folder, tuple(files), sum((folder / name).stat().st_size for name in files))


def _check_files(folder: Path, listed: Mapping[str, int]) -> None:
    for name, size in listed.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            raise InputError(f"{path} is not the file of the manifest any more; run the stage again with --overwrite")
    for path in sorted((folder / "data").rglob("*")):
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


def push(plan: Push, repository: str, *, private: bool = True, hub: Hub | None = None) -> None:
    """Upload what is planned; one that broke off goes on when it is called again.

    ``repository`` is a hub id; a new one is made, private unless told otherwise. Raises EnvironmentFault.
    """
    upload(plan.folder, ["data/*", *_BESIDE], repository, kind="dataset", private=private, hub=hub)


def upload(
    folder: Path,
    patterns: list[str],
    repository: str,
    *,
    kind: Literal["dataset", "model"],
    private: bool,
    hub: Hub | None = None,
) -> None:
    """Upload the files of a folder that match; a repository that is made for it is private or not. EnvironmentFault."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api: Hub = hub if hub is not None else HfApi()
    try:
        api.create_repo(repository, repo_type=kind, private=private, exist_ok=True)
        api.upload_folder(repo_id=repository, folder_path=folder, repo_type=kind, allow_patterns=patterns)
    except (OSError, HfHubHTTPError) as error:
        raise EnvironmentFault(
            f"{repository}: the hub did not take it ({error}). Check `hf auth whoami`; call push again, it goes on"
        ) from error
