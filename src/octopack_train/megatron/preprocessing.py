"""Rows into indexed datasets, one a key, with a manifest; a run that was stopped or refused a row goes on."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, UsageError
from octopack_data.manifests import file_facts, input_facts, new_manifest, sha256_of, told_facts, version_of, write_json
from octopack_data.processes import alone
from octopack_data.sources import Part
from octopack_train.megatron.indexed import data_path, dataset_prefix, index_path, token_type
from octopack_train.megatron.indexed_writing import IndexedWriter, are_begun
from octopack_train.megatron.journal import JOURNAL, Reached, read_journal, write_journal
from octopack_train.megatron.tokenizing import Batch, Tokenizing, eod_id, load_tokenizer, tokenized, vocabulary

SAVED_EVERY = 10.0
"""Seconds between two writings of the journal: so much of the work is done again after a kill."""


def work_folder(prefix: Path) -> Path:
    """Return the folder in which an unfinished run's files lie."""
    return prefix.with_name(f"{prefix.name}.parts")


def preprocess(
    parts: Sequence[Part],
    prefix: Path,
    settings: Tokenizing,
    *,
    workers: int = 1,
    overwrite: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Write a dataset for each key, and ``<prefix>.manifest.json``, which is returned; the same for any ``workers``.

    All datasets have as many documents as there are rows. A run that was stopped goes on behind the rows that it has
    written, unless their file has changed. Raises InputError (a row without text, no row), UsageError (files that are
    there, no such token, other settings than the stopped run's), EnvironmentFault.
    """
    tokenizer = load_tokenizer(settings.tokenizer)
    eod_id(tokenizer, settings)
    said = {
        "keys": list(settings.keys),
        "eod": settings.eod,
        "eod_token": settings.eod_token,
        "dtype": token_type(vocabulary(tokenizer)),
    }
    paths = [path for part in parts for path in part.paths]
    _check_once(paths)
    work = work_folder(prefix)
    files = [path(dataset_prefix(prefix, key)) for key in settings.keys for path in (data_path, index_path)]
    there = next((path for path in files if path.exists()), None)
    if there and not overwrite and not work.exists():
        raise UsageError(f"{there} is there already; name another prefix, or say --overwrite")
    with alone(work):
        if overwrite:
            (work / JOURNAL).unlink(missing_ok=True)
        counts = _written(paths, prefix, settings, said, workers, progress)
        outputs = [file_facts(path, path.name, counts["rows"]) for path in files]
        inputs = [input_facts(path) for path in [*paths, settings.tokenizer]]
        manifest = new_manifest("megatron-preprocess", said, inputs, outputs, counts)
        write_json(prefix.with_name(f"{prefix.name}.manifest.json"), manifest)
        shutil.rmtree(work)
    return manifest


def _check_once(paths: Sequence[Path]) -> None:
    """Raise UsageError if two paths are one file, by whatever names: links, relative and absolute ones."""
    named: dict[tuple[int, int], Path] = {}
    for path in paths:
        there = path.stat()
        file = there.st_dev, there.st_ino
        if first := named.get(file):
            also = "" if first == path else f", also as {path}"
            raise UsageError(f"{first} is named twice{also}: its rows would be there twice")
        named[file] = path


def _written(
    paths: Sequence[Path],
    prefix: Path,
    settings: Tokenizing,
    said: Mapping[str, Any],
    workers: int,
    progress: bool,
) -> Counter[str]:
    """Write the datasets, and return the counts."""
    work, prefixes = work_folder(prefix), [dataset_prefix(prefix, key) for key in settings.keys]
    told = {**said, "tokenizer": sha256_of(settings.tokenizer)}
    versions = [version_of(path) for path in paths]
    reached = read_journal(work, told, paths)
    if reached and not all(map(are_begun, prefixes, [work] * len(prefixes), reached[-1].sizes)):
        reached = []
    sizes = reached[-1].sizes if reached else [None] * len(prefixes)
    counts = Counter(reached[-1].counts) if reached else Counter(rows=0)
    saved = time.monotonic()
    with ExitStack() as stack:
        writers = [
            stack.enter_context(IndexedWriter(one, said["dtype"], overwrite=True, work=work, begun=size))
            for one, size in zip(prefixes, sizes, strict=True)
        ]
        bar = stack.enter_context(_bar(paths, counts["rows"], progress))
        begin = (sum(one.whole for one in reached), 0 if not reached or reached[-1].whole else reached[-1].rows)
        batches = stack.enter_context(closing(tokenized(paths, settings, said["dtype"], workers, begin)))
        try:
            for batch in batches:
                _add(batch, settings.keys, writers, counts)
                bar.update(len(batch.documents[0]))
                path, version = str(paths[batch.source].absolute()), versions[batch.source]
                ended = tuple(writer.sizes() for writer in writers)
                reached[batch.source :] = [Reached(path, version, batch.rows, batch.whole, ended, dict(counts))]
                if time.monotonic() - saved >= SAVED_EVERY:
                    write_journal(work, told, reached)
                    saved = time.monotonic()
            if not counts["rows"]:
                raise InputError("no row to tokenize in " + ", ".join(map(str, paths)))
        except BaseException:
            if counts["rows"]:
                write_journal(work, told, reached)
            else:
                stack.callback(shutil.rmtree, work)
            raise
    counts.update({f"{key}_tokens": writer.tokens for key, writer in zip(settings.keys, writers, strict=True)})
    return counts


def _bar(paths: Sequence[Path], done: int, progress: bool) -> Any:
    """Return the progress in rows; their number is known where a stage has written them."""
    from tqdm import tqdm

    rows = [facts.rows if (facts := told_facts(path)) else None for path in paths]
    total = None if None in rows else sum(number or 0 for number in rows)
    shown = None if progress else True
    return tqdm(total=total, initial=done, unit=" rows", desc="megatron preprocess", disable=shown)


def _add(batch: Batch, keys: Sequence[str], writers: Sequence[IndexedWriter], counts: Counter[str]) -> None:
    counts["rows"] += len(batch.documents[0])
    counts["eod_appended"] += batch.eod_appended
    counts["eod_there"] += batch.eod_there
    for key, writer, documents in zip(keys, writers, batch.documents, strict=True):
        for tokens in documents:
            writer.add_document(tokens)
            counts[f"{key}_empty"] += not len(tokens)
