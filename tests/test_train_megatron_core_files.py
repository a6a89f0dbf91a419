"""megatron-core itself: its builder writes the same bytes, and its datasets read ours."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from octopack_data.rows import write_rows
from octopack_data.sources import find_parts
from octopack_train.megatron.indexed import data_path, index_path, read_indexed, token_type
from octopack_train.megatron.indexed_writing import IndexedWriter
from octopack_train.megatron.preprocessing import preprocess
from octopack_train.megatron.tokenizing import Tokenizing
from tiny_tokenizers import END, byte_level, saved


def theirs(prefix: Path, documents: list[list[list[int]]], dtype: str) -> None:
    """Write a dataset with megatron-core."""
    import torch
    from megatron.core.datasets.indexed_dataset import IndexedDatasetBuilder

    builder = IndexedDatasetBuilder(str(data_path(prefix)), dtype=np.dtype(dtype).type)
    for document in documents:
        for sequence in document:
            builder.add_item(torch.tensor(sequence, dtype=torch.int64))
        builder.end_document()
    builder.finalize(str(index_path(prefix)))


def assert_same(one: Path, other: Path) -> None:
    for path in (data_path, index_path):
        assert path(one).read_bytes() == path(other).read_bytes(), path(one).name


@pytest.mark.parametrize("dtype", ["uint16", "int32"])
def test_the_same_bytes_as_their_builder(dtype: str, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    documents = [
        [draw.integers(0, 49_152, draw.integers(0, 40)).tolist() for _ in range(draw.integers(1, 4))]
        for _ in range(300)
    ]
    with IndexedWriter(tmp_path / "ours", dtype) as writer:
        for document in documents:
            for sequence in document:
                writer.add(sequence)
            writer.end_document()
    theirs(tmp_path / "theirs", documents, dtype)
    assert_same(tmp_path / "ours", tmp_path / "theirs")


@pytest.mark.parametrize("vocabulary", [400, 49_152, 65_499, 65_500, 250_880])
def test_the_type_is_the_one_that_they_choose(vocabulary: int) -> None:
    from megatron.core.datasets.indexed_dataset import DType

    assert np.dtype(token_type(vocabulary)).type is DType.optimal_dtype(vocabulary)


def small() -> Tokenizer:
    return byte_level()


def large() -> Tokenizer:
    tokenizer = byte_level()
    tokenizer.add_tokens([f"token{n}" for n in range(65_500)])
    return tokenizer


@pytest.mark.parametrize(("make", "dtype"), [(small, np.uint16), (large, np.int32)])
def test_preprocess_writes_what_their_tools_would(make: Callable[[], Tokenizer], dtype: type, tmp_path: Path) -> None:
    tokenizer = make()
    rows = [{"text": f"def f{n}():\n    return {n} # é\n" * (n % 4)} for n in range(40)]
    write_rows(tmp_path / "rows.jsonl", rows)
    settings = Tokenizing(("text",), saved(tokenizer, tmp_path / "tokenizer.json"))
    preprocess(find_parts(tmp_path / "rows.jsonl"), tmp_path / "ours", settings, workers=2, progress=False)
    end = tokenizer.token_to_id(END)
    documents: Any = [[[*tokenizer.encode(row["text"], add_special_tokens=False).ids, end]] for row in rows]
    theirs(tmp_path / "theirs", documents, np.dtype(dtype).name)
    assert_same(tmp_path / "ours_text_document", tmp_path / "theirs")


@pytest.mark.parametrize("mapped", [True, False])
def test_their_dataset_reads_ours(mapped: bool, tmp_path: Path) -> None:
    from megatron.core.datasets.indexed_dataset import IndexedDataset

    documents = [[[1, 2, 513], []], [[65_535]], []]
    with IndexedWriter(tmp_path / "x", "uint16") as writer:
        for document in documents:
            for sequence in document:
                writer.add(sequence)
            writer.end_document()
    found = IndexedDataset(str(tmp_path / "x"), mmap=mapped)
    assert [found[place].tolist() for place in range(len(found))] == [[1, 2, 513], [], [65_535]]
    assert found.document_indices.tolist() == [0, 2, 3, 3]


def test_ours_reads_their_dataset(tmp_path: Path) -> None:
    theirs(tmp_path / "x", [[[7, 8]], [[9], []]], "int32")
    found = read_indexed(tmp_path / "x")
    assert ([one.tolist() for one in found], found.bounds.tolist()) == ([[7, 8], [9], []], [0, 1, 3])
