"""The stage ``pairs``: rows of commits to training examples, shuffled, each once, in one file a side.

Two passes: the examples of each part are made and spilled by its worker, then read back in the order of their keys.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from humanevalpack.errors import InputError, UsageError
from octopack_data.examples import (
    Columns,
    column_names,
    columns_of,
    example_row,
    format_of,
    make_example,
    refusal,
    settled,
)
from octopack_data.executors import WaitingExecutor, run_waiting
from octopack_data.formats import Example, FormatOptions, Place, row_id
from octopack_data.languages import UNKNOWN, folder_of, languages
from octopack_data.manifests import read_manifest
from octopack_data.parts import PartResult, Stage, finish
from octopack_data.progress import stretch
from octopack_data.records import Mode
from octopack_data.rows import RowFormat, text_rows
from octopack_data.sampling import Sample, make_sample
from octopack_data.settings import RowSettings, Settings, written_settings
from octopack_data.shuffling import Spill, in_order, key_of, ranges_for, spill_of
from octopack_data.sides import SIDE_FOLDERS, SideFiles, side_of
from octopack_data.sources import Part

_WORK = ".pairs"
_COUNTING = 0.3
"""Of the time of the second pass: what counting the examples takes, where it is done."""


class ExampleSettings(Settings):
    """How rows of commits become examples."""

    form: str = "bigcode"
    """Training format: preformatted, given-diff, rewrite, line-diff-numbered, line-diff, commit, fenced, bigcode, xp3,
    santacoderpack, instruction."""
    instruction_in: Place | None = None
    """Where the subject stands: inputs or targets; not said: inputs if fixed, else where the release had it."""
    file_name: bool = False
    """Begin SantaCoder's inputs with the name of the file."""
    template: Literal["tags", "instructions"] = "tags"
    """SantaCoder's inputs: with tags, or with the words Instructions, Input and Output."""
    languages: tuple[str, ...] = ()
    """Only rows of these languages (Python, or the folder's name: c++); none: all."""

    def options(self, mode: Mode, seed: int) -> FormatOptions:
        """Return the options of the format; raises UsageError for what it has not, and for unknown languages."""
        known = {folder_of(name): name for name in (*languages(), UNKNOWN)}
        for name in self.languages:
            if folder_of(name) not in known:
                near = get_close_matches(folder_of(name), known, 3)
                raise UsageError(f"languages: there is no {name!r}; near are {[known[one] for one in near]}")
        return settled(self.form, FormatOptions(mode, self.instruction_in, self.file_name, self.template, seed))


class PairSettings(ExampleSettings, RowSettings):
    """Settings of ``pairs``."""

    columns: Columns = "prompt-completion"
    """Of the written rows: prompt-completion (supervised fine-tuning), inputs-targets (Megatron), text (one string)."""
    keep: tuple[str, ...] = ()
    """Columns of the commit that stay beside them: commit, lang, license."""
    deduplicate: bool = True
    """Write equal examples once."""
    seed: int = 0
    """Of the order, the split and the draw of file names; another seed gives others."""
    valid: float = Field(default=0.0, ge=0, lt=1)
    """Share of the examples that become validation data."""
    split_by: Literal["hash", "place"] = "hash"
    """Which ones: by their hash (an example stays on its side when others come), or the last of the order (an exact
    share, as Megatron splits documents)."""
    format: RowFormat = "jsonl"
    """Format of the rows that are written."""


def examples(
    paths: Sequence[Path],
    settings: ExampleSettings,
    options: FormatOptions,
    counts: Counter[str],
    *,
    sample: Sample | None = None,
    columns: Sequence[str] = (),
) -> Iterator[tuple[dict[str, Any], Example]]:
    """Yield each row, whose ``columns`` hold text too, with its example; count ``rows`` and ``dropped_<reason>``."""
    sample = sample or Sample()
    asked = {*columns_of(settings.form, options), *columns}
    asked |= {"lang"} if settings.languages else set()
    asked |= {"commit"} if sample.limit is not None else set()
    wanted = {folder_of(name) for name in settings.languages}
    rows = chain.from_iterable(text_rows(path, sorted(asked), every=True) for path in paths)
    for row in sample.rows(rows, counts):
        if wanted and folder_of(row["lang"]) not in wanted:
            counts["dropped_language"] += 1
            continue
        example = make_example(settings.form, row, options)
        if why := refusal(settings.form, row, example, options):
            counts[f"dropped_{why}"] += 1
        else:
            yield row, example


