"""Prompt templates: data files, a user's own ones, and how wrong ones are reported."""

from pathlib import Path

import pytest

import humanevalpack as hep
from humanevalpack.errors import InputError, UsageError
from humanevalpack.prompts import choose_template
from humanevalpack.scenarios import SCENARIOS
from humanevalpack.templates import load_template, template_names

OWN = """\
name: mine
scenarios: [synthesize, fixtests]
template: "### Task: {input|strip}\\n### Code:\\n{base}"
"""


def test_every_template_file_carries_its_own_name_and_a_source() -> None:
    for name in template_names():
        template = load_template(name)
        assert template.name == name
        assert template.since in ("paper", "later")
        assert template.source


def test_a_file_of_ones_own_works_by_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(OWN)
    problem = hep.load_problems("python", "mini")[0]
    prompt = hep.render_prompt(problem, "synthesize", prompt=str(path))
    assert prompt == f"### Task: {problem.instruction.strip()}\n### Code:\n{problem.prompt}".strip()
    assert hep.stop_words("js", prompt=path) == ["<|endoftext|>"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_template_says_which_prompts_support_a_scenario(scenario: str) -> None:
    problem = hep.load_problems("python", "mini")[0]
    description = "It adds." if scenario == "explainsynthesize" else None
    for name in template_names():
        if scenario in load_template(name).scenarios:
            assert hep.render_prompt(problem, scenario, prompt=name, description=description)
        else:
            with pytest.raises(UsageError, match=f"{name!r} does not support scenario {scenario!r}") as error:
                hep.render_prompt(problem, scenario, prompt=name, description=description)
            assert "octocoder" in str(error.value)


@pytest.mark.parametrize("name", ["nosuch", "edit", "Octocoder", ""])
def test_an_unknown_name_lists_the_names(name: str) -> None:
    with pytest.raises(UsageError) as error:
        load_template(name)
    for known in template_names():
        assert known in str(error.value)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(UsageError, match=r"'no/such\.yaml' does not exist"):
        load_template("no/such.yaml")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("name: mine\n", ""), ["'name'", "missing"]),
        (("name: mine", "name: ''"), ["name must be text"]),
        (("name: mine", "name: [1]"), ["name must be text"]),
        (("name: mine", "name: chat"), ["name is 'chat'", "another name"]),
        (("name: mine", "name: auto"), ["name is 'auto'", "another name"]),
        (("[synthesize, fixtests]", "[]"), ["scenarios is empty", "fixtests"]),
        (("name: mine", "name: mine\nstopwords: []"), ["'stopwords'", "not known", "stop_words"]),
        (("[synthesize, fixtests]", "[fix]"), ["'fix'", "fixtests"]),
        (("[synthesize, fixtests]", "fixtests"), ["scenarios must be a list"]),
        (("{base}", "{code}"), ["'code'", "entry_point"]),
        (("name: mine", "name: mine\nanswer: json"), ["answer is 'json'", "hunk"]),
        (("name: mine", "name: mine\ncontext_order: last"), ["context_order is 'last'", "context-first"]),
        (("name: mine", "name: mine\nstop_words: ['x']"), ["stop_words", "mode", "words"]),
        (("name: mine", "name: mine\nstop_words: {mode: drop, words: []}"), ["stop_words.mode is 'drop'", "replace"]),
        (("name: mine", "name: mine\nmodels: octo"), ["models must be a list"]),
        (('template: "', 'template: {synthesise: "x"}\nsource: "'), ["template", "scenario"]),
        (('template: "', 'template: {synthesize: "x"}\nsource: "'), ["no text for fixtests"]),
        (("name: mine", "name: [mine"), ["not a YAML file"]),
        ((OWN, "- a\n"), ["expected the fields", "list"]),
    ],
)
def test_a_wrong_file_is_named_with_field_and_value(change: tuple[str, str], words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(OWN.replace(*change))
    with pytest.raises(InputError) as error:
        load_template(path)
    for word in [str(path), *words]:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("model", "prompt"),
    [
        ("bigcode/octocoder", "octocoder"),
        ("bigcode/octogeex", "octogeex"),
        ("/models/OctoCoder/", "octocoder"),
        ("bigcode/starcoder", "instruct"),
        ("bigscience/bloomz", "instruct"),
        ("HuggingFaceH4/starchat-beta", "starchat"),
        ("HuggingFaceH4/starchat2-15b-v0.1", "starchat2"),
        ("WizardLM/WizardCoder-15B-V1.0", "wizardcoder"),
        ("Salesforce/instructcodet5p-16b", "instructcodet5p"),
        ("codellama/CodeLlama-7b-Instruct-hf", "codellama"),
        ("codellama/CodeLlama-70b-Instruct-hf", "codellama-70b"),
        ("codellama/CodeLlama-7b-hf", "instruct"),
        ("deepseek-ai/deepseek-coder-33b-instruct", "deepseek"),
        ("Qwen/CodeQwen1.5-7B-Chat", "codeqwen"),
        ("google/codegemma-7b-it", "codegemma"),
        ("01-ai/Yi-34B-Chat", "yi"),
        ("allenai/tulu-2-dpo-7b", "tulu"),
        ("gpt2", "instruct"),
        (None, "instruct"),
    ],
)
def test_auto_chooses_by_the_models_name(model: str | None, prompt: str) -> None:
    choice = choose_template(model)
    assert choice.template.name == prompt
    assert choice.reason


def test_the_reason_holds_the_models_whole_name() -> None:
    assert choose_template("hub/qwen:7b").reason == "no template names a model like 'qwen:7b'"


def test_auto_passes_over_a_template_that_cannot_ask() -> None:
    assert choose_template("CarperAI/diff-codegen-2b-v2", "fixtests").template.name == "diff-carper"
    assert choose_template("CarperAI/diff-codegen-2b-v2", "synthesize").template.name == "instruct"
