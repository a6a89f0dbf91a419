"""From a folder that a user names to the checkpoint in it."""

from pathlib import Path

from humanevalpack.errors import InputError
from octopack_train.megatron.checkpoints.distributed import METADATA, open_distributed
from octopack_train.megatron.checkpoints.ranks import open_ranks
from octopack_train.megatron.checkpoints.source import Source
from octopack_train.megatron.tracker import TRACKER, iteration_folder, read_tracker


def open_checkpoint(path: Path) -> Source:
    """Open a checkpoint of Megatron: an iteration's folder, or the one that a tracker file names; raises InputError."""
    newest = read_tracker(path)
    folder = iteration_folder(path, newest) if newest is not None else path
    if (folder / METADATA).is_file():
        return open_distributed(folder)
    if folder.is_dir() and any(folder.glob("mp_rank_*")):
        return open_ranks(folder)
    if newest is not None:
        raise InputError(f"{path / TRACKER} names {newest}, but {folder} holds no checkpoint")
    below = sorted(one.name for one in path.glob("iter_*")) if path.is_dir() else []
    said = f"; there are {', '.join(below)} below it: name one of them" if below else ""
    raise InputError(f"{path}: no checkpoint of Megatron: no {TRACKER}, no mp_rank_* folders, no {METADATA}{said}")
