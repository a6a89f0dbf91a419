"""The notebooks in examples/ run from top to bottom, offline, and show what their texts say."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = [pytest.mark.namespaces, pytest.mark.toolchain("python")]
EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "examples").glob("*.ipynb"))


def executed(name: str, folder: Path, *values: str, first: str = "pass", **replaced: str) -> list[Any]:
    """Run a copy of a notebook in ``folder``; return the values (plain JSON types) of expressions at its end.

    ``first`` is code that runs before it; ``replaced`` gives settings another value.
    """
    notebook = nbformat.read(EXAMPLES[0].with_name(f"{name}.ipynb"), as_version=4)
    for setting, value in replaced.items():
        lines = [(cell, line) for cell in notebook.cells for line in cell.source.splitlines()]
        cell, line = next((cell, line) for cell, line in lines if line.startswith(f"{setting} = "))
        cell.source = cell.source.replace(line, f"{setting} = {value}")
    wanted = f"import json\nprint(json.dumps([{', '.join(values)}]))"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(first))
    notebook.cells.append(nbformat.v4.new_code_cell(wanted))
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    found: list[Any] = json.loads(notebook.cells[-1].outputs[0].text)
    return found


def test_the_quick_start_judges_three_answers_and_a_small_run(tmp_path: Path) -> None:
    statuses, score, passed, page = executed(
        "quick_start",
        tmp_path,
        "list(verdicts.status)",
        "scores.score[0]",
        "int(hep.samples_frame(run).passed.sum())",
        "str(made.html)",
    )
    assert statuses == ["passed", "failed", "compile_error"]
    assert score == pytest.approx(passed / 28)
    assert 0 < passed < 28
    assert (tmp_path / page).is_file()


def test_a_template_of_one_s_own_and_what_its_stop_word_is_worth(tmp_path: Path) -> None:
    with_stop, without_stop, words, message = executed(
        "own_prompt",
        tmp_path,
        "list(with_stop.status)",
        "list(without_stop.status)",
        "list(template.stop_words)",
        "message",
    )
    assert with_stop == ["passed"] * 14
    assert without_stop == ["compile_error"] * 14
    assert words == ["</assistant>"]
    assert "'question'; allowed: input" in message


@pytest.mark.toolchain("js", "java", "go", "cpp", "rust")
def test_files_of_generations_in_six_languages_and_formats(tmp_path: Path) -> None:
    scores, sandbox = executed("evaluate_generations", tmp_path, "scores.score.to_dict()", "SANDBOX")
    assert scores == pytest.approx(dict.fromkeys(("python", "js", "java", "go", "cpp", "rust"), 11 / 14))
    assert sandbox == "local"


NO_SANDBOX = "from humanevalpack.sandbox import namespaces\nnamespaces.BWRAP = '/nowhere'"


def test_without_docker_and_namespaces_files_are_judged_in_a_process_if_that_is_allowed(tmp_path: Path) -> None:
    scores, sandbox, left_out = executed(
        "evaluate_generations",
        tmp_path,
        "scores.score.to_dict()",
        "SANDBOX",
        "[name for name in toolchains if not toolchains[name].available]",
        first=NO_SANDBOX
        + """
import dataclasses
import humanevalpack as hep
real = hep.check_toolchains
def python_only(languages, **options):
    found = real(languages, **options)
    return {name: dataclasses.replace(item, available=name == "python") for name, item in found.items()}
hep.check_toolchains = python_only
""",
        RUN_UNPROTECTED="True",
    )
    assert scores == pytest.approx({"python": 11 / 14})
    assert sandbox == "process"
    assert left_out == ["js", "java", "go", "cpp", "rust"]


def test_without_docker_and_namespaces_a_notebook_stops_if_nothing_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="the local sandbox cannot be used here"):
        executed("quick_start", tmp_path, first=NO_SANDBOX)


@pytest.mark.toolchain("js", "java")
def test_the_analysis_finds_what_the_made_up_model_is_bad_at(tmp_path: Path) -> None:
    languages, kinds, figures = executed(
        "analyse_results",
        tmp_path,
        "scores.set_index('language').score.to_dict()",
        "by_kind.mean(axis=1).to_dict()",
        "sorted(p.name for p in Path('figures').glob('*.png'))",
    )
    assert languages["python"] > languages["js"] > languages["java"]
    assert kinds["missing logic"] == min(kinds.values())
    assert {"verdicts.png", "bug_types_fixtests.png", "pass_at_k.png"} <= set(figures)


@pytest.mark.toolchain("js")
def test_the_comparison_finds_the_better_model_where_it_is_better(tmp_path: Path) -> None:
    clear, settings, gained, lost = executed(
        "compare_models",
        tmp_path,
        "differences[differences.language == 'average'].set_index('scenario').clear.to_dict()",
        "[item.name for item in comparison.settings]",
        "int(gained)",
        "int(lost)",
    )
    assert clear == {"fixtests": True, "synthesize": False}
    assert settings == ["source"]
    assert gained > lost > 0


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_notebook_is_valid_and_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert notebook.cells[0].source.startswith("# ")


def test_every_notebook_stands_on_the_page_and_has_a_test(project: Path) -> None:
    page = (project / "docs" / "notebooks.md").read_text("utf-8")
    tests = Path(__file__).read_text("utf-8")
    assert EXAMPLES
    assert [path.name for path in EXAMPLES if path.name not in page or f'"{path.stem}"' not in tests] == []
