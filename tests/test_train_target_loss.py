"""Target loss: rows of whole pairs, what a token sees, which labels count and how much."""

from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octopack_train.megatron.target_loss import counted, hidden, loss_weights, mean_loss, positions
from octopack_train.megatron.target_rows import row_bounds
from target_pairs import EXAMPLE, Pair, packed, pairs, stacked

quick = settings(max_examples=60, deadline=None)


def test_the_row_of_the_picture() -> None:
    row = packed(EXAMPLE, 9)
    assert row.tokens.tolist() == [6, 7, 8, 3, 4, 5, 9, 0, 0]
    assert row.segments.tolist() == [1, 1, 1, 2, 2, 2, 2, 0, 0]
    assert row.targets.astype(int).tolist() == [0, 0, 1, 0, 0, 1, 1, 0, 0]
    assert positions(row.segments[:-1]).tolist() == [0, 1, 2, 0, 1, 2, 3, 0]
    assert counted(row, "targets").astype(int).tolist() == [0, 1, 0, 0, 1, 1, 0, 0]
    assert loss_weights(counted(row, "targets"), "normalized").tolist() == [0, 1, 0, 0, 0.5, 0.5, 0, 0]
    assert loss_weights(counted(row, "targets"), "plain").tolist() == [0, 1, 0, 0, 1, 1, 0, 0]
    assert counted(row, "all").astype(int).tolist() == [1, 1, 1, 1, 1, 1, 0, 0]
    np.testing.assert_allclose(loss_weights(counted(row, "all"), "normalized"), [1 / 6] * 6 + [0, 0], rtol=1e-6)


def test_what_a_token_of_the_picture_sees() -> None:
    shown = ["".join(".x"[int(not one)] for one in line) for line in hidden(packed(EXAMPLE, 9).segments[:-1])[0]]
    assert shown == [
        "x.......",
        "xx......",
        "xxx.....",
        "...x....",
        "...xx...",
        "...xxx..",
        "...xxxx.",
        ".......x",
    ]


@given(lengths=st.lists(st.integers(1, 9), max_size=30), more=st.integers(0, 5))
@quick
def test_rows_take_pairs_until_the_next_does_not_fit(lengths: list[int], more: int) -> None:
    width = max(lengths, default=1) + more
    bounds = row_bounds(np.array(lengths, np.int64), width).tolist()
    rows = [lengths[begin:end] for begin, end in pairwise(bounds)]
    assert list(chain.from_iterable(rows)) == lengths
    assert all(0 < sum(row) <= width for row in rows)
    assert all(sum(row) + after[0] > width for row, after in pairwise(rows))


@given(drawn=pairs())
@quick
def test_a_row_has_all_tokens_of_its_pairs_in_their_places(drawn: list[Pair]) -> None:
    tokens = [one + other for one, other in drawn]
    width = sum(map(len, tokens)) + 3
    row = packed(drawn, width, padding=77)
    for number, pair in enumerate(drawn, start=1):
        here = row.segments == number
        assert row.tokens[here].tolist() == pair[0] + pair[1]
        assert row.tokens[here & row.targets].tolist() == pair[1]
    assert row.tokens[row.segments == 0].tolist() == [77] * 3
    assert not row.targets[row.segments == 0].any()


@given(drawn=pairs(inputs=1))
@quick
def test_a_token_sees_its_own_pair_up_to_itself_and_nothing_else(drawn: list[Pair]) -> None:
    row = packed(drawn, sum(len(one) + len(other) for one, other in drawn) + 2)
    seen, at = ~hidden(row.segments)[0], positions(row.segments)
    for place in range(len(row.tokens)):
        begin = place - at[place]
        assert np.flatnonzero(seen[place]).tolist() == list(range(begin, place + 1))
        assert (row.segments[begin : place + 1] == row.segments[place]).all()
        assert begin == 0 or row.segments[begin - 1] != row.segments[place]


@given(drawn=st.lists(pairs(most=4, inputs=2, targets=1), min_size=1, max_size=4))
@quick
def test_every_example_weighs_the_same_with_targets_only(drawn: list[list[Pair]]) -> None:
    width = max(sum(len(one) + len(other) for one, other in row) for row in drawn)
    rows = stacked([packed(row, width) for row in drawn])
    weights = loss_weights(counted(rows, "targets"), "normalized")
    for number, row in enumerate(drawn):
        for segment in range(1, len(row) + 1):
            assert weights[number][rows.segments[number, 1:] == segment].sum() == pytest.approx(1, abs=1e-5)
    assert weights.sum() == pytest.approx(sum(map(len, drawn)), abs=1e-4)


@given(mask=st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=5))
@quick
def test_weights_are_those_of_runs_over_the_flattened_micro_batch(mask: list[list[bool]]) -> None:
    runs = "".join("x" if one else "." for row in mask for one in row)
    expected = [1 / len(run) for run in runs.split(".") for _ in run]
    weights = loss_weights(np.array(mask), "normalized").reshape(-1)
    np.testing.assert_allclose(weights[weights > 0], expected, rtol=1e-6)
    assert ["x" if one else "." for one in weights > 0] == list(runs)


def test_a_run_goes_on_over_the_end_of_a_row() -> None:
    """An input of one token leaves no gap between the targets of two full rows: as published, they share a weight."""
    rows = stacked([packed([([1, 1], [2])], 3), packed([([1], [2, 2])], 3)])
    assert counted(rows, "targets").tolist() == [[False, True], [True, True]]
    np.testing.assert_allclose(loss_weights(counted(rows, "targets"), "normalized").sum(), 1, rtol=1e-6)


def test_an_end_that_is_the_padding_token_counts() -> None:
    row = packed([([5, 5], [6, 0])], 7, padding=0)
    assert counted(row, "targets").astype(int).tolist() == [0, 1, 1, 0, 0, 0]


def test_the_loss_is_the_weighted_mean_for_arrays_and_tensors() -> None:
    import torch

    losses, weights = np.array([[3.0, 1.0, 8.0]]), np.array([[0.0, 0.5, 1.0]])
    assert mean_loss(losses, weights) == pytest.approx(8.5 / 1.5)
    assert mean_loss(torch.tensor(losses), torch.tensor(weights)).item() == pytest.approx(8.5 / 1.5)
    assert mean_loss(losses, 0 * weights) == 0
