"""How Megatron names GPTBigCode's tensors: tables in ``data/megatron/names.yaml``, one for each spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from humanevalpack.errors import InputError
from octopack_data.settings import read_yaml

FILE = Path(__file__).parents[2] / "data" / "megatron" / "names.yaml"
Share = Literal["rows", "columns", "copy"]
"""How the ranks of tensor parallelism have a tensor."""
Stage = Literal["first", "layers", "last"]
SPELLINGS = ("core-local", "core-te", "bigcode-2023")
EMBEDDING = "transformer.wte.weight"


@dataclass(frozen=True)
class Part:
    """A tensor of Megatron."""

    name: str
    """Dotted; the layer counted over all stages."""
    share: Share
    path: tuple[str, ...]
    """Keys in the checkpoint's nested mappings; the layer as in ``name``."""


@dataclass(frozen=True)
class Entry:
    """A tensor of GPTBigCode, and what it is put together from, by rows."""

    name: str
    parts: tuple[Part, ...]
    layer: int | None
    """None outside of the layers."""
    stage: Stage


@dataclass(frozen=True)
class Names:
    """One spelling, for a number of layers."""

    spelling: str
    entries: tuple[Entry, ...]
    tied: Part
    """The embedding's copy on the last of several stages."""

    @property
    def embedding(self) -> Part:
        """What the output layer is a copy of."""
        return next(entry.parts[0] for entry in self.entries if entry.name == EMBEDDING)

    @property
    def expected(self) -> frozenset[str]:
        """Names that a whole checkpoint has."""
        return frozenset(part.name for entry in self.entries for part in entry.parts)


def names_of(spelling: str, layers: int) -> Names:
    """Return the names of a spelling (one of SPELLINGS) for so many layers."""
    facts = _facts()
    entries: list[Entry] = []
    for stage in ("first", "layers", "last"):
        for layer in range(layers) if stage == "layers" else (None,):
            for name, tables in facts[stage].items():
                parts = tuple(_part(pattern, share, layer) for pattern, share in tables[spelling].items())
                entries.append(Entry(name.replace("*", str(layer)), parts, layer, stage))
    return Names(spelling, tuple(entries), _part(facts["tied"][spelling], "rows", None))


def recognize(found: Iterable[str], place: object) -> Names:
    """Return the names that a checkpoint's tensors have; raises InputError naming the first that is wrong.

    ``found``: dotted names, layers counted over all stages.
    """
    facts = _facts()
    held = {name for name in found if not any(fnmatchcase(name, pattern) for pattern in facts["ignored"])}
    for name in sorted(held):
        for pattern, says in facts["refused"].items():
            if fnmatchcase(name, pattern):
                raise InputError(f"{place}: has {name}: GPTBigCode cannot hold {says}")
    numbers = {int(match[1]) for name in held if (match := re.search(r"\blayers\.(\d+)\.", name))}
    layers = max(numbers, default=-1) + 1
    tables = [names_of(spelling, layers) for spelling in SPELLINGS]
    table = max(tables, key=lambda one: (len(one.expected & held), -len(one.expected - held)))
    if missing := sorted(table.expected - held):
        raise InputError(
            f"{place}: has no {missing[0]}, one of {len(missing)} tensors that GPTBigCode needs "
            f"(read as {table.spelling}: {facts['tables'][table.spelling]})"
        )
    if more := sorted(held - table.expected - {table.tied.name}):
        raise InputError(f"{place}: has {more[0]}, one of {len(more)} tensors for which GPTBigCode has no place")
    return table


def shift_layer(name: str, by: int) -> str:
    """Return a name with its layer's number raised."""
    return re.sub(r"\blayers\.(\d+)\.", lambda match: f"layers.{int(match[1]) + by}.", name)


def _part(pattern: str, share: Share, layer: int | None) -> Part:
    path = tuple(pattern.replace("*", str(layer)).split("/"))
    return Part(".".join(path), share, path)


@lru_cache
def _facts() -> Mapping[str, Any]:
    return read_yaml(FILE)
