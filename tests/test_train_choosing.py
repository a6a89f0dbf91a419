"""octopack_train.choosing and order: how many rows of each source and language a pass has, and in which order."""

from itertools import islice
from typing import Any

import numpy as np
import pytest

from humanevalpack.errors import InputError, UsageError
from octopack_train.choosing import Choice, by_language, choose, order_of
from octopack_train.config.data import DataSettings, LanguageDraw
from octopack_train.order import Order

THERE = {("commits", "Python"): 900, ("commits", "Rust"): 100, ("chat", ""): 1_000}


def rows(data: DataSettings, there: dict[tuple[str, str], int] | None = None) -> dict[tuple[str, str], int]:
    return {(choice.source, choice.language): choice.rows for choice in choose(data, there or THERE)}


def test_a_pass_is_everything_once() -> None:
    assert rows(DataSettings(path="x")) == THERE


def test_languages_are_drawn_inside_each_source_which_keeps_its_rows() -> None:
    found = rows(DataSettings(path="x", language_draw=LanguageDraw(tau=0)))
    assert found == {("commits", "Python"): 500, ("commits", "Rust"): 500, ("chat", ""): 1_000}


@pytest.mark.parametrize(
    ("settings", "python", "rust"),
    [
        ({}, 900, 100),
        ({"tau": 0.5}, 750, 250),
        ({"tau": 0}, 500, 500),
        ({"weights": {"Rust": 1, "Python": 3}}, 750, 250),
        ({"weights": {"Rust": 1}}, 0, 100),
        ({"most_rows": 200}, 200, 100),
        ({"most_rows": 200, "tau": 0}, 150, 150),
    ],
)
def test_languages(settings: dict[str, Any], python: int, rust: int) -> None:
    found = by_language(LanguageDraw(**settings), {"Python": 900, "Rust": 100})
    assert found == {"Python": python, "Rust": rust}


def test_a_weight_for_a_language_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"no row is of Fortran; there are Python, Rust"):
        rows(DataSettings(path="x", language_draw=LanguageDraw(weights={"Fortran": 1})))


def test_a_source_of_which_nothing_is_left_is_an_error() -> None:
    with pytest.raises(InputError, match="source chat: no example is left of 1000"):
        rows(DataSettings(path="x", language_draw=LanguageDraw(weights={"Python": 1})))


def test_each_row_comes_once_before_one_comes_again() -> None:
    groups = np.array([0, 1, 0, 1, 0], np.int32)
    choices = [Choice("a", "", 3, 7), Choice("b", "", 2, 1)]
    order = order_of(choices, groups, seed=0).tolist()
    assert sorted(order.count(place) for place in (0, 2, 4)) == [2, 2, 3]
    assert sum(order.count(place) for place in (1, 3)) == 1


def test_the_order_is_the_seeds() -> None:
    groups, choices = np.zeros(50, np.int32), [Choice("a", "", 50, 50)]
    orders = [order_of(choices, groups, seed=seed).tolist() for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == list(range(50))


def test_passes_follow_each_other_without_a_gap_in_other_orders() -> None:
    order = list(Order(10, 25, seed=0))
    assert sorted(order[:10]) == sorted(order[10:20]) == list(range(10))
    assert order[:10] != order[10:20]
    assert len(order) == 25


def test_a_longer_run_begins_as_a_shorter_one() -> None:
    assert list(islice(Order(10, 100, seed=3), 37)) == list(Order(10, 37, seed=3))
    assert [Order(10, 37, seed=3)[place] for place in range(37)] == list(Order(10, 37, seed=3))


def test_the_constant_length_stream_is_shuffled_inside_its_buffers() -> None:
    order = Order(10, 20, seed=0, buffers=[6, 4])
    for begun in (0, 10):
        one = list(order)[begun : begun + 10]
        assert (sorted(one[:6]), sorted(one[6:])) == (list(range(6)), list(range(6, 10)))
    assert list(order)[:10] != list(range(10))
