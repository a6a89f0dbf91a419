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


def change_label(folder: Path) -> None:
    bugs = json.loads((folder / "python.bugs.json").read_text("utf-8"))
    bugs[2]["bug_type"] = "typo"
    (folder / "python.bugs.json").write_text(json.dumps(bugs), "utf-8")


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def write(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (drop_last_bug, "js: 14 solutions, 13 bugs, 14 labels, 14 entry points: rows belong together by position"),
        (change_first("canonical_solution", None), "js solutions, row 1: no column 'canonical_solution'"),
        (change_first("test", 3), "js solutions, row 1: test must be text, not 3"),
        (change_first("entry_point", None, "HumanEval.jsonl"), "entry points, row 1: no column 'entry_point'"),
        (change_first("task_id", "Java/0"), "task_id is 'Java/0'; for language 'js' it must read JavaScript/<number>"),
        (change_label, "bug_type is 'typo'; allowed: value misuse"),
        (remove("HumanEval.jsonl"), "HumanEval.jsonl is missing"),
        (remove("js.bugs.json"), "js.bugs.json is missing"),
        (remove("js.jsonl"), "no js.jsonl; there is python.jsonl"),
        (write("js.bugs.json", "{"), "js.bugs.json: not valid JSON"),
        (write("js.bugs.json", '{"a": 1}'), "js.bugs.json: must be a JSON list of objects with buggy_solution"),
        (write("js.jsonl", ""), "js.jsonl: no rows"),
        (write("js.jsonl", "[1]\n"), "js.jsonl, line 1: expected a JSON object"),
    ],
)
def test_wrong_sources_are_named(sources: Path, tmp_path: Path, change: Callable[[Path], None], said: str) -> None:
    change(sources)
    with pytest.raises(HumanEvalPackError) as error:
        list(create(sources, tmp_path / "rows", languages=["js"]))
    assert said in str(error.value)
    assert not (tmp_path / "rows").exists()


def test_what_is_there_is_replaced_on_demand_only(sources: Path, tmp_path: Path) -> None:
    made = list(create(sources, tmp_path / "rows"))
    assert [(one.language, one.rows) for one in made] == [("js", 14), ("python", 14)]
    with pytest.raises(UsageError, match="is there already: --overwrite replaces it"):
        list(create(sources, tmp_path / "rows"))
    assert len(list(create(sources, tmp_path / "rows", overwrite=True))) == 2
    with pytest.raises(UsageError, match="is there already"):
        write_template(sources / "js.jsonl", sources / "js.bugs.json")


def test_an_entry_point_that_is_not_there_and_a_bug_that_is_none_are_warnings(sources: Path, tmp_path: Path) -> None:
    change_first("entry_point", "other_name", "HumanEval.jsonl")(sources)
    write_template(sources / "js.jsonl", sources / "js.bugs.json", overwrite=True)
    done = octopack_data("create", sources, "-o", tmp_path / "rows", "--languages", "js")
    assert done.exit_code == 0
    assert "JavaScript/0: the entry point 'other_name' becomes 'otherName', which neither" in done.output
    assert "buggy_solution still is the canonical one: JavaScript/0, JavaScript/1, " in done.output


def test_labels_of_a_language_s_own_are_taken_where_there_are_none_of_python(sources: Path, tmp_path: Path) -> None:
    labels = json.loads((sources / "python.bugs.json").read_text("utf-8"))
    bugs = json.loads((sources / "js.bugs.json").read_text("utf-8"))
    own = [label | bug for label, bug in zip(labels, bugs, strict=True)]
    (sources / "js.bugs.json").write_text(json.dumps(own), "utf-8")
    for name in ("python.jsonl", "python.bugs.json"):
        (sources / name).unlink()
    (made,) = create(sources, tmp_path / "rows")
    rows = [json.loads(line) for line in made.path.read_text("utf-8").splitlines()]
    assert [row["bug_type"] for row in rows] == [label["bug_type"] for label in labels]


def test_a_template_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json cannot be read"):
        read_bugs(tmp_path / "none.json")
    with pytest.raises(UsageError, match=r"none\.jsonl is missing"):
        write_template(tmp_path / "none.jsonl", tmp_path / "out.json")
