"""The stage ``oasst curate``: the lines that somebody has picked by hand, as prompts with completions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from humanevalpack.errors import InputError
from octopack_data.dialogue_pairs import DialogueSettings, excluded_pairs, pair_sample, pair_schema, read_candidates
from octopack_data.exclusions import Excluded
from octopack_data.manifests import sha256_of
from octopack_data.parts import PartResult, Stage
from octopack_data.rows import RowWriter
from octopack_data.sampling import WHOLE, Sample
from octopack_data.settings import load_yaml, written_settings
from octopack_data.sources import Part

_NAMED = 5
"""Faults that one message names."""


class CurateSettings(DialogueSettings):
    """What is picked."""

    indices: Path
    """File with the lines to keep: numbers, or a YAML mapping of part (python/data) to numbers if SOURCE has several
    files."""
    first_line: int = Field(ge=0, le=1)
    """Number of a file's first line in --indices: 0 or 1."""
    excluded_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the lines that were not picked, drawn by id, that `excluded/` lists."""


def read_indices(path: Path, parts: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the picked numbers of each part; raises InputError that names what is no number, no part or repeated."""
    said = load_yaml(path, as_written=True)
    if not isinstance(said, dict):
        if len(parts) > 1:
            raise InputError(f"{path}: SOURCE has {len(parts)} files: give a mapping, such as `{parts[0]}: [3, 14]`")
        said = {parts[0]: said}
    unknown = [name for name in said if name not in parts]
    if unknown:
        raise InputError(f"{path}: no part {unknown[0]!r} in SOURCE; there are {', '.join(parts)}")
    return {name: _numbers(value, f"{path}, {name}") for name, value in said.items()}


def _numbers(value: Any, place: str) -> tuple[int, ...]:
    listed = value.split() if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed:
        raise InputError(f"{place}: must be a list of numbers, not {value!r:.60}")
    texts = list(map(str, listed))
    wrong = [text for text in texts if not text.isdecimal()]
    if wrong:
        raise InputError(f"{place}: must be whole numbers from 0, not {_some(wrong)}")
    repeated = [number for number, times in Counter(map(int, texts)).items() if times > 1]
    if repeated:
        raise InputError(f"{place}: picked more than once: {_some(repeated)}")
    return tuple(map(int, texts))


def _some(found: Iterable[object]) -> str:
    texts = list(map(str, found))
    return ", ".join(texts[:_NAMED]) + (f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else "")


def curate_stage(parts: Sequence[Part], output: Path, settings: CurateSettings) -> Stage:
    """Return the stage; raises UsageError and InputError for settings and indices that cannot work."""
    files = {settings.indices: sha256_of(settings.indices)}
    picked = read_indices(settings.indices, [part.name for part in parts])
    said = written_settings(settings) | {"indices_sha256": files[settings.indices]}
    work = CurateWork(settings, picked, pair_sample(parts, settings))
    return Stage("oasst curate", work, tuple(parts), output, said, files)


@dataclass(frozen=True)
class CurateWork:
    """The work of the stage on one file."""

    settings: CurateSettings
    picked: Mapping[str, tuple[int, ...]]
    sample: Sample = WHOLE

    def __call__(self, part: Part, output: Path) -> PartResult:
        """Write the pairs of the picked lines in the order of the file; raises InputError for lines without one."""
        settings = self.settings
        wanted = {number + 1 - settings.first_line: number for number in self.picked.get(part.name, ())}
        counts: Counter[str] = Counter(rows=0, kept=0)
        name = f"data/{part.name}.{settings.format}"
        with (
            RowWriter(output / name, pair_schema) as kept,
            excluded_pairs(output, part.name, settings) as excluded,
        ):
            for one in read_candidates(part, settings):
                counts["rows"] += 1
                pair, number = one.pair, wanted.pop(one.dialogue.line, None)
                if number is None:
                    counts["dropped_not_picked"] += 1
                    excluded.write(asdict(pair), Excluded("not_picked"))
                elif one.fault:
                    raise InputError(f"{one.path}: line {number} of {settings.indices} gives no pair ({one.fault})")
                elif not self.sample.holds(pair.id):
                    counts["dropped_sample"] += 1
                else:
                    counts["kept"] += 1
                    kept.write(asdict(pair))
            if wanted:
                raise InputError(
                    f"{part.path}: no prompt stands at {_some(sorted(wanted.values()))} of {settings.indices} (there "
                    f"are {counts['rows']:,} dialogues, the first line is {settings.first_line})"
                )
        return PartResult(((name, kept.rows), *excluded.files), counts)
