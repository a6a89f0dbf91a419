"""What a filter is made of as data: presets, verbs and phrases, shipped and of the user's own files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from humanevalpack.errors import InputError, UsageError
from octopack_data.settings import Settings, make_settings, read_settings, read_yaml

_DATA = Path(__file__).parent.parent / "data"
PRESETS_FILE = _DATA / "filter_presets.yaml"
VERBS_FILE = _DATA / "verbs.txt"
PHRASES_FILE = _DATA / "phrases.yaml"


class TokenLimit(Settings):
    """How many tokens a row may have."""

    text: str
    """What is counted; `{old_contents}`, `{new_contents}` and `{subject}` stand for the row's."""
    least: int
    """Smallest number that is kept."""
    most: int
    """Largest number that is kept."""
    tokenizer: str
    """Hub id of the tokenizer that the release counted with."""


class Preset(Settings):
    """One filter of the release."""

    rules: Literal["commitpackft", "legacy"]
    """List of rules."""
    passes: tuple[int, ...]
    """Passes of the list, in order."""
    old_characters: int
    """Old contents must be shorter."""
    tokens: TokenLimit
    """Limit of tokens."""


class Phrases(Settings):
    """Subjects that are left out, in lower case."""

    whole: tuple[str, ...] = ()
    """Whole subjects."""
    parts: tuple[str, ...] = ()
    """Parts of subjects."""
    jokes: tuple[str, ...] = ()
    """Whole subjects, looked for in pass 2."""


@dataclass(frozen=True)
class Verbs:
    """How a lower-cased subject may begin: a word and a space, or any of ``starts``; or end: any of ``ends``."""

    words: frozenset[str]
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()


@cache
def _presets() -> dict[str, Preset]:
    return {
        name: make_settings(Preset, values, f"{name} of {PRESETS_FILE.name}")
        for name, values in read_yaml(PRESETS_FILE).items()
    }


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets."""
    return tuple(_presets())


def read_preset(name: str) -> Preset:
    """Return a preset; raises UsageError."""
    if name not in _presets():
        raise UsageError(f"no filter preset {name!r}; there are {', '.join(_presets())}")
    return _presets()[name]


def read_phrases(path: Path | None = None) -> Phrases:
    """Return the shipped phrases or those of a file of the same form; raises InputError and UsageError."""
    return read_settings(Phrases, path or PHRASES_FILE)


def read_verbs(paths: tuple[Path, ...] = (), *, strip: bool) -> Verbs:
    """Return the shipped English verbs or those of files of the same form; ``strip`` mends quoted spaces (``fixed``).

    Raises InputError: a file that cannot be read or has no verb.
    """
    words: set[str] = set()
    starts: set[str] = set()
    ends: set[str] = set()
    for path in paths or (VERBS_FILE,):
        verbs = _lines(path)
        for verb in verbs:
            verb = verb.strip('"').lower()
            verb = verb.strip() if strip else verb
            if verb.startswith("*"):
                ends.add(verb[1:])
            elif verb.endswith("*"):
                starts.add(verb[:-1])
            elif " " in verb:
                starts.add(verb + " ")
            else:
                words.add(verb)
    return Verbs(frozenset(words), tuple(sorted(starts)), tuple(sorted(ends)))


def _lines(path: Path) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a list of verbs that can be read ({error})") from error
    verbs = [line for line in lines if line and not line.startswith("#")]
    if not verbs:
        raise InputError(f"{path}: holds no verb; write one a line (word, word*, or *word for an ending)")
    return verbs
