"""The target loss as a dataset: read where it lies, shuffled by a seed, the same sample for the same number."""

import logging
import pickle
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from humanevalpack.errors import InputError, UsageError
from octopack_train.megatron.target_dataset import Packing, PackingCounts, TargetLossDataset, micro_batch, open_pairs
from target_pairs import Pair, pairs, write_documents, written_pairs

TWENTY: list[Pair] = [([number] * (2 + number % 3), [100 + number] * (1 + number % 4)) for number in range(1, 21)]


def dataset(folder: Path, given: list[Pair] = TWENTY, samples: int | None = None, **changes: Any) -> TargetLossDataset:
    prefix = folder / "x"
    if not (folder / "x_inputs_document.bin").exists():
        written_pairs(prefix, given)
    return TargetLossDataset(open_pairs(prefix), Packing(**{"length": 16, "seed": 1} | changes), samples)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def numbers(sample: dict[str, torch.Tensor]) -> list[int]:
    """Which of the twenty pairs are in a sample, in their order."""
    whole = torch.cat([sample["tokens"], sample["labels"][-1:]]).tolist()
    return list(dict.fromkeys(token % 100 for token in whole if token))


def test_a_sample_has_what_megatron_core_reads(tmp_path: Path) -> None:
    sample = dataset(tmp_path)[0]
    facts = {name: (value.dtype, tuple(value.shape)) for name, value in sample.items()}
    assert facts == {
        "tokens": (torch.int64, (16,)),
        "labels": (torch.int64, (16,)),
        "loss_mask": (torch.float32, (16,)),
        "position_ids": (torch.int64, (16,)),
        "attention_mask": (torch.bool, (1, 16, 16)),
    }
    assert sample["tokens"][1:].tolist() == sample["labels"][:-1].tolist()
    assert sample["labels"][sample["loss_mask"] > 0].min() > 100
    assert not sample["attention_mask"].diagonal(dim1=1, dim2=2).any()  # each token sees itself


def test_an_epoch_has_every_pair_once_in_an_order_of_its_own(tmp_path: Path) -> None:
    rows = dataset(tmp_path, samples=200)
    drawn = [number for sample in rows for number in numbers(sample)]
    epochs = [drawn[begin : begin + 20] for begin in range(0, 200, 20)]
    assert all(sorted(epoch) == list(range(1, 21)) for epoch in epochs)
    assert len(set(map(tuple, epochs))) == 10
    assert sum(map(len, (numbers(rows[number]) for number in range(rows.counts.rows)))) == 20  # no row spans two


def test_the_seed_decides(tmp_path: Path) -> None:
    first, again, other = (dataset(tmp_path, seed=seed) for seed in (1, 1, 2))
    assert same(first[0], again[0])
    assert not same(first[0], other[0])


@given(drawn=pairs(targets=1), length=st.integers(11, 30), samples=st.integers(1, 30), at=st.data())
@settings(max_examples=25, deadline=None)
def test_a_sample_depends_on_its_number_alone(
    drawn: list[Pair], length: int, samples: int, at: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    prefix = written_pairs(tmp_path_factory.mktemp("any") / "x", drawn)
    whole = TargetLossDataset(open_pairs(prefix), Packing(length, seed=3), samples=40)
    expected = [whole[number] for number in range(40)]
    for number in at.draw(st.permutations(range(samples)))[:8]:
        fresh = TargetLossDataset(open_pairs(prefix), Packing(length, seed=3), samples)
        assert same(fresh[number], expected[number])
        assert same(whole[number], expected[number])


def test_pairs_that_do_not_fit_are_left_out_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    given: list[Pair] = [([1] * 10, [2] * 7), ([3] * 10, [4] * 8), ([5], []), ([6], [7])]
    with caplog.at_level(logging.WARNING):
        rows = dataset(tmp_path, given)
    assert rows.counts == PackingCounts(pairs=4, too_long=1, without_target=1, rows=2, tokens=19, padding=2 * 17 - 19)
    assert caplog.messages == [
        f"{tmp_path / 'x'}: 2 of 4 pairs are left out: 1 are longer than 17 tokens, 1 have no target"
    ]
    assert sorted(token for row in rows for token in set(row["labels"].tolist())) == [0, 1, 2, 7]


def test_nothing_is_said_where_nothing_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert len(dataset(tmp_path)) == dataset(tmp_path).counts.rows
    assert caplog.messages == []


def test_a_range_of_the_pairs(tmp_path: Path) -> None:
    prefix = written_pairs(tmp_path / "x", TWENTY)
    found = []
    for start, end in ((0, 0.63), (0.63, 1)):
        part = TargetLossDataset(open_pairs(prefix, start, end), Packing(length=16, seed=1))
        found.append(sorted(number for sample in part for number in numbers(sample)))
    assert found == [list(range(1, 14)), list(range(14, 21))]


def test_a_loader_gives_micro_batches_with_weights(tmp_path: Path) -> None:
    rows: Any = dataset(tmp_path)
    normalized, plain = (
        next(iter(DataLoader(rows, batch_size=2, collate_fn=partial(micro_batch, weighting=weighting))))
        for weighting in ("normalized", "plain")
    )
    assert normalized["attention_mask"].shape == (2, 1, 16, 16)
    examples = len(numbers(rows[0])) + len(numbers(rows[1]))
    assert normalized["loss_mask"].sum().item() == pytest.approx(examples, abs=1e-5)
    assert torch.equal(plain["loss_mask"], torch.stack([rows[0]["loss_mask"], rows[1]["loss_mask"]]))


def test_a_process_of_a_loader_maps_the_files_and_gets_no_copy(tmp_path: Path) -> None:
    many: list[Pair] = [([1] * 8, [2] * 8)] * 2000
    rows = dataset(tmp_path, many)
    again = pickle.loads(pickle.dumps(rows))
    assert same(again[3], rows[3])
    assert len(pickle.dumps(rows._inputs)) < 1000  # a name, not the tokens


def test_all_tokens_count_where_the_recipe_says_so(tmp_path: Path) -> None:
    sample = dataset(tmp_path, loss="all")[0]
    assert torch.equal(sample["loss_mask"] > 0, sample["labels"] > 0)


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    prefix = written_pairs(tmp_path / "x", TWENTY)
    with pytest.raises(UsageError, match=r"0\.9:0\.5 of .*: must be fractions"):
        open_pairs(prefix, 0.9, 0.5)
    with pytest.raises(UsageError, match="length 16, seed -1"):
        Packing(length=16, seed=-1)
    with pytest.raises(InputError, match="none of 20 pairs has a target and at most 2 tokens"):
        TargetLossDataset(open_pairs(prefix), Packing(length=1, seed=1))
    with pytest.raises(IndexError):
        dataset(tmp_path)[-1]
    write_documents(tmp_path / "x_targets_document", [[[1]]])
    with pytest.raises(InputError, match="20 inputs, but 1 targets"):
        open_pairs(prefix)
    write_documents(tmp_path / "x_targets_document", [[[1], [2]]])
    with pytest.raises(InputError, match="2 sequences in 1 documents; must be one in each"):
        open_pairs(prefix)
