"""An adapter folded into its base: in fp32, cast afterwards, checked, written whole or not at all."""

from __future__ import annotations

import gc
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import UsageError
from octopack_data.manifests import write_json
from octopack_train.adapters.checking import CAST, FOLDED, Check, CheckFailed, check, effect, fold, require
from octopack_train.adapters.provenance import PROVENANCE, provenance
from octopack_train.adapters.reading import Adapter, Base, load_adapted
from octopack_train.folders import check_free, whole_folder
from octopack_train.logits import TYPES, LogitDifference, load_model, logits
from octopack_train.tensor_files import open_tensors

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "chat_template.jinja",
)
GENERATION = "generation_config.json"


@dataclass(frozen=True)
class Merged:
    """A merged model that was written."""

    path: Path
    dtype: str
    bytes: int
    """Of its weights."""
    checks: tuple[Check, ...]
    effect: LogitDifference
    """Of the adapter on its base."""
    tokenizer: str
    """Where the tokenizer is from: adapter, base, or nowhere."""


def merge(
    base: Base,
    adapter: Adapter,
    output: Path,
    *,
    dtype: str | None = None,
    shard_size: str = "5GB",
    overwrite: bool = False,
) -> Merged:
    """Fold an adapter into its base and write the model; ``dtype`` None: the base's.

    Needs 4 bytes of memory a parameter. Raises UsageError (output), InputError (what does not fit), CheckFailed
    (weights that are no numbers, logits that differ): then nothing is written.
    """
    kind = dtype or _type_of(base)
    for name in (base.name, str(adapter.path)):
        if output.resolve() == Path(name).resolve():
            raise UsageError(f"{output} is what is merged: name another folder")
    check_free(output, PROVENANCE, overwrite=overwrite)
    model = load_adapted(base, adapter)
    live = logits(model)
    changed = effect(model, live)
    model = fold(model)
    checks = [check("live and folded in, fp32", live, logits(model), FOLDED)]
    _cast(model, kind)
    cast = logits(model)
    if kind != "fp32":
        checks.append(check(f"live and folded in, cast to {kind}", live, cast, CAST[kind]))
    require(checks, f"{output} is not written: the merged model does not say what the adapter says")
    with whole_folder(output, PROVENANCE, overwrite=overwrite) as folder:
        tokenizer = _save(model, folder, base, adapter, shard_size)
        del model
        gc.collect()  # the model that is read back takes its place
        checks.append(check("folded in, and written and read back", cast, logits(load_model(folder, kind)), 0.0))
        require(checks, f"{output} is not written: the files do not hold the merged model")
        write_json(folder / PROVENANCE, provenance(base, adapter, kind, checks, changed))
        size = sum(path.stat().st_size for path in open_tensors(folder).files)
    return Merged(output, kind, size, tuple(checks), changed, tokenizer)


def _type_of(base: Base) -> str:
    there = str(base.config.dtype).removeprefix("torch.")
    return next((name for name, torch_name in TYPES.items() if torch_name == there), "fp32")


def _cast(model: Any, kind: str) -> None:
    """Cast in place; a weight that is too large for fp16 would become infinite."""
    import torch

    model.to(getattr(torch, TYPES[kind]))
    for name, values in model.named_parameters():
        if not torch.isfinite(values).all():
            raise CheckFailed(f"{name} is not finite as {kind}: choose --dtype bf16 or fp32")


def _save(model: Any, folder: Path, base: Base, adapter: Adapter, shard_size: str) -> str:
    from transformers import GenerationConfig

    # Copied as it is below: the library refuses to write some that it reads.
    model.generation_config = GenerationConfig()  # type: ignore[no-untyped-call]
    try:
        model.save_pretrained(folder, max_shard_size=shard_size)
    except ValueError as error:
        raise UsageError(f"--shard-size {shard_size}: {error}") from error
    (folder / GENERATION).unlink(missing_ok=True)
    _copy(base, [GENERATION], folder)
    own = [name for name in TOKENIZER_FILES if (adapter.path / name).is_file()]
    if "tokenizer_config.json" in own:  # tokens may have been added in training
        for name in own:
            shutil.copyfile(adapter.path / name, folder / name)
        return "adapter"
    return "base" if _copy(base, TOKENIZER_FILES, folder) else "nowhere"


def _copy(base: Base, names: list[str] | tuple[str, ...], folder: Path) -> int:
    from transformers.utils.hub import cached_file

    copied = 0
    for name in names:
        found = cached_file(base.name, name, revision=base.revision, _raise_exceptions_for_missing_entries=False)
        if found is not None:
            shutil.copyfile(str(found), folder / name)
            copied += 1
    return copied
