"""Settings of the two stages, and the wording of the questions (``data/self_instruct.yaml``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from humanevalpack.errors import InputError
from octopack_data.chats.settings import ServerSettings
from octopack_data.rows import RowFormat
from octopack_data.settings import Settings, read_yaml

WORDING = Path(__file__).parents[1] / "data" / "self_instruct.yaml"
_HOLES = {"instructions": ("{examples}", "{first}", "{last}"), "answer": ("{instruction}",)}


class InstructionFilters(Settings):
    """What an instruction must be; the keywords come from files of the user's."""

    min_words: int = Field(default=3, ge=0)
    """Words of an instruction at least."""
    max_words: int = Field(default=150, ge=1)
    """Words of an instruction at most."""
    similarity: float = Field(default=0.7, gt=0, le=1)
    """Drop an instruction that is so like an earlier one (ROUGE-L, from 0 to 1; 1 drops equal words alone)."""
    keywords: tuple[Path, ...] = ()
    """Files of words and phrases, one a line: an instruction with one of them (whole words, any case) is dropped."""


class GenerateSettings(ServerSettings, InstructionFilters):
    """Settings of ``self-instruct generate``."""

    count: int = Field(default=1000, ge=1)
    """New instructions that are wanted; a finished run goes on with a higher number."""
    seed_examples: int = Field(default=6, ge=1)
    """Seed tasks that a question shows."""
    new_examples: int = Field(default=2, ge=0)
    """New instructions that it shows besides, once there are any."""
    per_request: int = Field(default=8, ge=1)
    """New instructions that it asks for."""
    round_size: int = Field(default=8, ge=1)
    """Questions made of the same instructions and asked together; the next ones show what these have brought."""
    patience: int = Field(default=10, ge=1)
    """End after so many rounds in a row that brought nothing new."""
    answers: bool = True
    """Ask for an answer to each new instruction, too."""
    wording: Path | None = None
    """YAML file with the wording of the questions; without it ours."""
    format: RowFormat = "jsonl"
    """Format of the rows that are written."""


class LoadSettings(InstructionFilters):
    """Settings of ``self-instruct load``."""

    min_words: int = Field(default=0, ge=0)
    """Words of an instruction at least."""
    max_words: int = Field(default=100_000, ge=1)
    """Words of an instruction at most."""
    near: bool = True
    """Drop near duplicates, too."""
    similarity: float = Field(default=0.9, gt=0, le=1)
    """Near: so like an earlier row's instruction and input (ROUGE-L, from 0 to 1)."""
    prompts_only: bool = False
    """Keep rows without an output, with an empty completion."""
    format: RowFormat = "jsonl"
    """Format of the rows that are written."""


@dataclass(frozen=True)
class Wording:
    """The questions: for new instructions, and for an answer."""

    system: str
    instructions: str
    answer: str


def read_wording(path: Path) -> Wording:
    """Read a file of wording; raises InputError for a key or a hole ({examples}, …) that is missing."""
    values = read_yaml(path)
    names = ("system", *_HOLES)
    if wrong := sorted(set(values) ^ set(names)):
        raise InputError(f"{path}: must have the keys {', '.join(names)}; wrong or missing: {', '.join(wrong)}")
    if not_text := [name for name in names if not isinstance(values[name], str)]:
        raise InputError(f"{path}: {not_text[0]} must be text, not {values[not_text[0]]!r}")
    for name, holes in _HOLES.items():
        if missing := [hole for hole in holes if hole not in values[name]]:
            raise InputError(f"{path}: {name} must hold {', '.join(holes)}; it has no {missing[0]}")
    return Wording(values["system"], values["instructions"], values["answer"])


def read_phrases(paths: tuple[Path, ...]) -> tuple[str, ...]:
    """Read lists of words and phrases, one a line; empty lines and those that begin with # are none."""
    phrases: list[str] = []
    for path in paths:
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: not a list of keywords that can be read ({error})") from error
        phrases += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return tuple(phrases)
