"""The folder of a run: what it was told, where it ran, what it measured, and whether it may go on."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, UsageError
from humanevalpack.version import __version__
from octopack_data.manifests import write_json
from octopack_train.recipes.reading import Recipe, read_recipe
from octopack_train.recipes.writing import all_values, resolved_yaml

CONFIG, ENVIRONMENT, METRICS, DATA, DONE = "config.yaml", "environment.json", "metrics.jsonl", "data", "done.json"
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


def check(recipe: Recipe, folder: Path, *, resuming: bool) -> None:
    """Check that a run may begin in a folder, or that this recipe is the one that goes on there; raises UsageError."""
    config = folder / CONFIG
    if not config.exists():
        return
    if resuming:
        _check_same(recipe, read_recipe(str(config)), config)
    else:
        raise UsageError(
            f"{folder} holds a run: --resume auto goes on with it, --set output=FOLDER begins another, --overwrite "
            "begins anew here"
        )


def write_config(recipe: Recipe, folder: Path) -> None:
    """Write the whole recipe: from now on there is a run."""
    (folder / CONFIG).write_text(resolved_yaml(recipe), "utf-8")


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


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints of a run that are whole, oldest first."""
    found = [path for path in folder.glob("checkpoint-*") if (path / "trainer_state.json").is_file()]
    return sorted(found, key=lambda path: int(path.name.rpartition("-")[2]))


def checkpoint_of(folder: Path, resume: str | None) -> Path | None:
    """Return the checkpoint that ``--resume`` names; auto: the newest, or none if there is none; raises InputError."""
    if resume is None:
        return None
    if resume == "auto":
        return next(reversed(checkpoints(folder)), None)
    path = Path(resume)
    if not (path / "trainer_state.json").is_file():
        known = ", ".join(str(one) for one in checkpoints(folder)) or "none"
        raise InputError(f"--resume {resume}: no checkpoint is there; in {folder}: {known}")
    return path


def cut_metrics(folder: Path, step: int) -> None:
    """Take out of ``metrics.jsonl`` what was measured behind a step from which a run goes on."""
    path = folder / METRICS
    if path.exists():
        kept = [line for line in path.read_text("utf-8").splitlines() if json.loads(line)["step"] <= step]
        path.write_text("".join(f"{line}\n" for line in kept), "utf-8")


def append_metrics(folder: Path, values: Mapping[str, Any]) -> None:
    """Add a line to ``metrics.jsonl``."""
    with (folder / METRICS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(values) + "\n")


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
