"""A run's data made ready: rows of tokens in files, a report of what became of every example, a fingerprint."""

from __future__ import annotations

import shutil
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from itertools import chain, islice
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from octopack_data.manifests import write_json
from octopack_train import packing
from octopack_train.choosing import Choice, choose, order_of
from octopack_train.config.training import TrainingSettings
from octopack_train.packing import Row
from octopack_train.spooling import Spool, counted, fill, stamp
from octopack_train.texts import Text
from octopack_train.tokens import IGNORED, Tokenizer, Tokens, fitting, load_tokenizer, tokenize

REPORT = "report.json"
SIDES = ("train", "test")
_TOKENIZER_TEXTS = 10_000
"""Texts from which a new tokenizer is made."""
PERCENTILES = (50, 90, 95, 99, 100)


@dataclass
class Side:
    """What became of the examples of one side, train or test."""

    counts: Counter[str] = field(default_factory=Counter)
    sources: dict[str, Counter[str]] = field(default_factory=dict)
    languages: dict[str, Counter[str]] = field(default_factory=dict)
    lengths: array[int] = field(default_factory=lambda: array("I"))
    """Tokens of each example before anything is cut."""
    groups: dict[tuple[str, str], Counter[int]] = field(default_factory=dict)
    """Examples of a source and language by those tokens, up to the next power of two."""
    rows: int = 0
    tokens: int = 0
    """In rows."""
    trained: int = 0
    """Of them, with a label; the first token of a row has nothing before it and is not counted."""
    buffers: list[int] = field(default_factory=list)
    """Rows of each buffer of the constant-length stream."""
    characters_a_token: float | None = None
    """By which buffers of the constant-length stream are filled; none: measured on the side's first examples."""
    fingerprint: str = ""
    """Of rows and labels in their order."""

    def values(self, length: int) -> dict[str, Any]:
        """Return a report as plain values; shares are of rows and tokens that are drawn."""
        return {
            "counts": dict(self.counts),
            "sources": _shares(self.sources),
            "languages": _shares(self.languages),
            "lengths": percentiles(self.lengths),
            "histograms": [
                {"source": source, "language": language, "examples": {str(most): found[most] for most in sorted(found)}}
                for (source, language), found in sorted(self.groups.items())
            ],
            "rows": self.rows,
            "tokens": self.tokens,
            "trained_tokens": self.trained,
            "trained_share": self.trained / max(1, self.tokens),
            "filled": self.tokens / max(1, self.rows * length),
            "buffers": self.buffers,
            "characters_a_token": self.characters_a_token,
            "fingerprint": self.fingerprint,
        }


