"""octopack_data.mixtures: weights, caps, shortages, and the report of what came out."""

from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from data_rows import write
from humanevalpack.errors import InputError
from mixture_runs import read, report, run, settings, taken, write_sources
from octopack_data.mixture_settings import MOST_ROUNDS, largest_remainders, quotas

BUSY = examples(deadline=None)
"""On a busy machine the time of an example says nothing."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_sources(tmp_path)


@pytest.mark.parametrize(
    ("more", "weights", "wanted"),
    [
        ({}, (1, 1), (40, 40)),  # as many as keep the shares
        ({}, (3, 1), (100, 33)),
        ({"shortage": "repeat"}, (1, 1), (100, 100)),  # each gives all it has
        ({"shortage": "less"}, (1, 1), (40, 40)),
        ({"rows": 60}, (2, 1), (40, 20)),
        ({"rows": 10}, (1, 2), (3, 7)),
        ({"rows": 100, "shortage": "repeat"}, (1, 1), (50, 50)),
        ({"rows": 400, "shortage": "repeat"}, (1, 1), (200, 200)),
        ({"rows": 400, "shortage": "less"}, (1, 1), (100, 40)),
        ({"rows": 70}, (None, None), (50, 20)),  # the shares of what is there
    ],
)
def test_weights(folder: Path, more: dict[str, Any], weights: tuple[Any, Any], wanted: tuple[int, int]) -> None:
    how = settings(folder, more, a={"weight": weights[0]}, b={"weight": weights[1]})
    counts = run(how, folder / "out")["counts"]
    assert taken(folder / "out") == dict(zip("ab", wanted, strict=True))
    assert counts["rows"] + counts.get("repeated", 0) == counts["kept"] + counts.get("dropped_not_taken", 0)


def test_repeated_rows_are_whole_rounds_and_the_first_ones_once_more(folder: Path) -> None:
    run(settings(folder, {"rows": 200, "shortage": "repeat"}, a={"weight": 1}, b={"weight": 1}), folder / "out")
    times = Counter(Counter(row["row_id"] for row in read(folder / "out") if row["source"] == "b").values())
    assert times == {3: 20, 2: 20}


@pytest.mark.parametrize(
    ("said", "rows"),
    [({"rows": 12}, 12), ({"most_rows": 7}, 7), ({"most_rows": 1000}, 40), ({}, 40)],
)
def test_rows_and_caps_of_a_source(folder: Path, said: dict[str, Any], rows: int) -> None:
    run(settings(folder, a={"rows": 1}, b=said), folder / "out")
    assert taken(folder / "out") == {"a": 1, "b": rows}


@pytest.mark.parametrize(("most", "rows"), [(39, 3), (40, 4), (1000, 50)])
def test_a_cap_on_the_text_is_not_exceeded(folder: Path, most: int, rows: int) -> None:
    write(folder / "d" / "rows.jsonl", [{"prompt": f"é{number:04d}", "completion": "yes!"} for number in range(50)])
    run(settings(folder, d={"most_bytes": most}), folder / "out")
    assert (report(folder / "out")["d"]["rows"], report(folder / "out")["d"]["bytes"]) == (rows, 10 * rows)


def test_a_larger_number_of_rows_holds_the_smaller_one(folder: Path) -> None:
    for rows in (5, 25):
        run(settings(folder, a={"rows": rows}), folder / f"{rows}")
    few, many = ({row["row_id"] for row in read(folder / f"{rows}")} for rows in (5, 25))
    assert few < many


def test_what_came_out_is_reported_beside_what_was_wanted(folder: Path) -> None:
    run(settings(folder, {"rows": 31}, a={"weight": 3, "unverified": ["weight"]}, b={"weight": 1}), folder / "out")
    found = report(folder / "out")
    assert (found["a"]["rows_there"], found["a"]["rows"], found["a"]["wanted_share"]) == (100, 23, 0.75)
    assert (found["a"]["share_of_rows"], found["b"]["share_of_rows"]) == (23 / 31, 8 / 31)
    assert found["a"]["bytes"] == sum(
        len(r["prompt"] + r["completion"]) for r in read(folder / "out") if r["source"] == "a"
    )
    assert found["a"]["unverified"] == {"weight": 3.0}


@BUSY
@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.integers(0, 1000))
def test_rows_are_whole_and_add_up_and_are_near_their_shares(weights: list[int], total: int) -> None:
    shares = {f"{place}": Fraction(weight, sum(weights)) for place, weight in enumerate(weights)}
    found = largest_remainders(shares, total)
    assert sum(found.values()) == total
    assert all(abs(found[name] - share * total) < 1 for name, share in shares.items())


@BUSY
@given(st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(1, 99), st.floats(0.01, 9)), min_size=1))
def test_weights_alone_never_ask_for_more_than_is_there(sources: dict[str, tuple[int, float]]) -> None:
    how = settings(Path("x"), **{name: {"weight": weight} for name, (_, weight) in sources.items()})
    there = {name: rows for name, (rows, _) in sources.items()}
    found = quotas(how, there)
    assert all(found[name] <= rows for name, rows in there.items())


def test_rows_that_would_come_more_often_than_anybody_wants_are_refused_with_their_number() -> None:
    small: dict[str, Any] = {"a": {"weight": 1e-7}, "b": {"weight": 1}}
    there = {"a": 41, "b": 2}
    with pytest.raises(InputError) as said:
        quotas(settings(Path("x"), {"shortage": "repeat"}, **small), there)
    assert str(said.value) == (
        "shortage: repeat would make 410,000,041 rows: until a has given its 41, the 2 of b come 205,000,000 times "
        "(at most 100 unless you say so): give the rows of the whole (rows: or --rows), raise the weight of a, or cap "
        "it (most_rows)"
    )
    assert quotas(settings(Path("x"), {"shortage": "repeat", "rows": 1000}, **small), there) == {"a": 0, "b": 1000}


@BUSY
@given(st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(1, 99), st.floats(0.001, 9)), min_size=1))
def test_without_a_number_of_rows_none_comes_more_than_a_hundred_times(sources: dict[str, tuple[int, float]]) -> None:
    how = settings(Path("x"), {"shortage": "repeat"}, **{name: {"weight": w} for name, (_, w) in sources.items()})
    there = {name: rows for name, (rows, _) in sources.items()}
    try:
        found = quotas(how, there)
    except InputError as said:
        assert "shortage: repeat would make" in str(said)  # noqa: PT017 - both ends are right, depending on the weights
    else:
        assert all(found[name] <= MOST_ROUNDS * rows for name, rows in there.items())
