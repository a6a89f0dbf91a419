"""Texts of rows into indexed datasets, one a key: tokenized by several processes, written in the rows' order."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_data.manifests import file_facts, input_facts, new_manifest, write_json
from octopack_data.processes import end_with_parent
from octopack_data.rows import read_rows
from octopack_data.sources import Part
from octopack_train.megatron.indexed import IndexedWriter, data_path, index_path, token_type

if TYPE_CHECKING:
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


def dataset_prefix(prefix: Path, key: str) -> Path:
    """Return the prefix of one key's dataset, as Megatron's tools name it."""
    return prefix.with_name(f"{prefix.name}_{key}_document")


def tokenize(
    parts: Sequence[Part], prefix: Path, settings: Tokenizing, *, workers: int = 1, overwrite: bool = False
) -> dict[str, Any]:
    """Write a dataset for each key, and ``<prefix>.manifest.json``, which is returned; the same for any ``workers``.

    All datasets have as many documents as there are rows. Raises InputError (a row without text, no row), UsageError
    (files that are there, no such token), EnvironmentFault.
    """
    tokenizer = load_tokenizer(settings.tokenizer)
    eod_id(tokenizer, settings)
    dtype = token_type(tokenizer.get_vocab_size())
    counts: Counter[str] = Counter(rows=0)
    with ExitStack() as stack:
        writers = [
            stack.enter_context(IndexedWriter(dataset_prefix(prefix, key), dtype, overwrite=overwrite))
            for key in settings.keys
        ]
        for batch in _tokenized(parts, settings, workers):
            counts["rows"] += len(batch.documents[0])
            counts["eod_appended"] += batch.eod_appended
            counts["eod_there"] += batch.eod_there
            for key, writer, documents in zip(settings.keys, writers, batch.documents, strict=True):
                for tokens in documents:
                    writer.add_document(tokens)
                    counts[f"{key}_empty"] += not tokens
        if not counts["rows"]:
            raise InputError("no row to tokenize in " + ", ".join(str(part.path) for part in parts))
        counts.update({f"{key}_tokens": writer.tokens for key, writer in zip(settings.keys, writers, strict=True)})
    outputs = [
        file_facts(path(dataset_prefix(prefix, key)), path(dataset_prefix(prefix, key)).name, counts["rows"])
        for key in settings.keys
        for path in (data_path, index_path)
    ]
    inputs = [input_facts(path) for part in parts for path in part.paths] + [input_facts(settings.tokenizer)]
    said = {"keys": list(settings.keys), "eod": settings.eod, "eod_token": settings.eod_token, "dtype": dtype}
    manifest = new_manifest("megatron-tokenize", said, inputs, outputs, counts)
    write_json(prefix.with_name(f"{prefix.name}.manifest.json"), manifest)
    return manifest


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
class _Batch:
    """Tokens of some rows, by key."""

    documents: tuple[list[list[int]], ...]
    eod_appended: int
    eod_there: int


@dataclass
class _Worker:
    """A tokenizer that stays loaded in its process."""

    settings: Tokenizing

    def __post_init__(self) -> None:
        self._tokenizer = load_tokenizer(self.settings.tokenizer)
        self._eod = eod_id(self._tokenizer, self.settings)

    def __call__(self, texts: Sequence[tuple[str, ...]]) -> _Batch:
        documents, appended, there = [], 0, 0
        for place in range(len(self.settings.keys)):
            encoded = self._tokenizer.encode_batch_fast([row[place] for row in texts], add_special_tokens=False)
            tokens = [one.ids for one in encoded]
            if self._eod is not None and (self.settings.eod == "all" or place == len(self.settings.keys) - 1):
                for ids in tokens:
                    if ids and ids[-1] == self._eod:  # the release's targets end with its text
                        there += 1
                    else:
                        ids.append(self._eod)
                        appended += 1
            documents.append(tokens)
        return _Batch(tuple(documents), appended, there)


_worker: _Worker


def _begin(settings: Tokenizing) -> None:
    global _worker
    end_with_parent()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the processes are what runs side by side
    _worker = _Worker(settings)


def _work(texts: Sequence[tuple[str, ...]]) -> _Batch:
    return _worker(texts)


def _tokenized(parts: Sequence[Part], settings: Tokenizing, workers: int) -> Iterator[_Batch]:
    """Yield batches in the order of the rows; at most two for each worker are under way: memory stays constant."""
    rows = _texts(parts, settings.keys)
    batches = iter(lambda: list(islice(rows, BATCH)), [])
    if workers <= 1:
        work = _Worker(settings)
        yield from map(work, batches)
        return
    with ProcessPoolExecutor(workers, initializer=_begin, initargs=(settings,)) as pool:
        waiting: deque[Future[_Batch]] = deque()
        try:
            for batch in batches:
                waiting.append(pool.submit(_work, batch))
                if len(waiting) >= 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise EnvironmentFault("a worker was killed, perhaps for memory: run again with fewer --workers") from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _texts(parts: Sequence[Part], keys: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for part in parts:
        for path in part.paths:
            for number, row in enumerate(read_rows(path), start=1):
                yield tuple(_text(row, key, f"{path}, row {number}") for key in keys)


def _text(row: Mapping[str, Any], key: str, place: str) -> str:
    name = key if key in row else OTHER_NAMES.get(key, key)
    if name not in row:
        raise InputError(f"{place}: no column {key!r}; there are {', '.join(row)}")
    value = row[name]
    if not isinstance(value, str):
        raise InputError(f"{place}: {name} must be text, not {value!r}")
    return value
