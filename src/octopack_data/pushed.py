"""What an earlier push left on the hub, and what of it must go: a stale shard would be read as data."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from humanevalpack.errors import InputError
from octopack_data.audit import MATRIX, NOTICES, REPOSITORIES
from octopack_data.card_kinds import DATA
from octopack_data.card_origin import SUMS
from octopack_data.cards import CARD
from octopack_data.rows import ENDINGS

if TYPE_CHECKING:
    from huggingface_hub import HfApi

BESIDE = (CARD, SUMS, NOTICES, MATRIX, REPOSITORIES, "languages.pdf", "languages.png")
"""Files that stand beside the data."""
_SHOWN = 10


@dataclass(frozen=True)
class Replaced:
    """What a push finds: the commit that readers see now ("": no data set), and the files of it that go."""

    commit: str
    deleted: tuple[str, ...]


def replaced_by(files: Collection[str], repository: str, hub: HfApi, *, replace: bool = False) -> Replaced:
    """Return what a push of ``files`` takes the place of.

    What an earlier push put there is in its SHA256SUMS: of that goes what is no longer pushed. Other rows below
    ``data/`` would be read, too: InputError, unless ``replace`` says that they may go as well. All other files stay.

    Raises OSError (HfHubHTTPError is one) and what the library raises that carries the requests.
    """
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        commit = hub.dataset_info(repository).sha or ""
    except RepositoryNotFoundError:
        return Replaced("", ())
    there = hub.list_repo_files(repository, repo_type="dataset", revision=commit)
    earlier = _earlier(repository, commit, hub) if SUMS in there else frozenset()
    left = [name for name in there if name not in files]
    foreign = [n for n in left if n not in earlier and n.startswith(DATA) and n.endswith(ENDINGS)]
    if foreign and not replace:
        raise InputError(
            f"{repository} has rows that no push of this command put there, and they would be read as part of the data "
            f"set: {_listed(foreign)}. Take them away, push to another name, or let them go: --replace"
        )
    gone = [name for name in left if name in earlier or name in foreign]
    return Replaced(commit, tuple(sorted(gone)))


def _earlier(repository: str, commit: str, hub: HfApi) -> frozenset[str]:
    """The files of the push whose SHA256SUMS is there; what stands beside the data was of that push, too."""
    path = Path(hub.hf_hub_download(repository, SUMS, repo_type="dataset", revision=commit))
    lines = path.read_text("utf-8", "replace").splitlines()
    named = (name for line in lines for _, _, name in [line.partition("  ")])
    # Others' lists name files of theirs: only what a push of ours can have put there goes.
    return frozenset(n for n in named if n.startswith(DATA) or ("/" not in n and n.endswith(ENDINGS))) | {*BESIDE}


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(sorted(names)[:_SHOWN]) + more
