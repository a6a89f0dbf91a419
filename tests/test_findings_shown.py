"""Findings where people meet them: the terminal, the page, the end of an lm_eval run, and their documentation."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import humanevalpack as hep
from browser import DESKTOP, PHONE, chromium
from finding_runs import fence, mixed, passed, run, samples
from generation_files import FIX, row, run_folder
from humanevalpack.diagnosis import RULES
from humanevalpack.diagnosis.rendering import print_findings

HOSTILE = "<script>document.title='owned'</script>[red]\x1b[31m"


def printed(of: hep.Run, width: int = 80) -> str:
    said = io.StringIO()
    print_findings(Console(file=said, width=width), hep.diagnose(of))
    return said.getvalue()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_terminal_shows_number_cause_mend_and_three_samples_in_its_width(width: int) -> None:
    said = printed(mixed(fence, 6), width)
    flat = " ".join(said.split())
    assert flat.startswith("Before you believe these scores: 2 warnings warning fenced_answer: 6 of 14 answers")
    assert "likely: a chat model writes Markdown" in flat
    assert "prompt=chat" in flat
    assert [line.split()[0] for line in said.splitlines() if "Here is it:" in line] == [
        "Python/0",
        "Python/1",
        "Python/2",
    ]
    assert max(map(len, said.splitlines())) <= width


def test_nothing_is_printed_of_a_good_run() -> None:
    assert printed(run(passed())) == ""


def test_what_a_model_wrote_is_shown_as_it_is() -> None:
    said = printed(run(samples(HOSTILE + '"""', status="compile_error", reason="SyntaxError: [bold]")), 200)
    assert "<script>document.title='owned'</script>[red]" in said
    assert "[bold]" in said
    assert "\x1b" not in said


@pytest.mark.toolchain("python")
def test_evaluate_says_it_after_the_table_and_in_json(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", [row(FIX, number, generation="") for number in range(12)])
    command = [sys.executable, "-m", "humanevalpack.commands", "evaluate", str(folder)]
    command += ["--sandbox", "process", "--confirm_run_unsafe_code"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.index("pass@1 0.00") < said.index("warning empty_answer: 12 of 12 answers are empty")
    found = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert found["findings"][0]["code"] == "empty_answer"


@pytest.mark.toolchain("python")
def test_what_they_say_to_try_can_be_done(tmp_path: Path) -> None:
    problems = hep.load_problems("python", "mini")
    folder = run_folder(tmp_path / "run", [row(FIX, number, generation=fence(problems[number])) for number in range(5)])
    own: dict[str, Any] = {"sandbox": "process", "confirm_unsafe": True}
    fenced = next(found for found in hep.diagnose(hep.evaluate(folder, **own)) if found.code == "fenced_answer")
    assert "humanevalpack evaluate FILE --prompt chat --output NEW" in fenced.mend
    again = hep.evaluate(folder, prompt="chat", output=tmp_path / "new", **own)
    assert [sample.status for sample in again.samples] == ["passed"] * 5


@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)])
def test_the_page_begins_with_them_and_leads_to_their_samples(tmp_path: Path, size: Any, dark: bool) -> None:
    page = tmp_path / "report.html"
    second = run(samples(HOSTILE, status="compile_error", reason="SyntaxError"))
    hep.report(mixed(fence, 6), second, html=page)
    with chromium(tmp_path / "profile") as browser:
        browser.open(page, size=size, dark=dark)
        assert browser.run("document.querySelector('main > :first-child').id") == "findings"
        assert browser.run("document.querySelectorAll('.finding[open] pre').length") == 2 * 3
        assert browser.run("document.documentElement.scrollWidth") == (size[0] if size == PHONE else DESKTOP[0] - 15)
        browser.run("document.querySelectorAll('#findings .card:last-child .example a')[1].click()")
        browser.wait("document.querySelector('#detail h3')?.textContent.includes('Python/1, sample 0')")
        assert browser.run("location.hash") == "#sample=15"
        assert browser.run("document.title") == "HumanEvalPack"
        assert browser.problems == []


def test_a_page_of_a_good_run_has_no_such_part(tmp_path: Path) -> None:
    hep.report(run(passed()), html=tmp_path / "report.html")
    assert 'id="findings"' not in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.toolchain("python")
def test_an_lm_eval_run_says_it_once_when_all_is_judged(capsys: pytest.CaptureFixture[str]) -> None:
    from lm_eval.api.model import LM

    from lm_eval_runs import run as lm_eval_run

    class Silent(LM):  # type: ignore[misc]  # lm_eval is untyped
        def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
            return ["" for _ in requests]

        loglikelihood = loglikelihood_rolling = None

    options = {"sandbox": "process", "prompt": "octocoder"}
    lm_eval_run(f"{FIX},humanevalsynthesize-python", Silent(), metadata=options, confirm_run_unsafe_code=True)
    said = capsys.readouterr().err
    assert said.count("Before you believe these scores") == 1
    assert "empty_answer: 28 of 28 answers are empty" in said
    assert "not one of 28 samples passes" in said


def test_the_page_of_findings_has_every_rule_with_its_thresholds(project: Path) -> None:
    page = (project / "docs" / "findings.md").read_text("utf-8")
    table = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", page, re.MULTILINE)
    assert table == [documented(rule) for rule in RULES]


def documented(rule: Any) -> tuple[str, ...]:
    """A rule as a row of the table."""
    said = rule.said.replace("{hits} of {total}", "N of M").replace("{total}", "N")
    said = re.sub(r"\{\w+\}", "…", said.removesuffix("; most often: {most}").removesuffix(": {most}"))
    least = f"{rule.share:.0%}, {rule.least} problems" if rule.share and rule.least > 1 else "any"
    cells = (said, f"{least}: {rule.why}", rule.cause, rule.mend.replace("{prompt}", "PROMPT"))
    return (rule.code, rule.severity, *cells)
