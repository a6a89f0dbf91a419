"""A model or an adapter to the hub: what would be pushed, and what must not be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from humanevalpack.errors import InputError
from octopack_data.cards import CARD
from octopack_data.push import Push, told_by_the_hub
from octopack_train.adapters.merging import GENERATION, TOKENIZER_FILES
from octopack_train.adapters.provenance import PROVENANCE
from octopack_train.adapters.reading import CONFIG, read_adapter
from octopack_train.tensor_files import open_tensors

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_BESIDE = (CARD, CONFIG, "config.json", GENERATION, PROVENANCE, *TOKENIZER_FILES)


def plan_push(folder: Path) -> Push:
    """Return what would be pushed: weights as safetensors, settings, tokenizer, card, provenance; nothing else.

    Checkpoints' states of optimizers and torch files stay: those who load them would run code. Raises InputError: no
    card, weights that are no safetensors, an adapter on a folder of this machine.
    """
    if not (folder / CARD).is_file():
        raise InputError(f"{folder} has no {CARD}; make it: octopack-train card RUN -o {folder / CARD}")
    weights = open_tensors(folder).files
    for path in weights:
        if path.suffix != ".safetensors":
            raise InputError(f"{path}: only safetensors are pushed; save the model anew")
    if (folder / CONFIG).is_file():
        base = str(read_adapter(folder).config.get("base_model_name_or_path"))
        if Path(base).is_absolute() or Path(base).exists():
            raise InputError(
                f"{folder / CONFIG}: base_model_name_or_path is {base!r}, a folder of this machine, where nobody else "
                "finds it: write the base's hub id there"
            )
    index = list(folder.glob("*.safetensors.index.json"))
    files = [path.name for path in (*weights, *index)] + [name for name in _BESIDE if (folder / name).is_file()]
    return Push(folder, tuple(files), sum((folder / name).stat().st_size for name in files))


def push(plan: Push, repository: str, *, private: bool = True, hub: HfApi | None = None) -> None:
    """Upload what is planned; a new repository is private unless told otherwise. Raises EnvironmentFault."""
    from huggingface_hub import HfApi

    api = hub or HfApi()
    with told_by_the_hub(repository, "did not take it"):
        api.create_repo(repository, repo_type="model", private=private, exist_ok=True)
        api.upload_folder(
            repo_id=repository, folder_path=plan.folder, repo_type="model", allow_patterns=list(plan.files)
        )
