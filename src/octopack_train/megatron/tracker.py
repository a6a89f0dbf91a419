"""Megatron's tracker file, which says what a folder of checkpoints holds, and with it how a run begins."""

from pathlib import Path
from typing import Literal

from humanevalpack.errors import EnvironmentFault, InputError, UsageError

TRACKER = "latest_checkpointed_iteration.txt"
RELEASE = "release"
"""In place of a number: weights without optimizer, random state and progress."""
Begin = Literal["scratch", "first", "resume"]
"""scratch: random weights; first: weights of ``release``; resume: where a checkpoint of this run ended."""


def iteration_folder(folder: Path, latest: int | str) -> Path:
    """Return where the checkpoint of an iteration, or ``release``, lies."""
    return folder / (RELEASE if latest == RELEASE else f"iter_{latest:07d}")


def read_tracker(folder: Path) -> int | str | None:
    """Return the iteration that a folder's tracker names, ``release``, or None where there is no tracker.

    Raises InputError for anything else in it, and for a checkpoint that is named and not there.
    """
    path = folder / TRACKER
    try:
        text = path.read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    latest: int | str = RELEASE if text == RELEASE else int(text) if text.isascii() and text.isdigit() else 0
    if latest == 0:
        raise InputError(f"{path}: {text[:40]!r}, must be {RELEASE!r} or the number of an iteration, 1 or more")
    there = iteration_folder(folder, latest)
    if not there.is_dir():
        raise InputError(f"{path}: names {text}, but there is no folder {there}")
    return latest


def write_tracker(folder: Path, latest: int | str) -> Path:
    """Write a folder's tracker, whole or not at all; raises EnvironmentFault."""
    path = folder / TRACKER
    part = path.with_name(path.name + ".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(f"{latest}\n", "utf-8")
        part.replace(path)
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error}") from error
    return path


def begin_of(folder: Path, base: str | None) -> Begin:
    """Return how a run on this folder begins; ``base`` is the model whose weights it needs at first, None if none.

    Raises InputError for a broken tracker, and for none where weights are needed.
    """
    latest = read_tracker(folder)
    if latest is None and base is not None:
        raise InputError(
            f"{folder / TRACKER} is not there: this recipe begins with the weights of {base}, which must lie in "
            f"{folder / RELEASE} (octopack-train megatron release CHECKPOINT -o {folder})"
        )
    if latest is None:
        return "scratch"
    return "first" if latest == RELEASE else "resume"


def make_release(checkpoint: Path, folder: Path) -> Path:
    """Make a checkpoint the ``release`` of a folder: a link to it, and the tracker; return that.

    ``checkpoint``: a folder with ``mp_rank_00…`` or with torch's distributed files. Raises UsageError, InputError,
    EnvironmentFault.
    """
    if not checkpoint.is_dir() or not (any(checkpoint.glob("mp_rank_*")) or any(checkpoint.glob("*.distcp"))):
        raise InputError(f"{checkpoint}: no Megatron checkpoint: a folder with mp_rank_00… or *.distcp in it")
    release = folder / RELEASE
    if release.exists() or release.is_symlink() or (folder / TRACKER).exists():
        raise UsageError(f"{folder} has a {RELEASE} or a tracker already: name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        release.symlink_to(checkpoint.resolve(), target_is_directory=True)
    except OSError as error:
        raise EnvironmentFault(f"{release} cannot be made: {error}") from error
    return write_tracker(folder, RELEASE)
