"""Exported images as folders: `local` runs a language in its own when HUMANEVALPACK_ROOTS names their place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from humanevalpack.errors import SandboxFault
from humanevalpack.sandbox.supervisor import image
from humanevalpack.sandbox.supervisor.job import HOME

ROOTS = "HUMANEVALPACK_ROOTS"


def root_of(language: str) -> Path | None:
    """Return the root file system of a language, or None: then this machine's own tools are used."""
    place = os.environ.get(ROOTS)
    if not place:
        return None
    folder = Path(place).absolute() / language
    return folder if folder.is_dir() else None


def contents(root: Path) -> dict[str, Any]:
    """Return what a root says of itself; raises SandboxFault if it is not one of an image of ours."""
    try:
        return image.contents(f"{root}{HOME}")
    except (OSError, ValueError) as error:
        raise SandboxFault(f"{root} (from {ROOTS}) is not an exported image: {error}") from error
