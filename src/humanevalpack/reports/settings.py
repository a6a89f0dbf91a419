"""How a run was made: its manifest, flattened to names and texts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

NOT_SETTINGS = ("name", "created", "version", "asked", "finished")
"""Manifest keys that tell runs (or the folder's format) apart and change nothing, or repeat what others say."""


def settings_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return every setting by a dotted name (``packages.torch``), in the manifest's order; what is null is left out."""
    return dict(_flat(manifest, ""))


def _flat(values: Mapping[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if not before and name in NOT_SETTINGS:
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif value is not None:
            yield f"{before}{name}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
