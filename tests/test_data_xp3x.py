"""octopack_data.xp3x: the weighted subset; the shipped table has the release's files, counts and sums."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from data_rows import write
from humanevalpack.errors import InputError, UsageError
from octopack_data.parts import run_stage
from octopack_data.rows import read_rows
from octopack_data.settings import make_settings
from octopack_data.sources import find_parts
from octopack_data.xp3x import Xp3xSettings, draw_places, xp3x_stage
from octopack_data.xp3x_table import read_table, reworder

FAMILIES = {
    # data.md 9.2: files, rows, and what one file may give
    "xlcost": (42, 1500, {10, 50}),
    "code_contests": (21, 1460, {30, 50, 60, 90}),
    "great": (12, 600, {50}),
    "apps": (4, 560, {140}),
    "python_state_changes": (4, 220, {50, 70}),
    "codecomplex": (3, 220, {40, 90}),
    "mbpp": (2, 200, {100}),
    "docstring_corpus": (3, 200, {50, 100}),
    "jupyter_pairs": (4, 40, {10}),
}
MBPP = "xp3_Muennighoff_mbpp_sanitized_test_function_solution.jsonl"
SEARCH = "xp3_neural_code_search_evaluation_dataset_train_generate_a_description_given_code.jsonl"
SMALL = {"a": {"files": {"a1.jsonl": 3, "a2.jsonl": 2}}, "b": {"files": {"b.jsonl": 4}}}


def test_the_shipped_table_has_the_sums_of_the_release() -> None:
    table = read_table()
    on = {name: family for name, family in table.families.items() if not family.switched_off}
    assert {name: (len(one.files), sum(one.files.values()), set(one.files.values())) for name, one in on.items()} == (
        FAMILIES
    )
    assert (len(table.drawn()), sum(table.drawn().values()), table.total) == (95, 5000, 5000)


def test_two_files_are_listed_and_switched_off() -> None:
    off = read_table().families["neural_code_search"]
    assert off.switched_off
    assert len(off.files) == 2
    assert not set(off.files) & set(read_table().drawn())


def make_table(folder: Path, families: Any = SMALL, **more: Any) -> Path:
    path = folder / "table.yaml"
    path.write_text(json.dumps({"families": families, **more}))
    return path


def make_files(folder: Path, sizes: dict[str, int]) -> Path:
    for name, rows in sizes.items():
        write(folder / "in" / name, [{"inputs": f"é {name} {n}", "targets": f"t{n}"} for n in range(rows)])
    return folder / "in"


def run(source: Path, output: Path, **settings: Any) -> tuple[dict[str, int], list[dict[str, Any]]]:
    stage = xp3x_stage(find_parts(source), output, Xp3xSettings(**settings))
    counts = run_stage(stage, progress=False)["counts"]
    (part,) = find_parts(output)
    return counts, list(read_rows(part.path))


def test_the_shipped_table_gives_5000_rows(tmp_path: Path) -> None:
    source = make_files(tmp_path, {name: rows + 2 for name, rows in read_table().drawn().items()})
    counts, rows = run(source, tmp_path / "out")
    assert counts["kept"] == len(rows) == 5000
    assert counts["rows"] == 5000 + 2 * 95 == counts["kept"] + counts["dropped_not_drawn"]
    assert {name: counts[f"family.{name}"] for name in FAMILIES} == {name: one[1] for name, one in FAMILIES.items()}
    assert len({(row["inputs"], row["targets"]) for row in rows}) == 5000


def test_the_draw_is_that_of_the_release(tmp_path: Path) -> None:
    """One generator: rows of each file in the order of the table, then one shuffle of everything."""
    source = make_files(tmp_path, {"a1.jsonl": 9, "a2.jsonl": 7, "b.jsonl": 30})
    generator = random.Random(42)
    wanted = []
    for name, number in {"a1.jsonl": 3, "a2.jsonl": 2, "b.jsonl": 4}.items():
        wanted += generator.sample(list(read_rows(source / name)), number)
    generator.shuffle(wanted)
    assert run(source, tmp_path / "out", table=make_table(tmp_path), mode="published")[1] == wanted


@given(st.integers(0, 300), st.data(), st.integers())
def test_places_are_drawn_as_rows_would_be(rows: int, data: st.DataObject, seed: int) -> None:
    number = data.draw(st.integers(0, rows))
    places = draw_places(random.Random(seed), rows, number)
    assert places == random.Random(seed).sample([*range(rows)], number)
    assert len(set(places)) == number


def test_another_seed_is_another_subset_and_the_same_seed_the_same(tmp_path: Path) -> None:
    source = make_files(tmp_path, {"a1.jsonl": 90, "a2.jsonl": 70, "b.jsonl": 30})
    first, again, other = (
        run(source, tmp_path / f"out{n}", table=make_table(tmp_path), seed=seed)[1] for n, seed in enumerate((1, 1, 2))
    )
    assert first == again
    assert first != other


def test_a_row_tells_its_file_and_letters_stay_as_they_are(tmp_path: Path) -> None:
    source = make_files(tmp_path, {"a1.jsonl": 3, "a2.jsonl": 2, "b.jsonl": 4})
    _, rows = run(source, tmp_path / "out", table=make_table(tmp_path))
    assert all(row["source"] in row["inputs"] for row in rows)
    assert "é a1.jsonl 0" in (tmp_path / "out" / "data" / "xp3x.jsonl").read_text("utf-8")


def test_files_are_found_in_any_folder_and_format_and_others_passed_over(tmp_path: Path) -> None:
    source = make_files(tmp_path, {"python/a1.jsonl": 3, "java/a2.jsonl.zst": 2, "b.jsonl": 4, "other.jsonl": 1})
    for form in ("jsonl", "jsonl.zst", "parquet"):
        counts, rows = run(source, tmp_path / form, table=make_table(tmp_path), format=form)
        assert (counts["kept"], len(rows)) == (9, 9)
        assert set(rows[0]) == {"inputs", "targets", "source"}


def test_a_short_file_is_an_error_or_taken_whole(tmp_path: Path) -> None:
    source = make_files(tmp_path, {"a1.jsonl": 3, "a2.jsonl": 1, "b.jsonl": 0})
    with pytest.raises(InputError, match=r"a2.jsonl: has 1 rows, the table asks for 2: .*--short take-all"):
        run(source, tmp_path / "out", table=make_table(tmp_path))
    counts, rows = run(source, tmp_path / "all", table=make_table(tmp_path, total=9), short="take-all")
    assert (counts["kept"], counts["short"], len(rows)) == (4, 5, 4)


def test_missing_files_are_counted_and_named(tmp_path: Path) -> None:
    source = make_files(tmp_path, {MBPP: 1})
    with pytest.raises(InputError, match=r"94 of 95 files are missing: xp3_Fraser_\w+_needcode, .* and 89 more"):
        run(source, tmp_path / "out")


def test_a_file_that_is_there_twice_is_an_error(tmp_path: Path) -> None:
    source = make_files(tmp_path, {"a1.jsonl": 3, "a2.jsonl": 2, "b.jsonl": 4, "x/b.jsonl": 4})
    with pytest.raises(InputError, match=r"b is there more than once: .*in/b.jsonl and .*in/x/b.jsonl; keep one"):
        run(source, tmp_path / "out", table=make_table(tmp_path))


@pytest.mark.parametrize(("column", "value"), [("inputs", None), ("targets", 3)])
def test_a_row_with_a_wrong_column_is_named(tmp_path: Path, column: str, value: Any) -> None:
    row = {"inputs": "i", "targets": "t", column: value}
    source = write(tmp_path / "in" / "a.jsonl", [{"inputs": "i", "targets": "t"}, row]).parent
    with pytest.raises(InputError, match=rf"a.jsonl, line 2: {column} must be text"):
        run(source, tmp_path / "out", table=make_table(tmp_path, {"a": {"files": {"a.jsonl": 1}}}))


def test_a_column_that_is_there_already_is_not_written_over(tmp_path: Path) -> None:
    source = write(tmp_path / "in" / "a.jsonl", [{"inputs": "i", "targets": "t", "source": "s"}]).parent
    table = make_table(tmp_path, {"a": {"files": {"a.jsonl": 1}}})
    with pytest.raises(InputError, match=r"a.jsonl: has a column 'source' already"):
        run(source, tmp_path / "out", table=table)
    assert run(source, tmp_path / "published", table=table, mode="published")[1][0]["source"] == "s"


REWORDED = {
    "first lead-in": (MBPP, "Do. Here is a solution in Python:", "Do. Write a solution in Python.", True),
    "second one": (MBPP, "This can be solved in Python with the following code:", "How to solve it in Python?", True),
    "another file": ("xp3_codeparrot_apps_all_test_qsol.jsonl", "Here is a solution in Python:", "", False),
    "description": (SEARCH, "x = 1\nDescribe it:", "x = 1\nDescribe it.", False),
    "description elsewhere": (MBPP, "Describe it:", "Describe it:", True),
}


@pytest.mark.parametrize("case", REWORDED)
def test_prompts_are_reworded_as_requests(case: str) -> None:
    file, text, fixed, in_the_release = REWORDED[case]
    table = read_table()
    assert reworder(table, file, "fixed")(text) == (fixed or text)
    assert reworder(table, file, "published")(text) == (fixed if in_the_release else text)


@pytest.mark.parametrize(("mode", "said"), [("published", "Describe it:"), ("fixed", "Describe it.")])
def test_the_second_rewording_applies_where_it_is_mended(tmp_path: Path, mode: str, said: str) -> None:
    rewordings = [one.model_dump() for one in read_table().rewordings]
    table = make_table(tmp_path, {"search": {"files": {SEARCH: 1}}}, rewordings=rewordings)
    source = write(tmp_path / "in" / SEARCH, [{"inputs": "Describe it:", "targets": "t"}]).parent
    assert run(source, tmp_path / "out", table=table, mode=mode)[1][0]["inputs"] == said


WRONG_TABLES: dict[str, tuple[Any, str]] = {
    "total": ({"families": SMALL, "total": 10}, r"total says 10, the files .* add up to 9"),
    "rows of a family": ({"families": {"a": {"rows": 6, **SMALL["a"]}}}, r"a: rows says 6, its files add up to 5"),
    "no rows": ({"families": {"a": {"files": {"x.jsonl": 0}}}}, r"a: x.jsonl: rows to take are 0"),
    "a file twice": ({"families": {"a": SMALL["b"], "b": SMALL["b"]}}, r"b.jsonl is in a and in b"),
    "no families": ({}, r"setting 'families' is missing"),
    "empty families": ({"families": {}}, r"'families' is {}"),
    "empty family": ({"families": {"a": {"files": {}}}}, r"'families.a.files' is {}"),
    "a count that is a word": ({"families": {"a": {"files": {"x": "many"}}}}, r"'families.a.files.x' is 'many'"),
    "unknown key": ({"families": SMALL, "seed": 1}, r"no setting 'seed'; there are total, families, rewordings"),
    "unknown key of a family": ({"families": {"a": {"file": {}}}}, r"no setting 'families.a.file'; there are rows"),
    "a wrong mode": ({"families": SMALL, "rewordings": [{"name_holds": {"old": "x"}, "replace": {"a": "b"}}]}, "old"),
    "nothing replaced": ({"families": SMALL, "rewordings": [{"name_holds": {"fixed": "x"}, "replace": {}}]}, "replace"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_TABLES)
def test_a_wrong_table_is_refused_by_name(tmp_path: Path, case: str) -> None:
    values, message = WRONG_TABLES[case]
    path = tmp_path / "table.yaml"
    path.write_text(json.dumps(values))
    with pytest.raises((InputError, UsageError), match=f"(?s)table.yaml.*{message}"):
        read_table(path)


@pytest.mark.parametrize(
    ("name", "value"), [("mode", "old"), ("short", "ignore"), ("format", "csv"), ("seed", "x"), ("table", 3)]
)
def test_a_wrong_setting_is_refused_with_its_name(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"setting '{name}' is {value!r}"):
        make_settings(Xp3xSettings, {name: value})


@examples(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 12)), min_size=1, max_size=4), st.integers(0, 99))
def test_every_row_is_drawn_once_at_most_and_as_many_as_asked_for(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[int, int]], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("xp3x")
    wanted = {f"f{n}.jsonl": asked for n, (asked, _) in enumerate(files)}
    sizes = {f"f{n}.jsonl": size for n, (_, size) in enumerate(files)}
    table = make_table(folder, {"a": {"files": wanted}})
    counts, rows = run(make_files(folder, sizes), folder / "out", table=table, seed=seed, short="take-all")
    found = [name for name in wanted for row in rows if row["source"] == name]
    assert {name: found.count(name) for name in wanted} == {name: min(wanted[name], sizes[name]) for name in wanted}
    assert len({row["inputs"] for row in rows}) == len(rows) == counts["kept"]
