"""Megatron's tracker file: which of a folder's checkpoints is the newest, or that there is a release to begin with."""

from pathlib import Path

from humanevalpack.errors import EnvironmentFault, InputError

TRACKER = "latest_checkpointed_iteration.txt"
RELEASE = "release"
"""What the tracker says, and the checkpoint's folder, where training has not begun: converted or merged weights."""


def read_tracker(folder: Path) -> int | str | None:
    """Return the newest iteration, RELEASE, or None where there is no tracker; raises InputError."""
    path = folder / TRACKER
    if not path.is_file():
        return None
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if text == RELEASE:
        return RELEASE
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise InputError(f"{path}: must hold the number of an iteration, or {RELEASE}; not {text[:40]!r}")
    return int(text)


def write_tracker(folder: Path, value: int | str) -> None:
    """Write the tracker of a folder; raises EnvironmentFault."""
    try:
        (folder / TRACKER).write_text(f"{value}\n", "utf-8")
    except OSError as error:
        raise EnvironmentFault(f"{folder / TRACKER} cannot be written: {error}") from error


def checkpoint_name(value: int | str) -> str:
    """Return the folder's name of an iteration, or of a release."""
    return value if isinstance(value, str) else f"iter_{value:07d}"