@dataclass(frozen=True)
class _Make:
    """First pass: the examples of one part, spilled."""

    settings: PairSettings
    options: FormatOptions
    sample: Sample
    ranges: int

    def __call__(self, part: Part, output: Path) -> PartResult:
        import orjson

        settings, counts = self.settings, Counter[str](rows=0)
        made = examples(part.paths, settings, self.options, counts, sample=self.sample, columns=settings.keep)
        with Spill(spill_of(output, part.name), self.ranges, every=not settings.deduplicate) as spill:
            for row, example in made:
                texts = example_row(example, settings.columns, ends=format_of(settings.form).ends)
                # Equal examples that all stay are spread by their rows, not by places, which go with the files.
                own = () if settings.deduplicate else (row_id(row),)
                line = orjson.dumps(texts | {name: row[name] for name in settings.keep})
                spill.add(key_of("pairs", settings.seed, *texts.values(), *own), line)
        return PartResult((), counts | {"made": spill.lines})


@dataclass(frozen=True)
class _Write:
    """Second pass: all examples in their order, to one file a side."""

    settings: PairSettings
    ranges: int
    parts: tuple[str, ...]
    """Names of those of the first pass."""

    def __call__(self, part: Part, output: Path) -> PartResult:
        import orjson

        settings, first = self.settings, output / _WORK
        spills = [spill_of(first, name) for name in self.parts]
        made = Counter(read_manifest(first)["counts"])
        if made["rows"] and not made["made"]:
            dropped = {name: count for name, count in made.items() if name.startswith("dropped_")}
            raise InputError(f"none of {made['rows']} rows became an example: {dropped}")
        ordered = partial(in_order, spills, self.ranges, every=not settings.deduplicate)
        by_place = settings.split_by == "place"
        with stretch(0, _COUNTING, spills):
            total = sum(1 for _ in ordered()) if by_place else 0
        texts = column_names(settings.columns)
        columns = (*texts, *settings.keep)
        with (
            stretch(_COUNTING if by_place else 0, 1, spills),
            SideFiles(output, "pairs", settings.format, columns, valid=settings.valid > 0) as sides,
        ):
            for number, (_, line) in enumerate(ordered()):
                row = orjson.loads(line)
                sides.write(self._side(number, total, [row[name] for name in texts]), row)
        kept = sum(sides.rows.values())
        counts = {name: count for name, count in made.items() if name != "made"} | {"kept": kept}
        if again := made["made"] - kept:
            counts["dropped_exact_duplicate"] = again
        return PartResult(sides.files, counts | {side: rows for side, rows in sides.rows.items() if side})

    def _side(self, number: int, total: int, texts: list[str]) -> str:
        valid, seed = self.settings.valid, self.settings.seed
        if not valid:
            return ""
        if self.settings.split_by == "place":
            return "train" if number < round(total * (1 - valid)) else "valid"
        return side_of(texts, valid, seed)


def make_pairs(
    parts: Sequence[Part],
    output: Path,
    settings: PairSettings,
    *,
    workers: int = 1,
    executor: WaitingExecutor = "processes",
    overwrite: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Write the examples of ``parts`` below ``output``, in an order that only they and the seed decide.

    Returns the manifest. Goes on after a kill. Memory: 100 MB a worker, whatever the rows. Raises UsageError and
    InputError.
    """
    options = checked(settings)
    paths = [path for part in parts for path in part.paths]
    ranges = ranges_for(paths)
    said = written_settings(settings) | {"sources": {part.name: part.bytes for part in parts}}
    whole = Part("pairs", paths[0], tuple(paths[1:]))
    write = _Write(settings, ranges, tuple(part.name for part in parts))
    stage = Stage("pairs", write, (whole,), output, said, folders=SIDE_FOLDERS, scratch=(_WORK,))
    with stage.held(overwrite=overwrite):
        if not stage.finished:
            work = _Make(settings, options, make_sample(settings.sample, parts), ranges)
            first = Stage("pairs: make", work, tuple(parts), output / _WORK, said)
            run_waiting(executor, first, workers=workers, progress=progress)
        manifest = finish(stage, progress=progress)
        shutil.rmtree(output / _WORK, ignore_errors=True)
    return manifest


def checked(settings: PairSettings) -> FormatOptions:
    """Return the options of the format; raises UsageError for settings that do not go together."""
    options = settings.options(settings.mode, settings.seed)
    for place, name in enumerate(settings.keep):
        if name in column_names(settings.columns):
            raise UsageError(f"keep: {name} is a column of the examples")
        if name in settings.keep[:place]:
            raise UsageError(f"keep: {name} is named twice")
    if settings.columns != "text" and not format_of(settings.form).has_input:
        raise UsageError(f"format {settings.form} is one text without an input: give --columns text")
    return options
