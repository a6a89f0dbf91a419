"""octopack_train.choosing and order: how many rows of each source and language a pass has, and in which order."""

from itertools import islice
from typing import Any

import numpy as np
import pytest

from humanevalpack.errors import InputError, UsageError
from octopack_train.choosing import Choice, by_language, choose, order_of
from octopack_train.config.data import DataSettings, LanguageSettings, MixtureSettings, SourceSettings
from octopack_train.order import Order

THERE = {("commits", "Python"): 900, ("commits", "Rust"): 100, ("chat", ""): 1_000}


def mixture(**sources: dict[str, Any]) -> dict[str, SourceSettings]:
    return {name: SourceSettings(path=f"{name}.jsonl", **settings) for name, settings in sources.items()}


def rows(data: DataSettings, there: dict[tuple[str, str], int] | None = None) -> dict[tuple[str, str], int]:
    return {(choice.source, choice.language): choice.rows for choice in choose(data, there or THERE)}


def test_without_weights_a_pass_is_everything_once() -> None:
    data = DataSettings(mixture=MixtureSettings(sources=mixture(commits={}, chat={})))
    assert rows(data) == THERE


@pytest.mark.parametrize(
    ("stop", "commits", "chat"), [("first_exhausted", 1_000, 429), ("all_exhausted", 2_334, 1_000)]
)
def test_weights_are_kept_to_a_row(stop: Any, commits: int, chat: int) -> None:
    sources = mixture(commits={"weight": 0.7}, chat={"weight": 0.3})
    found = rows(DataSettings(mixture=MixtureSettings(sources=sources, stop=stop)))
    assert abs(found["commits", "Python"] + found["commits", "Rust"] - commits) <= 1
    assert abs(found["chat", ""] - chat) <= 1
    assert sum(found.values()) * 0.7 == pytest.approx(found["commits", "Python"] + found["commits", "Rust"], abs=1)


def test_rows_of_a_source_are_limited_and_its_languages_keep_their_shares() -> None:
    found = rows(DataSettings(mixture=MixtureSettings(sources=mixture(commits={"rows": 50}, chat={}))))
    assert found == {("commits", "Python"): 45, ("commits", "Rust"): 5, ("chat", ""): 1_000}


@pytest.mark.parametrize(
    ("settings", "python", "rust"),
    [
        ({}, 900, 100),
        ({"tau": 0.5}, 750, 250),
        ({"tau": 0}, 500, 500),
        ({"weights": {"Rust": 1, "Python": 3}}, 750, 250),
        ({"weights": {"Rust": 1}}, 0, 100),
        ({"cap": 200}, 200, 100),
        ({"cap": 200, "tau": 0}, 150, 150),
    ],
)
def test_languages(settings: dict[str, Any], python: int, rust: int) -> None:
    found = by_language(LanguageSettings(**settings), {"Python": 900, "Rust": 100})
    assert found == {"Python": python, "Rust": rust}


def test_a_weight_for_a_language_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"no row is of Fortran; there are Python, Rust"):
        rows(DataSettings(path="x", languages=LanguageSettings(weights={"Fortran": 1})))


def test_a_source_of_which_nothing_is_left_is_an_error() -> None:
    with pytest.raises(InputError, match="source chat: no example is left of 1000"):
        rows(DataSettings(path="x", languages=LanguageSettings(weights={"Python": 1})))


def test_a_source_without_a_weight_among_others_is_an_error() -> None:
    with pytest.raises(ValueError, match="only a of the sources have a weight"):
        MixtureSettings(sources=mixture(a={"weight": 1}, b={}))


def test_each_row_comes_once_before_one_comes_again() -> None:
    groups = np.array([0, 1, 0, 1, 0], np.int32)
    choices = [Choice("a", "", 3, 7), Choice("b", "", 2, 1)]
    order = order_of(choices, groups, seed=0, mixed=0).tolist()
    assert sorted(order.count(place) for place in (0, 2, 4)) == [2, 2, 3]
    assert sum(order.count(place) for place in (1, 3)) == 1


def test_the_order_is_the_seeds() -> None:
    groups, choices = np.zeros(50, np.int32), [Choice("a", "", 50, 50)]
    orders = [order_of(choices, groups, seed=0, mixed=mixed).tolist() for mixed in (0, 0, 1)]
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
