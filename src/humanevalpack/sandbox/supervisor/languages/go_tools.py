"""Go's own tools as they are called here, and what ``go_prepare`` knows of the packages."""

from __future__ import annotations

import json
import os
from typing import Any

from .base import Places

PACKAGE = "command-line-arguments"
"""The import path that `go test FILE` gives to the file's package."""
ONE_THREAD = {"GOMAXPROCS": "1"}
"""The pool keeps the cores busy with other programs; threads of the tools only cost."""
_VET = ("-atomic", "-bool", "-buildtags", "-errorsas", "-ifaceassert", "-nilfunc", "-printf", "-stringintconv")
"""The checks that `go test` runs (cmd/go: defaultVetFlags)."""


def packages(places: Places) -> dict[str, Any]:
    """Return what ``go_prepare`` wrote: where packages are, what vet knows of them, what may be imported."""
    with open(f"{places.warm}/packages.json", encoding="ascii") as file:
        known: dict[str, Any] = json.load(file)
    return known


def tools(places: Places) -> dict[str, tuple[str, ...]]:
    """Return the beginning of the command line of each tool; compile and link want the import file's name next."""
    vet = packages(places)["vet"]
    folder = os.path.dirname(vet)
    return {
        "compile": (f"{folder}/compile", "-complete", "-pack", "-c", "1", "-importcfg"),
        "vet": (vet, *_VET),
        "testmain": (f"{places.warm}/testmain",),
        "link": (f"{folder}/link", "-s", "-w", "-importcfg"),
    }
