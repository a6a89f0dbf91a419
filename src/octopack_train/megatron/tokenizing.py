"""Texts of rows into tokens: by several processes, in the rows' order."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_data.processes import end_with_parent
from octopack_data.rows import numbered_rows, place
from octopack_train.megatron.indexed import token_type

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

INPUTS, TARGETS = "inputs", "targets"
OTHER_NAMES = {TARGETS: "outputs"}
"""How the release's README calls a key whose name in its scripts is another."""
Eod = Literal["last", "all", "none"]
BATCH = 500
"""Rows that a process works on at a time."""


@dataclass(frozen=True)
class Tokenizing:
    """What decides about the bytes that are written."""

    keys: tuple[str, ...]
    """Columns with text, one dataset each."""
    tokenizer: Path
    """tokenizer.json."""
    eod: Eod = "last"
    """Where an end-of-document token is appended: to the text of the last key, of all, of none."""
    eod_token: str = "<|endoftext|>"

    def __post_init__(self) -> None:
        if not self.keys or len(set(self.keys)) < len(self.keys):
            raise UsageError(f"keys {', '.join(self.keys) or 'none'}: name each column once")


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer.json, without cutting and padding; raises InputError."""
    from tokenizers import Tokenizer

    file = path / "tokenizer.json" if path.is_dir() else path
    try:
        tokenizer = Tokenizer.from_str(file.read_text("utf-8"))
    except Exception as error:  # tokenizers raises plain Exception
        raise InputError(f"{file}: not a tokenizer.json that can be read ({error})") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def vocabulary(tokenizer: Tokenizer) -> int:
    """Return a tokenizer's number of ids, from 0 to its greatest."""
    return max(tokenizer.get_vocab().values(), default=-1) + 1


def eod_id(tokenizer: Tokenizer, settings: Tokenizing) -> int | None:
    """Return the end-of-document token's number, None where none is appended; raises UsageError."""
    if settings.eod == "none":
        return None
    number: int | None = tokenizer.token_to_id(settings.eod_token)
    if number is None:
        special = sorted(token.content for token in tokenizer.get_added_tokens_decoder().values())
        raise UsageError(
            f"--eod-token {settings.eod_token!r} is no token of {settings.tokenizer}; special ones there: "
            f"{', '.join(special) or 'none'} (--eod none appends none)"
        )
    return number


@dataclass(frozen=True)
class Batch:
    """Tokens of some rows of one file, by key."""

    source: int
    """Which file, from 0."""
    rows: int
    """Rows of that file up to here, these included."""
    whole: bool
    """The file has no more."""
    documents: tuple[list[NDArray[Any]], ...]
    eod_appended: int
    eod_there: int


@dataclass(frozen=True)
class _Rows:
    source: int
    rows: int
    whole: bool
    texts: Sequence[tuple[str, ...]]


@dataclass
class _Worker:
    """A tokenizer that stays loaded in its process."""

    settings: Tokenizing
    dtype: str

    def __post_init__(self) -> None:
        self._tokenizer = load_tokenizer(self.settings.tokenizer)
        self._eod = eod_id(self._tokenizer, self.settings)

    def __call__(self, rows: _Rows) -> Batch:
        import numpy as np

        documents, appended, there = [], 0, 0
        for column in range(len(self.settings.keys)):
            encoded = self._tokenizer.encode_batch_fast([row[column] for row in rows.texts], add_special_tokens=False)
            tokens = [one.ids for one in encoded]
            if self._eod is not None and (self.settings.eod == "all" or column == len(self.settings.keys) - 1):
                for ids in tokens:
                    if ids and ids[-1] == self._eod:  # the release's targets end with its text
                        there += 1
                    else:
                        ids.append(self._eod)
                        appended += 1
            documents.append([np.array(ids, self.dtype) for ids in tokens])
        return Batch(rows.source, rows.rows, rows.whole, tuple(documents), appended, there)


_worker: _Worker


def _begin(settings: Tokenizing, dtype: str) -> None:
    global _worker
    end_with_parent()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the processes are what runs side by side
    _worker = _Worker(settings, dtype)


def _work(rows: _Rows) -> Batch:
    return _worker(rows)


def tokenized(
    paths: Sequence[Path], settings: Tokenizing, dtype: str, workers: int, begin: tuple[int, int] = (0, 0)
) -> Generator[Batch]:
    """Yield batches in the order of the rows, from row ``begin[1]`` (from 0) of file ``begin[0]`` on.

    At most two batches for each worker are under way: memory stays constant. Raises InputError (a row without text) and
    EnvironmentFault (a worker was killed).
    """
    batches = _batches(paths, settings.keys, begin)
    if workers <= 1:
        yield from map(_Worker(settings, dtype), batches)
        return
    with ProcessPoolExecutor(workers, initializer=_begin, initargs=(settings, dtype)) as pool:
        waiting: deque[Future[Batch]] = deque()
        try:
            for batch in _till_fault(batches):
                if isinstance(batch, InputError):  # what stands before the wrong row is kept
                    while waiting:
                        yield waiting.popleft().result()
                    raise batch
                waiting.append(pool.submit(_work, batch))
                if len(waiting) >= 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise EnvironmentFault(
                "a worker was killed, perhaps for memory; what is finished stays: run the same command again, with "
                "fewer --workers"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def first_row(paths: Sequence[Path], settings: Tokenizing) -> Iterator[str]:
    """Yield what a run would write of the first row: a line a key, with its tokens; raises as ``tokenized``."""
    tokenizer = load_tokenizer(settings.tokenizer)
    dtype = token_type(vocabulary(tokenizer))
    row = next((islice(rows.texts, 1) for rows in _batches(paths, settings.keys, (0, 0)) if rows.texts), None)
    yield f"{vocabulary(tokenizer):,} tokens in the vocabulary, written as {dtype}"
    if row is None:
        yield "there are no rows"
        return
    batch = _Worker(settings, dtype)(_Rows(0, 1, False, list(row)))
    for key, (tokens,) in zip(settings.keys, batch.documents, strict=True):
        shown = " ".join(map(json.dumps, map(tokenizer.id_to_token, tokens[:6].tolist())))
        last = f" … {json.dumps(tokenizer.id_to_token(int(tokens[-1])))}" if len(tokens) > 6 else ""
        yield f"  {key}: {len(tokens):,} tokens: {shown}{last}"


def _till_fault(batches: Iterator[_Rows]) -> Iterator[_Rows | InputError]:
    try:
        yield from batches
    except InputError as error:
        yield error


def _batches(paths: Sequence[Path], keys: Sequence[str], begin: tuple[int, int]) -> Iterator[_Rows]:
    for source, path in enumerate(paths[begin[0] :], start=begin[0]):
        done = begin[1] if source == begin[0] else 0
        rows = islice(numbered_rows(path), done, None)
        while piece := list(islice(rows, BATCH)):
            done += len(piece)
            texts = [tuple(_text(row, key, place(path, number)) for key in keys) for number, row in piece]
            yield _Rows(source, done, False, texts)
        yield _Rows(source, done, True, ())


def _text(row: Mapping[str, Any], key: str, where: str) -> str:
    name = key if key in row else OTHER_NAMES.get(key, key)
    if name not in row:
        raise InputError(f"{where}: no column {key!r}; there are {', '.join(row)}")
    value = row[name]
    if not isinstance(value, str):
        raise InputError(f"{where}: {name} must be text, not {value!r}")
    return value
