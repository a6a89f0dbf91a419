"""octopack_data.shuffling: an order that keys decide, whoever spilled what."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humanevalpack.errors import EnvironmentFault
from octopack_data.shuffling import Spill, in_order, index_of, key_of, ranges_for


def spilled(folder: Path, parts: list[list[str]], ranges: int, held_bytes: int = 200) -> list[Path]:
    paths = []
    for number, lines in enumerate(parts):
        paths.append(folder / f"{number}.spill")
        with Spill(paths[-1], ranges, held_bytes) as spill:
            for line in lines:
                spill.add(key_of("test", 0, line.split("|")[0]), line.encode())
    return paths


def read(paths: list[Path], ranges: int) -> list[str]:
    return [line.decode() for _, line in in_order(paths, ranges)]


def test_the_order_is_that_of_the_keys_and_no_line_is_lost(tmp_path: Path) -> None:
    lines = [f"line {number}" for number in range(500)]
    found = read(spilled(tmp_path, [lines], 7), 7)
    assert found == sorted(lines, key=lambda line: key_of("test", 0, line))
    assert found != sorted(found)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.lists(st.text("ab|", min_size=1, max_size=3), max_size=12), min_size=1, max_size=4), st.integers(1, 9)
)
def test_the_same_lines_are_the_same_order_however_they_are_dealt_out(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[str]], ranges: int
) -> None:
    folder = tmp_path_factory.mktemp("spills")
    dealt = read(spilled(folder / "many", parts, ranges, held_bytes=1), ranges)
    whole = [line for part in reversed(parts) for line in reversed(part)]
    assert dealt == read(spilled(folder / "one", [whole], 1), 1)


def test_of_lines_with_one_key_the_smallest_stays(tmp_path: Path) -> None:
    paths = spilled(tmp_path, [["a|3", "b|1", "a|2"], ["a|1", "b|9"]], 4, held_bytes=1)
    assert sorted(read(paths, 4)) == ["a|1", "b|1"]


def test_a_key_depends_on_purpose_seed_and_texts_and_where_they_end() -> None:
    keys = [key_of("p", 0, "ab", "c"), key_of("p", 0, "a", "bc"), key_of("p", 1, "ab", "c"), key_of("q", 0, "ab", "c")]
    assert len({*keys}) == 4
    assert {len(key) for key in keys} == {32}


def test_what_was_broken_off_has_no_name(tmp_path: Path) -> None:
    spill = Spill(tmp_path / "a.spill", 1)
    spill.add(key_of("test", 0, "a"), b"a")
    spill.__exit__(RuntimeError, RuntimeError(), None)
    assert list(tmp_path.iterdir()) == []


def test_a_spill_that_is_cut_off_is_named(tmp_path: Path) -> None:
    paths = spilled(tmp_path, [["a", "b"]], 1)
    paths[0].write_bytes(paths[0].read_bytes()[:-3])
    assert index_of(paths[0]).exists()
    with pytest.raises(EnvironmentFault, match=r"0.spill cannot be read.*--overwrite"):
        read(paths, 1)


def test_more_text_is_more_ranges(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.parquet"):
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(100 * 2**20)
    assert [ranges_for([tmp_path / "a.jsonl"]), ranges_for([tmp_path / "a.parquet"]), ranges_for([])] == [13, 76, 1]
