"""verify and the truth table: against the reference's verdicts, by running programs, and with wrong worlds."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from humanevalpack.languages import LANGUAGES, PROFILES
from humanevalpack.sandbox import STATUSES, Verdict
from humanevalpack.truth_table import CLASSES, FORMS, truth_table, verdict_class
from humanevalpack.verification import checks, judge, verify

COMMAND = str(Path(sys.executable).with_name("humanevalpack"))
# Endless loops that meet our limit of memory first, and programs whose end is a matter of chance.
EXPLAINED = {
    "cpp": {(22, "buggy")},
    "js": {(25, "buggy"), (156, "buggy")},
    "go": {(95, "canonical")},
    "rust": {(32, "canonical"), (32, "buggy"), (156, "buggy")},
}
GOLDEN_WORDS = {"passed": "passed", "failed": "failed", "timed out": "timeout", "compile error": "compile_error"}


def with_toolchain(language: str) -> Any:
    return pytest.param(language, marks=pytest.mark.toolchain(language))


def test_every_status_has_a_class_and_a_sandbox_error_is_never_expected() -> None:
    classes = {status: verdict_class(status) for status in STATUSES}
    assert classes.pop("sandbox_error") == "sandbox_error"
    assert set(classes.values()) == set(CLASSES)
    assert classes["memory_limit"] == classes["incomplete"] == "failed"


def test_the_table_uses_known_words_only() -> None:
    table = truth_table()
    for row in table.exceptions:
        assert row.language in LANGUAGES
        assert row.form in FORMS
        assert set(row.profiles) <= set(PROFILES)
        assert {*row.expectation.verdicts, *row.expectation.also} <= set(CLASSES)
        assert row.expectation.reason
    for rule in (table.rules, table.published):
        assert {verdict for form in FORMS for verdict in rule[form].verdicts} <= set(CLASSES)


@pytest.mark.real_data
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_agrees_with_the_reference_s_verdicts(language: str, shared: Path) -> None:
    golden = json.loads((shared / "goldens" / "verdicts.json").read_text("utf-8"))["verdicts"][language]
    made = checks({language: hep.load_problems(language, shared / "humanevalpack")}, profile="reference")
    assert len(made) == 328
    for check in made:
        verdict = Verdict(GOLDEN_WORDS[golden[check.form][check.problem.index]], "the reference's")
        assert judge(check, verdict).outcome == "same", judge(check, verdict).explain()


@pytest.mark.real_data
def test_the_exceptions_name_problems_that_exist(shared: Path) -> None:
    for row in truth_table().exceptions:
        problems = hep.load_problems(row.language, shared / "humanevalpack")
        assert all(problems[index].entry_point == name for index, name in row.problems.items())


@pytest.mark.real_data
def test_the_profile_fixed_expects_every_canonical_program_to_pass_and_no_buggy_one(shared: Path) -> None:
    for language in LANGUAGES:
        for check in checks({language: hep.load_problems(language, shared / "humanevalpack")}, profile="fixed"):
            if (language, check.problem.index) != ("rust", 32):
                assert ("passed" in check.expectation.verdicts) == (check.form == "canonical")
                assert "passed" not in check.expectation.also


def test_another_data_set_with_the_same_numbers_is_not_taken_for_the_published_one() -> None:
    made = checks({"cpp": hep.load_problems("cpp", "mini")}, profile="reference")
    assert all(check.expectation.verdicts == ("passed",) for check in made if check.form == "canonical")
    assert all("passed" not in check.expectation.verdicts for check in made if check.form == "buggy")


@pytest.mark.namespaces
@pytest.mark.toolchain("python")
def test_swapped_solutions_are_differences() -> None:
    problem = hep.load_problems("python", "mini")[0]
    swapped = replace(problem, canonical_solution=problem.buggy_solution, buggy_solution=problem.canonical_solution)
    results = list(verify(checks({"python": [swapped]}), sandbox="local"))
    assert [result.outcome for result in results] == ["different", "different"]
    assert "python 0 canonical: expected passed, got failed" in results[0].explain()


@pytest.mark.namespaces
@pytest.mark.parametrize("language", [with_toolchain(name) for name in LANGUAGES])
def test_the_command_verifies_the_mini_set(language: str) -> None:
    command = [COMMAND, "verify", "--dataset", "mini", "--languages", language, "--sandbox", "local", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["outcomes"] == {"same": 2 * len(hep.load_problems(language, "mini"))}
    assert report["toolchains"][language]
    assert report["sandbox"] == "local"


@pytest.mark.namespaces
@pytest.mark.toolchain("python")
def test_the_command_ends_with_1_and_names_the_row_of_a_difference(tmp_path: Path) -> None:
    row = hep.load_problems("python", "mini")[0].row()
    row["buggy_solution"] = row["canonical_solution"]
    (tmp_path / "python.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    command = [COMMAND, "verify", "--dataset", str(tmp_path), "--languages", "python", "--sandbox", "local"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "python 0 buggy: expected failed or compile_error or timeout, got passed" in done.stdout
    assert "1 of 2 verdicts differ" in done.stderr


def test_a_missing_toolchain_ends_with_3_and_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUMANEVALPACK_TOOLCHAINS", str(tmp_path))  # js-md5 is not there
    command = [COMMAND, "verify", "--dataset", "mini", "--languages", "js", "--sandbox", "process", "--json"]
    command.append("--confirm-run-unsafe-code")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "js: " in done.stderr
    assert "install.sh" in done.stderr
    assert "--missing-toolchains skip" in done.stderr
    command += ["--missing-toolchains", "skip"]
    left_out = subprocess.run(command, capture_output=True, text=True, check=False)
    assert left_out.returncode == 0, left_out.stderr
    assert json.loads(left_out.stdout)["left_out"] == ["js"]


@pytest.mark.real_data
@pytest.mark.namespaces
@pytest.mark.parametrize("language", [with_toolchain(name) for name in LANGUAGES])
@pytest.mark.parametrize("profile", ["reference", pytest.param("fixed", marks=pytest.mark.full)])
def test_this_machine_reproduces_the_reference_s_verdicts(language: str, profile: str, shared: Path) -> None:
    command = [COMMAND, "verify", "--dataset", str(shared / "humanevalpack"), "--languages", language]
    done = subprocess.run([*command, "--profile", profile, "--json"], capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert [row for row in report["programs"] if row["outcome"] == "different"] == []
    assert done.returncode == 0, done.stderr
    assert len(report["programs"]) == 328
    explained = {(row["index"], row["form"]) for row in report["programs"] if row["outcome"] == "explained"}
    assert explained <= EXPLAINED.get(language, set())
