"""Wrong inputs of ``octopack-data humanevalpack``: what is wrong is named, and nothing is written."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from humanevalpack.errors import HumanEvalPackError, InputError, UsageError
from octopack_data.humanevalpack.making import create, read_bugs, write_template
from test_data_humanevalpack_making import SOURCES, octopack_data


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("python.jsonl", "python.bugs.json", "js.jsonl", "js.bugs.json", "HumanEval.jsonl"):
        shutil.copy(SOURCES / name, folder / name)
    return folder


def drop_last_bug(folder: Path) -> None:
    bugs = json.loads((folder / "js.bugs.json").read_text("utf-8"))
    (folder / "js.bugs.json").write_text(json.dumps(bugs[:-1]), "utf-8")


def change_first(column: str, value: object, name: str = "js.jsonl") -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        lines = (folder / name).read_text("utf-8").splitlines()
        row = json.loads(lines[0])
        del row[column]
        lines[0] = json.dumps(row | ({column: value} if value is not None else {}))
        (folder / name).write_text("\n".join(lines) + "\n", "utf-8")

    return change


def change_third(column: str, value: object, name: str = "js.bugs.json") -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        bugs = json.loads((folder / name).read_text("utf-8"))
        del bugs[2][column]
        bugs[2] |= {column: value} if value is not None else {}
        (folder / name).write_text(json.dumps(bugs), "utf-8")

    return change


def without_python(folder: Path) -> None:
    for name in ("python.jsonl", "python.bugs.json"):
        (folder / name).unlink()


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def write(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            drop_last_bug,
            "13 in mine/js.bugs.json, 14 in mine/python.bugs.json, 14 in mine/HumanEval.jsonl: rows belong",
        ),
        (change_first("canonical_solution", None), "mine/js.jsonl, row 1: no column 'canonical_solution'"),
        (change_first("canonical_solution", " "), "mine/js.jsonl, row 1: canonical_solution is empty: ' '"),
        (change_first("test", 3), "mine/js.jsonl, row 1: test must be text, not 3"),
        (change_first("prompt", "a\nb\r\n"), "mine/js.jsonl, row 1: prompt holds a carriage return in its line 2"),
        (change_first("entry_point", None, "HumanEval.jsonl"), "mine/HumanEval.jsonl, row 1: no column 'entry_point'"),
        (change_first("task_id", "Java/0"), "mine/js.jsonl, row 1: task_id is 'Java/0'; for language 'js' it must"),
        (change_first("task_id", "JavaScript/3"), "mine/js.jsonl, row 4: task_id 'JavaScript/3' stands in row 1 too"),
        (change_third("buggy_solution", None), "mine/js.bugs.json, row 3: no column 'buggy_solution'"),
        (change_third("buggy_solution", ""), "mine/js.bugs.json, row 3: buggy_solution is empty"),
        (
            change_third("bug_type", "typo", "python.bugs.json"),
            "python.bugs.json, row 3: bug_type is 'typo'; allowed: ",
        ),
        (change_third("bug_type", None, "python.bugs.json"), "row 3: no column 'bug_type'; there are buggy_solution"),
        (without_python, "mine/js.bugs.json, row 1: no column 'bug_type'; there are buggy_solution: octopack-data "),
        (remove("HumanEval.jsonl"), "HumanEval.jsonl is missing"),
        (remove("js.bugs.json"), "js.bugs.json is missing: octopack-data humanevalpack template writes it"),
        (remove("js.jsonl"), "no js.jsonl; there is python.jsonl"),
        (write("js.bugs.json", "{"), "js.bugs.json: not valid JSON"),
        (write("js.bugs.json", '{"a": 1}'), "js.bugs.json: must be a JSON list of objects with buggy_solution"),
        (write("js.bugs.json", "[3]"), "js.bugs.json, row 1: must be an object with buggy_solution"),
        (write("js.jsonl", ""), "js.jsonl: no rows"),
        (write("js.jsonl", "[1]\n"), "js.jsonl, line 1: expected a JSON object"),
    ],
)
def test_wrong_sources_are_named(sources: Path, tmp_path: Path, change: Callable[[Path], None], said: str) -> None:
    change(sources)
    with pytest.raises(HumanEvalPackError) as error:
        list(create(sources, tmp_path / "rows", languages=["js"]))
    assert said in str(error.value).replace(f"{sources}/", "mine/")
    assert not (tmp_path / "rows").exists()


def test_a_prompt_that_cannot_be_read_is_named_with_its_file_and_no_language_is_written(
    sources: Path, tmp_path: Path
) -> None:
    change_first("prompt", "x = 1\n", "python.jsonl")(sources)
    with pytest.raises(InputError) as error:
        list(create(sources, tmp_path / "rows"))
    assert str(error.value).startswith(f"{sources}/python.jsonl, row 1: Python/0: 'def' begins no function here")
    assert not (tmp_path / "rows").exists()


def test_bugs_in_an_unknown_language_are_refused_unless_the_languages_are_named(sources: Path, tmp_path: Path) -> None:
    shutil.copy(sources / "js.bugs.json", sources / "kotlin.bugs.json")
    with pytest.raises(UsageError, match=r"kotlin\.bugs\.json: 'kotlin' is no language of this package; there are cpp"):
        list(create(sources, tmp_path / "rows"))
    assert [made.language for made in create(sources, tmp_path / "rows", languages=["js"])] == ["js"]


def test_what_is_there_is_replaced_on_demand_only(sources: Path, tmp_path: Path) -> None:
    made = list(create(sources, tmp_path / "rows"))
    assert [(one.language, one.rows) for one in made] == [("js", 14), ("python", 14)]
    (tmp_path / "rows" / "js.jsonl").unlink()
    with pytest.raises(UsageError, match=r"python\.jsonl is there already: --overwrite replaces it"):
        list(create(sources, tmp_path / "rows"))
    assert not (tmp_path / "rows" / "js.jsonl").exists()
    assert len(list(create(sources, tmp_path / "rows", overwrite=True))) == 2
    with pytest.raises(UsageError, match="is there already"):
        write_template(sources / "js.jsonl", sources / "js.bugs.json")


def test_an_entry_point_that_is_not_there_and_a_bug_that_is_none_are_warnings(sources: Path, tmp_path: Path) -> None:
    change_first("entry_point", "other_name", "HumanEval.jsonl")(sources)
    write_template(sources / "js.jsonl", sources / "js.bugs.json", overwrite=True)
    done = octopack_data("create", sources, "-o", tmp_path / "rows", "--languages", "js")
    assert done.exit_code == 0
    assert "JavaScript/0: the entry point 'other_name' becomes 'otherName', which neither" in done.output
    assert f"{sources}/HumanEval.jsonl, row 1\n" in done.output
    assert (
        f"{sources}/js.bugs.json: buggy_solution still is the canonical one: JavaScript/0, JavaScript/1, "
        in done.output
    )


def test_labels_of_a_language_s_own_are_taken_where_there_are_none_of_python(sources: Path, tmp_path: Path) -> None:
    labels = json.loads((sources / "python.bugs.json").read_text("utf-8"))
    bugs = json.loads((sources / "js.bugs.json").read_text("utf-8"))
    own = [label | bug for label, bug in zip(labels, bugs, strict=True)]
    (sources / "js.bugs.json").write_text(json.dumps(own), "utf-8")
    without_python(sources)
    (made,) = create(sources, tmp_path / "rows")
    rows = [json.loads(line) for line in made.path.read_text("utf-8").splitlines()]
    assert [row["bug_type"] for row in rows] == [label["bug_type"] for label in labels]


def test_a_template_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.bugs\.json is missing"):
        read_bugs(tmp_path / "none.bugs.json")
    (tmp_path / "rows.jsonl").write_text('{"a": "b"}\n', "utf-8")
    with pytest.raises(InputError, match=r"rows\.jsonl, row 1: no text in column 'canonical_solution'; there are a"):
        write_template(tmp_path / "rows.jsonl", tmp_path / "out.json")
    with pytest.raises(UsageError, match=r"none\.jsonl is missing"):
        write_template(tmp_path / "none.jsonl", tmp_path / "out.json")
