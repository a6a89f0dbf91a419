"""Where a merged model comes from: hashes of adapter and base, the recipe, versions; no folder of this machine."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from humanevalpack.errors import HumanEvalPackError
from humanevalpack.version import __version__
from octopack_data.manifests import FileFacts, file_facts, sha256_of
from octopack_train.adapters.checking import Check
from octopack_train.adapters.reading import CONFIG, Adapter, Base
from octopack_train.logits import LogitDifference
from octopack_train.recipes.reading import read_recipe
from octopack_train.tensor_files import open_tensors

PROVENANCE = "octopack_merge.json"
RUN_CONFIG = "config.yaml"
"""The resolved recipe, in the folder of a training run."""
_PACKAGES = ("torch", "transformers", "peft", "safetensors", "tokenizers")


def provenance(
    base: Base, adapter: Adapter, dtype: str, checks: Iterable[Check], effect: LogitDifference
) -> dict[str, Any]:
    """Return all that is known of a merge as plain values; reads the base's weights once for their hash."""
    folder = base_folder(base)
    base_files = _facts((path.name, path) for path in (folder / "config.json", *open_tensors(folder).files))
    tensors = open_tensors(adapter.path).files
    adapter_files = _facts((path.name, path) for path in (adapter.path / CONFIG, *tensors))
    return {
        "made_by": "octopack-train adapter merge",
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "dtype": dtype,
        "folded_in": "fp32",
        "base": {
            "name": folder.name if Path(base.name).exists() else base.name,
            "revision": base.revision,
            "commit": getattr(base.config, "_commit_hash", None),
            "sha256": joint_hash(base_files),
            "files": [asdict(file) for file in base_files],
        },
        "adapter": {
            "name": adapter.path.resolve().name,
            "sha256": joint_hash(adapter_files),
            "files": [asdict(file) for file in adapter_files],
            "settings": {name: value for name, value in adapter.config.items() if name != "base_model_name_or_path"},
        },
        "recipe": run_recipe(adapter.path),
        "effect_on_logits": asdict(effect),
        "checks": [one.plain() for one in checks],
        "versions": versions(),
    }


def adapter_hash(adapter: Adapter) -> str:
    """Return the hash by which a merged model knows its adapter."""
    files = (adapter.path / CONFIG, *open_tensors(adapter.path).files)
    return joint_hash(_facts((path.name, path) for path in files))


def base_folder(base: Base) -> Path:
    """Return where a base's files lie; those of the hub in its cache, where loading has put them."""
    if Path(base.name).is_dir():
        return Path(base.name).resolve()
    from transformers.utils.hub import cached_file

    return Path(str(cached_file(base.name, "config.json", revision=base.revision))).parent


def run_recipe(adapter: Path) -> dict[str, str] | None:
    """Return the recipe of the run that left an adapter: config.yaml in its folder or up to two above; None without."""
    for folder in (adapter.resolve(), *adapter.resolve().parents[:2]):
        path = folder / RUN_CONFIG
        if path.is_file():
            try:
                about = read_recipe(str(path)).about
            except HumanEvalPackError:
                continue  # the settings of another program
            return {"about": about, "sha256": sha256_of(path)}
    return None


def joint_hash(files: Sequence[FileFacts]) -> str:
    """Return one hash of several files: of the lines ``sha256  name``, sorted by name, as sha256sum prints them."""
    lines = [f"{file.sha256}  {file.path}\n" for file in sorted(files, key=lambda file: file.path)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of what a merge depends on."""
    found = {"humanevalpack": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _facts(files: Iterable[tuple[str, Path]]) -> list[FileFacts]:
    return [file_facts(path, name) for name, path in files]
