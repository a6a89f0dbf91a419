"""The making of HumanEvalPack: from solutions, edited bugs and entry points to rows."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import humanevalpack
from humanevalpack.errors import InputError
from humanevalpack.languages import LANGUAGES
from octopack_data.commands import app
from octopack_data.humanevalpack.corrections import apply_edits, correct, documented, fingerprint
from octopack_data.humanevalpack.descriptions import describe
from octopack_data.humanevalpack.names import entry_point
from octopack_data.humanevalpack.rows import Sheet, rust_description, rust_prompt, without_metadata
from octopack_data.humanevalpack.template import bug_template

SOURCES = Path(__file__).resolve().parents[1] / "examples" / "humanevalpack"
MINI = Path(humanevalpack.__file__).parent / "data" / "mini"
STALE = {"python": {"Python/142": {"docstring", "instruction"}}}
"""The released row has traces of a fourth quote, which was taken out of its source after the rows had been made."""


def octopack_data(*words: object) -> Any:
    return CliRunner().invoke(app, ["humanevalpack", *map(str, words)])


def test_the_mini_set_is_made_of_its_sources_to_the_byte(tmp_path: Path) -> None:
    done = octopack_data("create", SOURCES, "-o", tmp_path)
    assert done.exit_code == 0, done.output
    assert "warning" not in done.output
    for language in LANGUAGES:
        assert (tmp_path / f"{language}.jsonl").read_bytes() == (MINI / f"{language}.jsonl").read_bytes()


@pytest.mark.real_data
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_released_rows_are_made_of_the_public_inputs(language: str, shared: Path, tmp_path: Path) -> None:
    done = octopack_data("create", shared / "sources" / "humaneval-x", "-o", tmp_path, "--languages", language)
    assert done.exit_code == 0, done.output
    assert ("the published rows" in done.output) == (language not in STALE)
    made, released = (
        (folder / f"{language}.jsonl").read_text("utf-8").splitlines()
        for folder in (tmp_path, shared / "humanevalpack")
    )
    assert len(made) == len(released) == 164
    different = {}
    for ours, theirs in zip(map(json.loads, made), map(json.loads, released), strict=True):
        assert list(ours) == list(theirs)
        if ours != theirs:
            different[theirs["task_id"]] = {column for column in theirs if ours[column] != theirs[column]}
    assert different == STALE.get(language, {})
    assert len([1 for ours, theirs in zip(made, released, strict=True) if ours != theirs]) == len(different)


@pytest.mark.real_data
def test_each_documented_correction_is_in_the_public_inputs_and_is_not_made_twice(shared: Path) -> None:
    rows: dict[str, Any] = {}
    for language in LANGUAGES:
        lines = (shared / "sources" / "humaneval-x" / f"{language}.jsonl").read_text("utf-8").splitlines()
        rows |= {row["task_id"]: row for row in map(json.loads, lines)}
    assert len(documented()) == 13
    for correction in documented():
        row = rows[correction["task_id"]]
        assert fingerprint(row) == correction["becomes"] != correction["was"]
        assert correct(row) == row
        assert correction["why"]


@pytest.mark.real_data
def test_each_rename_is_needed_by_a_row(shared: Path) -> None:
    import yaml

    import octopack_data

    table = Path(octopack_data.__file__).parent / "data" / "humanevalpack_names.yaml"
    renames = [row["to"] for row in yaml.safe_load(table.read_text("utf-8"))]
    rows = [
        json.loads(line)
        for language in LANGUAGES
        for line in (shared / "humanevalpack" / f"{language}.jsonl").read_text("utf-8").splitlines()
    ]
    assert len(renames) == 15
    assert set(renames) <= {row["entry_point"] for row in rows}


@pytest.mark.parametrize(
    ("name", "language", "text", "expected"),
    [
        ("max_fill", "python", "def max_fill(", "max_fill"),
        ("max_fill", "go", "func MaxFill(", "MaxFill"),
        ("max_fill", "java", "int maxFill(", "maxFill"),
        ("max_fill", "js", "const maxFill =", "maxFill"),
        ("max_fill", "rust", "fn max_fill(", "max_fill"),
        (
            "minPath",
            "js",
            "const minPath =",
            "minPath",
        ),  # title case lowers the inner capital; the table brings it back
        ("minPath", "rust", "fn min_path(", "min_path"),
        ("minSubArraySum", "js", "const minSubArraySum =", "minSubarraySum"),  # as released, although it is not there
        ("own_name", "js", "const other =", "ownName"),
    ],
)
def test_an_entry_point_is_written_as_its_language_does(name: str, language: str, text: str, expected: str) -> None:
    assert entry_point(name, language, text) == expected


RUST = "use md5;\n\nfn f(a: i32) -> i32{\n"


@pytest.mark.parametrize(
    ("language", "row", "signature", "docstring"),
    [
        ("python", {"prompt": 'def g():\n    pass\n\ndef f(a: int) -> int:\n    """ One.\n\n    Two.\n    """\n'},
         "f(a: int) -> int", "One.\nTwo."),
        ("python", {"prompt": "def f():\n    '''One.'''\n"}, "f()", "One."),
        ("cpp", {"prompt": "/* Not this. */\n/*\nOne.\n  * two\n*/\nint f(int a){\n"}, "int f(int a)", "One.\n* two"),
        ("cpp", {"prompt": "// One.\n// Two.\nusing namespace std;\nint f(int a) {\n"}, "int f(int a) ", "One.\nTwo."),
        ("java", {"prompt": "class Solution {\n    /**\n    One.\n     */\n    public int f(int a) {\n"},
         "public int f(int a)", "One."),
        ("js", {"prompt": "/* One.\n  */\nconst f = (a) => {\n"}, "const f = (a)", "One."),
        ("go", {"prompt": "// Not this.\nimport (\n)\n\n// One.\n// Two.\nfunc F(a int) int {\n"},
         "func F(a int) int", "One.\nTwo."),
        ("rust", {"prompt": '/*\n"\n One.\n  * two\n*/', "declaration": RUST}, "f(a: i32) -> i32", "One.\n* two"),
        ("rust", {"prompt": "/// One.\n// Two.", "declaration": RUST}, "f(a: i32) -> i32", "One.\nTwo."),
    ],
)  # fmt: skip
def test_signature_and_docstring_are_read_out_of_the_prompt(
    language: str, row: dict[str, str], signature: str, docstring: str
) -> None:
    name = "F" if language == "go" else "f"
    assert describe({"task_id": "X/0", **row}, language, name) == (signature, docstring)


@pytest.mark.parametrize(
    ("language", "row", "said"),
    [
        ("python", {"prompt": "def f():\n    pass\n"}, "must have one docstring"),
        ("python", {"prompt": "x = 1\n"}, "'def' begins no function here"),
        ("cpp", {"prompt": "/* One. */\nint g(){\n"}, "no line of the prompt names 'f'"),
        ("rust", {"prompt": "/* One. */", "declaration": "struct S;\n"}, "'fn' begins no function here"),
    ],
)
def test_a_prompt_without_them_is_an_error_that_names_the_row(language: str, row: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as error:
        describe({"task_id": "X/7", **row}, language, "f")
    assert str(error.value).startswith("X/7: ")
    assert said in str(error.value)


def test_a_rust_prompt_is_put_together_and_taken_apart() -> None:
    prompt = rust_prompt(RUST, "\n/* One. */\n")
    assert prompt == "fn main(){}\nuse md5;\n\n/* One. */\nfn f(a: i32) -> i32{\n"
    assert rust_description(RUST, prompt).strip() == "/* One. */"


def test_who_wrote_a_python_test_is_left_out_of_it() -> None:
    assert without_metadata("\nMETADATA = {\n    'author': 'jt'\n}\n\ndef check(f):\n") == "\n\n\ndef check(f):\n"


def test_a_correction_moves_lines_by_their_numbers_and_replaces_text() -> None:
    row = {"a": "1\n2\n3", "b": "x"}
    edits: list[dict[str, Any]] = [
        {"in": ["a"], "pieces": [{"from": "a", "lines": [3, 3]}, "new", {"from": "b", "lines": [1, 1]}]},
        {"in": ["b"], "pieces": [{"from": "a", "lines": [1, 2]}]},
        {"in": ["b"], "pattern": "2", "with": "two"},
    ]
    assert apply_edits(row, edits) == {"a": "3\nnew\nx", "b": "1\ntwo"}
    assert row == {"a": "1\n2\n3", "b": "x"}


def test_the_template_holds_every_solution_and_python_s_labels(tmp_path: Path) -> None:
    for language, columns in (
        ("python", {"buggy_solution", "bug_type", "failure_symptoms"}),
        ("go", {"buggy_solution"}),
    ):
        done = octopack_data("template", SOURCES / f"{language}.jsonl", "-o", tmp_path / f"{language}.json")
        assert done.exit_code == 0, done.output
        entries = json.loads((tmp_path / f"{language}.json").read_text("utf-8"))
        rows = [json.loads(line) for line in (SOURCES / f"{language}.jsonl").read_text("utf-8").splitlines()]
        assert [entry["buggy_solution"] for entry in entries] == [row["canonical_solution"] for row in rows]
        assert {key for entry in entries for key in entry} == columns
    sheet = Sheet(Path("x.jsonl"), [{"canonical_solution": "x"}])
    assert bug_template(sheet, labels=True)[0]["bug_type"] == "variable misuse"