def percentiles(lengths: Iterable[int]) -> dict[str, int]:
    """Return lengths below which so many percent of the examples lie (nearest rank)."""
    ordered = sorted(lengths)
    return {f"p{p}": ordered[max(0, -(-p * len(ordered) // 100) - 1)] for p in PERCENTILES} if ordered else {}


def _shares(counted: Mapping[str, Counter[str]]) -> dict[str, dict[str, float]]:
    whole = Counter[str]()
    for one in counted.values():
        whole.update(one)
    return {
        name: {
            **one,
            "share_of_rows": one["rows"] / max(1, whole["rows"]),
            "share_of_tokens": one["tokens"] / max(1, whole["tokens"]),
        }
        for name, one in counted.items()
    }


@dataclass(frozen=True)
class Prepared:
    """A run's data on disk: ``train.arrow``, perhaps ``test.arrow``, ``report.json``, all in ``folder``."""

    folder: Path
    tokenizer: Tokenizer
    report: Mapping[str, Any]
    shown: tuple[Tokens, ...]
    """The first examples, for eyes."""


def prepare(
    settings: TrainingSettings, folder: Path, *, limit: int | None = None, shown: int = 3, packed: bool = True
) -> Prepared:
    """Write the rows of a run into ``folder``; with ``limit``, of the first rows of each source only.

    ``packed`` False leaves the rows of TRL's best fit apart: all numbers but those of rows are the same, without TRL.
    Depends on the settings and the sources alone. Memory: 12 bytes a row beside the rows at hand. Raises InputError,
    UsageError and EnvironmentFault; the folder is gone then.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        return _prepared(settings, folder, limit, shown, packed)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # half of it is of no use, and may be large
        raise


def _prepared(settings: TrainingSettings, folder: Path, limit: int | None, shown: int, packed: bool) -> Prepared:
    spooled = Spool(folder / "texts.arrow")
    train, test = fill(settings, spooled, folder / "mixture", limit)
    choices = choose(settings.data, train.there())
    order = order_of(choices, train.numbers(), settings.seeds.data)
    tokenizer = load_tokenizer(settings.model, islice(spooled.texts(train.places()), _TOKENIZER_TEXTS))
    first: list[Tokens] = []
    sides = {name: Side() for name in SIDES}
    places = train.places()[order]
    _write(settings, tokenizer, spooled.texts(places), sides["train"], folder / "train.arrow", first, shown, packed)
    if not sides["train"].rows:
        raise InputError(
            f"data: no row to train on is left: {counted(sides['train'].counts)} "
            f"(sequence.length is {settings.sequence.length})"
        )
    sides["test"].characters_a_token = sides["train"].characters_a_token  # published: one estimate for both
    if len(test.spooled):
        found = spooled.texts(test.places())
        _write(settings, tokenizer, found, sides["test"], folder / "test.arrow", [], 0, packed)
    report = {
        "files": spooled.files,
        "read": {name: dict(counts) for name, counts in spooled.counts.items()},
        "choices": [asdict(choice) | {"wanted_share": _wanted(settings, choice)} for choice in choices],
        **{name: side.values(settings.sequence.length) for name, side in sides.items() if side.counts},
    }
    spooled.remove()
    write_json(folder / REPORT, report)
    return Prepared(folder, tokenizer, report, tuple(first))


def fingerprints(report: Mapping[str, Any]) -> dict[str, str]:
    """Return the fingerprint of each side that a report has: equal where the rows are."""
    return {side: str(report[side]["fingerprint"]) for side in SIDES if side in report}


def is_current(report: Mapping[str, Any]) -> bool:
    """Say whether the files that a report names are as they were."""
    files = ((Path(name), was) for name, was in report["files"].items())
    return all(path.is_file() and stamp(path) == was for path, was in files)


def _wanted(settings: TrainingSettings, choice: Choice) -> float | None:
    """Share of a source's rows that its weight asks for."""
    if settings.data.mixture is False:
        return None
    weights = {source.name: source.weight for source in settings.data.mixture.sources}
    own = weights[choice.source]
    return own / sum(weight or 0 for weight in weights.values()) if own else None


def _write(
    settings: TrainingSettings,
    tokenizer: Tokenizer,
    found: Iterable[Text],
    side: Side,
    path: Path,
    first: list[Tokens],
    shown: int,
    packed: bool,
) -> None:
    """Tokenize, fit, pack and write one side, and count on the way."""
    sequence, loss = settings.sequence, settings.loss
    examples = fitting(_measured(tokenize(tokenizer, found, sequence, side.counts), side), sequence, loss, side.counts)
    examples = _counted(examples, side, first, shown)
    if sequence.packing == "constant_length":
        packing.write(path, _buffered(examples, settings, side))
    elif sequence.packing in packing.BEST_FIT:
        _best_fit(examples, settings, side, path, packed=packed)
    else:
        rows = packing.one_a_row(examples, loss)
        if sequence.packing == "greedy":
            rows = packing.greedy(examples, sequence.length, loss)
        elif sequence.packing == "wrapped":
            rows = packing.wrapped(rows, sequence.length)
        packing.write(path, packing.trained_rows(rows, side.counts))
    _measure(path, side)
    if not side.rows:
        path.unlink()


def _best_fit(examples: Iterator[Tokens], settings: TrainingSettings, side: Side, path: Path, *, packed: bool) -> None:
    """Cut into pieces, leave out those of which nothing is trained (none sees another), and pack the others."""
    length = settings.sequence.length
    pieces = packing.pieces(packing.one_a_row(examples, settings.loss), length)
    apart = path.with_name("unpacked.arrow")
    if packing.write(apart, packing.trained_rows(pieces, side.counts)) and packed:
        packing.best_fit(apart, path, length)
        apart.unlink()
    else:
        apart.replace(path)


def _buffered(examples: Iterator[Tokens], settings: TrainingSettings, side: Side) -> Iterator[Row]:
    sequence, begin = settings.sequence, list(islice(examples, packing.RATIO_ROWS))
    if side.characters_a_token is None:
        side.characters_a_token = packing.characters_a_token(begin, marked=sequence.end_marker == "eos")
    stream = chain(begin, examples)
    for rows in packing.constant_length(stream, sequence, settings.loss, side.characters_a_token, side.counts):
        trained = list(packing.trained_rows(rows, side.counts))
        side.buffers.append(len(trained))
        yield from trained


def _measured(examples: Iterable[Tokens], side: Side) -> Iterator[Tokens]:
    for example in examples:
        tokens, text = len(example.ids), example.text
        side.lengths.append(tokens)
        most = 1 << max(0, tokens - 1).bit_length()
        side.groups.setdefault((text.source, text.language or "unknown"), Counter())[most] += 1
        yield example


def _counted(examples: Iterable[Tokens], side: Side, first: list[Tokens], shown: int) -> Iterator[Tokens]:
    for example in examples:
        for place, name in ((side.sources, example.text.source), (side.languages, example.text.language or "unknown")):
            place.setdefault(name, Counter()).update(rows=1, tokens=len(example.ids))
        if len(first) < shown:
            first.append(example)
        yield example


def _measure(path: Path, side: Side) -> None:
    """Count a file's rows and tokens, and take their fingerprint."""
    import numpy as np
    import pyarrow as pa

    digest = blake2b(digest_size=16)
    with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as stream:
        for batch in stream:
            columns = {name: batch.column(name) for name in batch.schema.names}
            lengths = np.asarray(columns["input_ids"].value_lengths(), np.int64)
            labels = columns["labels"].flatten().to_numpy(zero_copy_only=False).astype(np.int32)
            ids = columns["input_ids"].flatten().to_numpy(zero_copy_only=False).astype(np.int32)
            starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)[lengths > 0]
            apart = columns.get("seq_lengths")
            if apart is not None:  # the first token of each example of a row is not trained: its row begins anew
                inner = apart.flatten().to_numpy(zero_copy_only=False).astype(np.int64)
                starts = np.concatenate([[0], np.cumsum(inner)[:-1]]).astype(np.int64)
            side.rows += len(lengths)
            side.tokens += len(ids)
            side.trained += int((labels != IGNORED).sum() - (labels[starts] != IGNORED).sum())
            for values in (lengths, ids, labels):
                digest.update(values.tobytes())
    side.fingerprint = digest.hexdigest()
