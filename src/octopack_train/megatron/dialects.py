"""The arguments that each Megatron-LM knows, read from ``data/megatron``: facts, with the source of every flag."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from octopack_data.settings import read_yaml

DialectName = Literal["bigcode-2023", "core-0.16"]
DIALECTS: tuple[DialectName, ...] = get_args(DialectName)
_FOLDER = Path(__file__).parents[1] / "data" / "megatron"


@dataclass(frozen=True)
class Flag:
    """One flag, and when it is written."""

    flag: str
    source: str
    """Where the parser has it: a name of the dialect's sources, behind a dot the field of a dataclass."""
    value: str | None = None
    """Setting whose value follows; where it is null, the flag is left out."""
    text: str | None = None
    """Words that follow, settings in braces."""
    when: dict[str, Any] = field(default_factory=dict)
    """Values that settings must have; several for one are a list."""
    default: Any = None
    """The parser's own value: where it is wanted, the flag is left out."""


@dataclass(frozen=True)
class Unsayable:
    """What no argument of a dialect says."""

    when: dict[str, Any]
    reason: str


@dataclass(frozen=True)
class Dialect:
    """A Megatron-LM's arguments."""

    name: DialectName
    sources: dict[str, str]
    """Where the flags were read."""
    scripts: dict[str, str]
    """Script of the checkout by the form of the data."""
    environment: dict[str, str]
    """Variables that a run needs."""
    flags: tuple[Flag, ...]
    cannot_say: tuple[Unsayable, ...]
    elsewhere: dict[str, str]
    """Settings that are no arguments, and where they go."""


@cache
def read_dialect(name: DialectName) -> Dialect:
    """Return a dialect of those that ship with the package."""
    values = read_yaml(_FOLDER / f"{name}.yaml")
    values["flags"] = tuple(Flag(**one) for one in values["flags"])
    values["cannot_say"] = tuple(Unsayable(**one) for one in values["cannot_say"])
    return Dialect(name, **values)


def holds(when: dict[str, Any], values: dict[str, Any]) -> bool:
    """Return whether each setting has (one of) the values that are named."""
    return all(values[name] in (wanted if isinstance(wanted, list) else [wanted]) for name, wanted in when.items())
