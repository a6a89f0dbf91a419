"""A look at a run's data before it begins: the first rows of each source, made ready as all of them would be."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from humanevalpack.errors import HumanEvalPackError
from octopack_train.config.model import NEW_TOKENIZER
from octopack_train.config.training import TrainingSettings
from octopack_train.texts import MINI
from octopack_train.tokens import Tokenizer, Tokens

ROWS = 2_000
"""Of each source, at most."""


@dataclass(frozen=True)
class Preview:
    """What the data looks like, or why it is not seen."""

    report: Mapping[str, Any] = field(default_factory=dict)
    shown: tuple[Tokens, ...] = ()
    tokenizer: Tokenizer = None
    unseen: str = ""
    """Why nothing is shown; empty if something is."""


def preview(settings: TrainingSettings) -> Preview:
    """Look at data and tokenizer, where both are on this machine: a plan downloads nothing.

    Raises InputError and UsageError.
    """
    data = settings.data
    paths = [source.source for source in data.mixture.sources] if data.mixture else []
    paths += [path for path in (data.path, data.test_path) if path is not None]
    if not paths:
        return Preview(unseen="no data is named: --set data.path=FILE, or data.mixture")
    away = [path for path in paths if path != MINI and not Path(path).exists()]
    if away:
        return Preview(unseen=f"no file or folder here: {', '.join(away)} (a hub id is downloaded when the run begins)")
    name = settings.model.tokenizer or settings.model.base
    if name != NEW_TOKENIZER and not Path(name).exists() and not _in_cache(name, settings):
        return Preview(unseen=f"the tokenizer of {name} is not on this machine; it is downloaded when the run begins")
    from octopack_train.prepared import prepare

    with tempfile.TemporaryDirectory() as folder:
        made = prepare(settings, Path(folder) / "data", limit=ROWS, packed=False)
    return Preview(made.report, made.shown, made.tokenizer)


def _in_cache(name: str, settings: TrainingSettings) -> bool:
    from huggingface_hub import try_to_load_from_cache

    revision = None if settings.model.tokenizer else settings.model.revision
    try:
        found = try_to_load_from_cache(name, "tokenizer.json", revision=revision)
    except (ValueError, HumanEvalPackError):  # no name that the hub would have
        return False
    return isinstance(found, str)
