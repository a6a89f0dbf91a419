"""What a report writes: tables that stand anywhere, figures for papers, a command that writes over nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

import humanevalpack as hep
from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from humanevalpack.languages import LANGUAGES
from humanevalpack.reports import writing
from humanevalpack.reports.plots import Bars, Curves, HeatMap, Stacks, plots
from humanevalpack.reports.sheet import score_sheet
from humanevalpack.reports.svg import svg
from humanevalpack.results import Run
from report_runs import make_run, write_run

FIX, EXPLAIN, SYNTHESIZE = "fixtests", "explainsynthesize", "synthesize"
OCTOGEEX = {
    "variable misuse": 0.357,
    "value misuse": 0.332,
    "operator misuse": 0.328,
    "function misuse": 0.25,
    "missing logic": 0.242,
    "excess logic": 0.163,
}
COMMAND = Path(sys.executable).with_name("humanevalpack")
PASSES = {
    (scenario, language): ["++", "+c", "--", "+t"] for scenario in (FIX, EXPLAIN, SYNTHESIZE) for language in LANGUAGES
}


@pytest.fixture(scope="module")
def run() -> Run:
    return make_run(PASSES, name="a_b & <c>", model="bigcode/octocoder")


@pytest.fixture(scope="module")
def folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(run, tmp_path_factory.mktemp("runs") / "run")


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    texts = [str(argument) for argument in arguments]
    return subprocess.run([COMMAND, *texts], capture_output=True, text=True, check=False, timeout=300)


def test_the_markdown_table_has_every_score_and_escapes_names(run: Run) -> None:
    lines = hep.report(run, paper="OctoCoder").markdown.splitlines()
    assert lines[0] == "| run | pass@1, % | C++ | Go | Java | JavaScript | Python | Rust | average |"
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1
    assert lines[2].startswith(r"| a\_b \& \<c\> | HumanEvalFix | 50.0 (")
    assert "|  | OctoCoder, published | 26.1 | 30.2 | 30.6 | 28.4 | 30.4 | 16.5 | 27.0 |" in lines
    assert "27.3 (M)" in lines[5]
    assert lines[-1].startswith("|  | overall |")


def test_the_latex_table_escapes_names_and_is_balanced(run: Run) -> None:
    table = hep.report(run, paper="OctoCoder").latex
    assert r"\textbf{a\_b \& \textless{}c\textgreater{}}" in table
    assert r"\begin{tabular}{lrrrrrrr}" in table
    assert table.count("{") == table.count("}")
    rows = [line for line in table.splitlines() if line.endswith(r"\\") and "multicolumn" not in line]
    assert {line.replace(r"\&", "").count("&") for line in rows} == {7}
    assert "(M): recalled" in table


def test_without_a_run_or_with_a_wrong_folder_it_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least one run"):
        hep.report()
    with pytest.raises(InputError, match=str(tmp_path)):
        hep.report(tmp_path)


def test_problems_that_cannot_be_loaded_are_a_note(run: Run) -> None:
    notes = hep.report(run, dataset="nowhere").notes
    assert [note.partition(":")[0] for note in notes[:6]] == list(LANGUAGES)
    assert "nowhere" in notes[0]


def test_the_room_and_the_function_are_one(run: Run) -> None:
    assert callable(hep.report)  # the function, or once it is imported the room
    assert writing.report(run).markdown == hep.report(run).markdown


def test_what_there_is_to_see_is_drawn(run: Run) -> None:
    problems = {language: hep.load_problems(language, source="mini") for language in LANGUAGES}
    drawn = plots([run], [score_sheet(run)], problems, ["OctoCoder"])
    names = [plot.name for plot in drawn]
    assert names == ["scores", "languages", "pass_at_k", "verdicts", "bug_types_fixtests", "symptoms_fixtests"]
    heat = next(plot for plot in drawn if isinstance(plot, HeatMap))
    assert heat.values == [[0.5] * 6] * 3
    curves = next(plot for plot in drawn if isinstance(plot, Curves))
    assert [[k for k, *_ in line.points] for line in curves.lines] == [[1, 2]] * 3
    stacks = next(plot for plot in drawn if isinstance(plot, Stacks))
    assert stacks.bars[0][1] == {"passed": 4, "failed": 2, "compile_error": 1, "timeout": 1}
    marks = [bar.mark for bar in drawn[0].bars] if not isinstance(drawn[0], HeatMap | Curves | Stacks) else []
    assert marks == [0.27, 0.245, 0.355, None]


def test_published_numbers_by_kind_of_bug_stand_on_the_bars_of_python(run: Run) -> None:
    problems = {language: hep.load_problems(language, source="mini") for language in LANGUAGES}
    base = make_run({(FIX, "python"): ["+"] * 14}, name="base")
    drawn = plots([run, base], [score_sheet(run), score_sheet(base)], problems, ["OctoGeeX", None])
    (bars,) = (plot for plot in drawn if plot.name == "bug_types_fixtests_python")
    assert isinstance(bars, Bars)
    kinds = {problem.bug_type for problem in problems["python"][:4]}
    marks = {bar.label.partition(" (")[0]: bar.mark for bar in bars.bars if bar.series == 0}
    assert marks == pytest.approx({kind: OCTOGEEX[kind] for kind in kinds}), (
        "a ring for every kind of bug that the run has"
    )
    assert {bar.mark for bar in bars.bars if bar.series == 1} == {None}
    assert "ring: published (OctoGeeX)" in bars.note
    assert svg(bars).count('class="mark"') == len(marks)


@pytest.mark.parametrize(("paper", "k"), [("OctoCoder", 1), (None, 1), ("OctoGeeX", 2)])
def test_without_published_numbers_python_has_no_plot_of_its_own(run: Run, paper: str | None, k: int) -> None:
    problems = {"python": hep.load_problems("python", source="mini")}
    drawn = plots([run], [score_sheet(run, k)], problems, [paper])
    assert "bug_types_fixtests_python" not in [plot.name for plot in drawn]


def test_two_runs_stand_side_by_side(run: Run) -> None:
    other = make_run({(FIX, "python"): ["++", "++"]}, name="other")
    drawn = plots([run, other], [score_sheet(run), score_sheet(other)], {}, [None, None])
    assert [plot.name for plot in drawn if isinstance(plot, HeatMap)] == ["languages_1", "languages_2"]
    fix = next(plot for plot in drawn if plot.name == "pass_at_k_fixtests")
    assert isinstance(fix, Curves)
    assert [(line.label, line.series) for line in fix.lines] == [(run.name, 0), ("other", 1)]
    text = "".join(map(svg, drawn))
    assert run.name not in text
    assert "a_b &amp; &lt;c&gt;" in text


def test_figures_are_pdf_and_png_and_the_same_every_time(tmp_path: Path) -> None:
    run = make_run({(FIX, "python"): ["+-", "--"]})
    first = hep.report(run, figures=tmp_path / "one").figures
    second = hep.report(run, figures=tmp_path / "two").figures
    assert {path.suffix for path in first} == {".pdf", ".png"}
    assert all(path.read_bytes()[:4] in (b"%PDF", b"\x89PNG") for path in first)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    with pytest.raises(UsageError, match=r"scores\.pdf is there already.*--overwrite"):
        hep.report(run, figures=tmp_path / "one")


def test_without_matplotlib_figures_say_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(EnvironmentFault, match=r"pip install 'humanevalpack\[report\]'"):
        hep.report(make_run({(FIX, "python"): ["+"]}), figures=tmp_path / "figures")
    assert not (tmp_path / "figures").exists()


def test_the_command_prints_tables_on_stdout_alone(folder: Path, tmp_path: Path) -> None:
    done = command("report", folder, "--latex", "--html", tmp_path / "deep" / "page.html")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("% pass@1")
    assert done.stdout.endswith("\\end{tabular}\n")
    assert f"page: {tmp_path / 'deep' / 'page.html'}" in done.stderr
    assert "no published scores beside it" in done.stderr


def test_the_command_writes_over_nothing(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("mine", "utf-8")
    done = command("report", folder, "--html", page)
    assert (done.returncode, page.read_text("utf-8")) == (2, "mine")
    assert "--overwrite" in done.stderr
    assert command("report", folder, "--html", page, "--overwrite").returncode == 0
    assert page.read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--k", "3"), "k is 3, but some problem"),
        (("--k", "0"), "at least 1"),
        (("--paper", "llama"), "OctoCoder, OctoGeeX"),
        (("--html", "."), "is a folder; name a file in it"),
    ],
)
def test_wrong_usage_ends_with_2(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    done = command("report", folder, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
