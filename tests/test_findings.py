"""What makes a run suspicious: every rule with a run that shows it and one near it that does not."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

import humanevalpack as hep
from finding_runs import PROBLEMS, buggy, copies, fence, mixed, passed, right, run, samples, whole
from humanevalpack.diagnosis import RULES
from humanevalpack.languages import LANGUAGES
from humanevalpack.problems import Problem, known_hash
from humanevalpack.prompts import choose_template
from humanevalpack.results import Run

GO, JS, RUST, CPP = (("synthesize", language) for language in ("go", "js", "rust", "cpp"))
DESCRIBE, EXPLAIN = ("explaindescribe", "python"), ("explainsynthesize", "python")
NAME = "NameError: name 'Counter' is not defined"
CODE = "It does this:\nfor x in y:\nreturn x + 1;"
HASHES = {language: known_hash(language) for language in LANGUAGES}


def codes(of: Run) -> list[str]:
    return [finding.code for finding in hep.diagnose(of)]


def each_its_own_name() -> Run:
    return run(
        *(
            samples(
                f"\ndef helper_{at}(x):\n    return x\n",
                range(at, at + 1),
                status="runtime_error",
                reason=f"NameError: name 'helper_{at}' is not defined",
            )
            for at in range(PROBLEMS)
        )
    )


def drawn(times: int, *, temperature: float | None, alike: bool) -> Run:
    found = [replace(row, sample=number) for number in range(times) for row in passed()]
    if not alike:
        found = [replace(row, generation=f"{row.generation}\n# {row.sample}") for row in found]
    return run(found, temperature=temperature)


def published(passing: int) -> Run:
    """OctoCoder has 46.2 % in Python."""
    rows = copies(passed(), passing) + copies(samples(buggy), 164)[passing:]
    return run(rows, model="bigcode/octocoder", dataset_sha256=HASHES, dataset="hub")


def languages(rust: int) -> Run:
    rows = [*copies(passed(), 30), *copies(passed(task=GO), 30)]
    return run(rows, copies(passed(task=RUST), rust) + copies(samples(buggy, task=RUST), 30)[rust:])


def cut(problem: Problem) -> str:
    return "\n# First a comment, then the code.\n" + right(problem)


def imports(problem: Problem) -> str:
    return f"\nfrom collections import Counter\n{whole(problem)}"


def struct(problem: Problem) -> str:
    return "\n    type pair struct {\n        a int\n    }\n" + right(problem)


def long(problem: Problem) -> str:
    """Never closed, and no loop."""
    return "\n" + "".join(f"    x{number} := {number * 7919}\n" for number in range(120))


SHOWS: dict[str, tuple[Callable[[], Run], Callable[[], Run]]] = {
    "sandbox_error": (lambda: mixed(right, 1, status="sandbox_error"), lambda: run(passed())),
    "not_judged": (lambda: mixed(right, 1, status="generated"), lambda: run(samples("A text.", task=DESCRIBE))),
    "prompt_too_long": (lambda: mixed("", 3, status="prompt_too_long"), lambda: mixed("", 2, status="prompt_too_long")),
    "default_template": (
        lambda: run(passed(), prompt="instruct", model="m/x", prompt_reason=choose_template("m/x").reason),
        lambda: run(
            passed(),
            prompt="instruct",
            model="bigcode/starcoder",
            prompt_reason=choose_template("bigcode/starcoder").reason,
        ),
    ),
    "other_template": (
        lambda: run(passed(), prompt="continue", model="bigcode/octocoder"),
        lambda: run(passed(), prompt="octocoder", model="bigcode/octocoder"),
    ),
    "empty_answer": (lambda: mixed("", 3), lambda: mixed("", 2)),
    "refused": (
        lambda: mixed("I cannot help.", 3, extraction="refusal"),
        lambda: mixed("I cannot help.", 2, extraction="refusal"),
    ),
    "chat_tokens": (
        lambda: mixed(lambda p: right(p).rstrip() + "<|im_end|>", 3),
        lambda: mixed(lambda p: right(p).rstrip() + "\n<|im_end|>", 14),  # cut away
    ),
    "fenced_answer": (lambda: mixed(fence, 3), lambda: mixed(lambda p: buggy(p) + "\n```\nThat is it.", 14)),
    "repeated_head": (lambda: mixed(whole, 3), lambda: mixed(lambda p: buggy(p) + "\n" + whole(p), 14)),
    "prose_answer": (
        lambda: mixed(lambda p: f"\nSure, the answer looks like this.\n{right(p)}", 3),
        lambda: mixed(lambda p: f'\n    """Return what the caller wants to have."""{buggy(p)}', 14),
    ),
    "no_code": (lambda: mixed("Hm.", 3, extraction="no_code"), lambda: mixed("Hm.", 2, extraction="no_code")),
    "cut_by_stop_word": (
        lambda: mixed(struct, 5, task=GO),
        lambda: mixed(lambda p: buggy(p) + "\nfunc x() {}", 14, task=GO),
    ),
    "endless_loop": (lambda: mixed("\n    x = 1" * 20, 5), lambda: mixed("\n    x = 1" * 9, 14)),
    "same_answer": (lambda: mixed("\n    return None", 5), lambda: mixed("\n    return None", 4)),
    "cut_by_length": (
        lambda: mixed(long, 5, task=GO, finish="length"),
        lambda: mixed(long, 14, task=GO, finish="stop"),
    ),
    "same_samples": (
        lambda: drawn(2, temperature=0.2, alike=True),
        lambda: drawn(2, temperature=0.2, alike=False),
    ),
    "greedy_samples": (
        lambda: drawn(2, temperature=0, alike=True),
        lambda: drawn(2, temperature=0, alike=False),
    ),
    "empty_description": (
        lambda: run(samples(" ", range(3), task=DESCRIBE), samples("A text.", range(3, 14), task=DESCRIBE)),
        lambda: run(samples(" ", range(2), task=DESCRIBE), samples("A text.", range(2, 14), task=DESCRIBE)),
    ),
    "code_in_description": (
        lambda: mixed(right, 5, task=EXPLAIN, description=CODE),
        lambda: mixed(right, 14, task=EXPLAIN, description="For [1, 2] it is 3.\n>>> f(1) == 2\n{1, 2, 3}\n{4}"),
    ),
    "missing_names": (lambda: mixed(imports, 5, status="runtime_error", reason=NAME), each_its_own_name),
    "over_limits": (lambda: mixed(buggy, 5, status="timeout"), lambda: mixed(buggy, 4, status="timeout")),
    "nothing_kept": (lambda: mixed(cut, 5), lambda: mixed(cut, 4)),
    "does_not_compile": (
        lambda: mixed(buggy, 8, status="compile_error"),
        lambda: mixed(buggy, 6, status="compile_error"),
    ),
    "below_published": (lambda: published(20), lambda: published(40)),
    "below_other_languages": (lambda: languages(0), lambda: languages(6)),
    "no_passes": (lambda: run(samples(buggy, range(10))), lambda: run(samples(buggy, range(9)))),
}


def test_every_rule_is_shown_here() -> None:
    assert {rule.code for rule in RULES} == set(SHOWS)
    assert len(RULES) == len(SHOWS)


@pytest.mark.parametrize("code", SHOWS)
def test_a_rule_is_shown_by_a_run_and_not_by_one_near_it(code: str) -> None:
    shows, does_not = SHOWS[code]
    assert code in codes(shows())
    assert code not in codes(does_not())


@pytest.mark.parametrize("language", LANGUAGES)
def test_right_answers_show_nothing_and_wrong_ones_that_compile_their_score_alone(language: str) -> None:
    tasks = [(scenario, language) for scenario in ("fixtests", "fixdocs", "explainsynthesize", "synthesize")]
    assert codes(run(*(passed(task=task) for task in tasks))) == []
    assert codes(run(*(samples(buggy, task=task) for task in tasks))) == ["no_passes"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_whole_function_is_seen_in_every_language(language: str) -> None:
    (finding, *_) = hep.diagnose(
        run(samples(whole, task=("fixtests", language), status="compile_error", reason="error"))
    )
    assert finding.code == "repeated_head"


def test_a_long_answer_without_an_end_used_up_its_budget_though_nobody_said_so() -> None:
    assert "cut_by_length" in codes(run(samples(long, task=GO), max_new_tokens=1024))
    assert "cut_by_length" not in codes(run(samples(long, task=GO), max_new_tokens=4096))


@pytest.mark.parametrize("language", ["cpp", "java", "js", "go", "rust"])
def test_a_closed_function_behind_which_a_model_goes_on_is_not_cut(language: str) -> None:
    task = ("synthesize", language)
    on = samples(lambda p: f"{buggy(p)}\n// and on and on", task=task, finish="length")
    assert "cut_by_length" not in codes(run(on))


def test_many_equal_samples_are_suspicious_where_no_temperature_is_recorded() -> None:
    assert codes(drawn(5, temperature=None, alike=True)) == ["same_samples"]
    assert codes(drawn(4, temperature=None, alike=True)) == codes(drawn(1, temperature=0, alike=True)) == []


def test_greedy_samples_are_alike_by_nature() -> None:
    assert codes(drawn(5, temperature=0, alike=True)) == ["greedy_samples"]


UNKNOWN = {
    "python": "NameError: name '{}' is not defined",
    "js": "ReferenceError: {} is not defined",
    "java": "error: cannot find symbol\n  symbol:   variable {}",
    "go": "undefined: {}",
    "cpp": "error: ‘{}’ was not declared in this scope",
    "rust": "error[E0425]: cannot find value `{}` in this scope",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["x", "made_up"])
def test_a_name_that_a_model_made_up_was_not_cut_off(language: str, name: str) -> None:
    task, reason = ("synthesize", language), UNKNOWN[language].format(name)
    used = samples(f"\n    x = 1; return {name}", task=task, status="compile_error", reason=reason)
    assert "missing_names" not in codes(run(used))


@pytest.mark.parametrize(
    ("language", "helper"),
    [
        ("python", "def made_up(n):"),
        ("js", "const made_up = (n) => {"),
        ("java", "    private static int made_up(int n) {"),
        ("go", "func made_up(n int) int {"),
        ("cpp", "vector<int> made_up(int n) {"),
        ("rust", "fn made_up(n: i64) -> i64 {"),
    ],
)
def test_a_helper_of_the_answer_that_its_program_lacks_was_cut_off(language: str, helper: str) -> None:
    reason = UNKNOWN[language].format("made_up")
    made = samples(f"\n{helper}", task=("synthesize", language), status="compile_error", reason=reason)
    assert "missing_names" in codes(run(made))


def test_few_samples_of_many_tasks_are_one_finding() -> None:
    tasks = [(scenario, language) for scenario in ("fixtests", "synthesize") for language in LANGUAGES]
    found = hep.diagnose(run(*(samples("", range(2), task=task) for task in tasks)))
    assert [finding.code for finding in found] == ["empty_answer", "no_passes"]
    assert len(found[0].tasks) == len(tasks)
    assert found[0].message == "24 of 24 answers are empty"
    assert len({example.task for example in found[0].examples}) == 3


def test_a_task_that_shows_nothing_is_not_named() -> None:
    (finding,) = hep.diagnose(run(samples("", range(5)), passed(task=GO), passed(range(5, PROBLEMS))))
    assert finding.tasks == ["humanevalsynthesize-python"]
    assert finding.message == "5 of 14 answers are empty"


def test_what_follows_names_its_cause() -> None:
    first, *others = hep.diagnose(run(samples(fence, status="compile_error", reason="SyntaxError: invalid syntax")))
    assert first.code == "fenced_answer"
    assert "prompt=chat" in first.mend
    assert {finding.code: finding.explained_by for finding in others} == dict.fromkeys(
        ("nothing_kept", "does_not_compile", "no_passes"), "fenced_answer"
    )
    assert "14 of these 14 samples" in others[-1].cause


def test_three_examples_that_show_it_with_the_text_and_the_sign() -> None:
    finding = next(f for f in hep.diagnose(mixed(struct, 6, task=GO)) if f.code == "cut_by_stop_word")
    assert [example.sign for example in finding.examples] == ["'struct'"] * 3
    assert [example.task_id for example in finding.examples] == ["Go/0", "Go/1", "Go/2"]
    assert finding.examples[0].excerpt.startswith("    type pair struct {\n")


def test_a_finding_is_plain_json() -> None:
    (finding, *_) = hep.diagnose(mixed("", 5))
    said = json.loads(json.dumps(finding.to_dict()))
    assert said["code"] == "empty_answer"
    assert said["examples"][0]["task_id"] == "Python/0"


def test_a_setting_that_differs_by_task_is_held_against_its_task_alone() -> None:
    both = [*passed(), *passed(task=("fixtests", "python"))]
    found = hep.diagnose(
        run(both, model="bigcode/octocoder", prompt={"synthesize": "continue", "fixtests": "octocoder"})
    )
    assert [(finding.code, list(finding.tasks)) for finding in found] == [
        ("other_template", ["humanevalsynthesize-python"])
    ]
