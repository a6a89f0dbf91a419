"""Outputs of stages for the tests of cards, and what a card's front matter says."""

from pathlib import Path
from typing import Any

import yaml

from data_rows import write
from octopack_data.cards import CardSettings
from octopack_data.manifests import file_facts, input_facts, new_manifest, write_manifest

SETTINGS = CardSettings(contact="https://example.org/removal")
PAIR = {"prompt": "Sort it", "completion": "sorted(it)"}


def stage(folder: Path, name: str, files: dict[str, int], *inputs: Path, **settings: Any) -> Path:
    """A stage's output as any stage leaves it: rows in data/, and the manifest."""
    for path, rows in files.items():
        write(folder / path, [PAIR] * rows)
    outputs = [file_facts(folder / path, path, rows) for path, rows in files.items()]
    counts = {"rows": 9, "kept": sum(files.values()), "dropped_phrase": 9 - sum(files.values())}
    read = [input_facts(path) for path in inputs]
    write_manifest(folder, new_manifest(name, settings, read, outputs, counts))
    return folder


def front_matter(card: str) -> dict[str, Any]:
    facts: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return facts
