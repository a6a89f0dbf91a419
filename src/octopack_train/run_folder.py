"""The folder of a run: what it was told, where it ran, what it measured, and whether it may go on."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from humanevalpack.errors import HumanEvalPackError, UsageError
from humanevalpack.version import __version__
from octopack_data.manifests import write_json
from octopack_train.prepared import REPORT
from octopack_train.recipes.reading import Recipe, read_recipe
from octopack_train.recipes.writing import all_values, resolved_yaml

CONFIG, ENVIRONMENT, METRICS, DATA, DONE = "config.yaml", "environment.json", "metrics.jsonl", "data", "done.json"
TOKENIZER, BASE, ADAPTER, MODEL = "tokenizer", "base", "adapter", "model"
"""Folders: the tokenizer of a run; its base, if that was random; the result, an adapter or all weights."""
PART, LOCK = "data.part", ".lock"
"""Folders: data that is being made ready; held by the run that is at work."""
_OURS = (
    CONFIG,
    ENVIRONMENT,
    METRICS,
    DATA,
    DONE,
    TOKENIZER,
    BASE,
    ADAPTER,
    MODEL,
    "evaluation",
    "tensorboard",
    "wandb",
)
_PACKAGES = (
    "torch",
    "transformers",
    "trl",
    "peft",
    "accelerate",
    "datasets",
    "tokenizers",
    "bitsandbytes",
    "deepspeed",
)
_FREE = (
    "output",
    "loggers",
    "workers",
    "cadence.",
    "evaluation.",
    "distributed.",
    "batch.",
    "schedule.stop_after_steps",
)
"""Settings that may differ when a run goes on: they change nothing that is learned up to a step."""
_ROWS = "batch"


def check(recipe: Recipe, folder: Path, *, resuming: bool, overwrite: bool = False) -> None:
    """Check that a run may begin in a folder, or that this recipe is the one that goes on there; raises UsageError."""
    config = folder / CONFIG
    if not config.exists():
        _check_free(folder, overwrite=overwrite)
    elif resuming:
        _check_same(recipe, read_recipe(str(config)), config)
    elif not overwrite:
        raise UsageError(
            f"{folder} holds a run: --resume auto goes on with it, --set output=FOLDER begins another, --overwrite "
            "begins anew here"
        )
    else:
        _check_run(config)


def _check_free(folder: Path, *, overwrite: bool) -> None:
    """Without a config.yaml there is no run, or one that was killed before its first step."""
    there = {path.name for path in folder.iterdir()} - {LOCK, PART} if folder.is_dir() else set[str]()
    if (folder / DATA / REPORT).is_file():
        there -= {DATA, TOKENIZER, BASE}
    if overwrite and there:
        raise UsageError(f"--overwrite: {folder} has no {CONFIG}: it is no run; remove it yourself")
    if taken := sorted(name for name in there if _is_ours(name)):
        raise UsageError(
            f"{folder} has no {CONFIG}, so it is no run, and holds what a run would replace: {', '.join(taken)}. Name "
            "another folder: --set output=FOLDER"
        )


def _check_run(config: Path) -> None:
    try:
        _ = read_recipe(str(config)).settings
    except HumanEvalPackError as error:
        raise UsageError(f"--overwrite: {config} is not that of a run ({error}); remove it yourself") from error


def clear(folder: Path) -> None:
    """Take a run away, and nothing that lies beside it."""
    for path in folder.iterdir():
        if _is_ours(path.name):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _is_ours(name: str) -> bool:
    return name in _OURS or name.startswith("checkpoint-")


def write_config(recipe: Recipe, folder: Path) -> None:
    """Write the whole recipe: from now on there is a run."""
    _write_whole(folder / CONFIG, resolved_yaml(recipe))


def _write_whole(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, "utf-8")
    part.replace(path)


def _check_same(new: Recipe, old: Recipe, path: Path) -> None:
    now, then = all_values(new), all_values(old)
    changed = [
        key
        for key in dict.fromkeys([*then, *now])
        if now.get(key) != then.get(key) and not any(key == free or key.startswith(free) for free in _FREE)
    ]
    rows = new.settings.batch.rows, old.settings.batch.rows
    if rows[0] != rows[1]:
        changed.append(_ROWS)
        now[_ROWS], then[_ROWS] = f"{rows[0]} rows a step", f"{rows[1]} rows a step"
    if changed:
        said = "; ".join(f"{key} was {then.get(key)!r} and is {now.get(key)!r}" for key in changed)
        raise UsageError(f"{path}: the run that is there cannot go on with other settings: {said}")


def cut_metrics(folder: Path, step: int) -> None:
    """Take out of ``metrics.jsonl`` what was measured behind a step from which a run goes on.

    A last line that is no JSON is what a kill or a full disk has left.
    """
    path = folder / METRICS
    if not path.exists():
        return
    lines = path.read_text("utf-8").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        del lines[-1]
    _write_whole(path, "".join(line for line in lines if json.loads(line)["step"] <= step))


def append_metrics(folder: Path, values: Mapping[str, Any]) -> None:
    """Add a line to ``metrics.jsonl``."""
    with (folder / METRICS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(values) + "\n")


def environment_of(folder: Path) -> dict[str, Any]:
    """Return what was recorded of the run in a folder; nothing where none was."""
    path = folder / ENVIRONMENT
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def write_environment(folder: Path, more: Mapping[str, Any]) -> None:
    """Write where a run runs: versions, machine, command, and what else is known."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    own = {
        "humanevalpack": __version__,
        "git_revision": git_revision(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": versions,
        "command": sys.argv,
    }
    write_json(folder / ENVIRONMENT, own | dict(more))


def git_revision() -> str | None:
    """Return the commit of the checkout that this package runs from, with -dirty if files differ; None without one."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=10)
        state = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return head.stdout.strip() + ("-dirty" if state.stdout.strip() else "")
