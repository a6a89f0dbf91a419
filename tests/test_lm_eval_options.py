"""Options of the lm_eval tasks: where they come from, what is refused and how; the documentation has them all."""

import re
from pathlib import Path
from typing import Any

import pytest

from humanevalpack.errors import UsageError
from humanevalpack.lm_eval_plugin.options import OPTIONS, PRESETS, Options, read_options


def read(
    metadata: dict[str, Any], task_file: dict[str, Any] | None = None, environment: dict[str, str] | None = None
) -> Options:
    return read_options(metadata, task_file, environment or {})


def test_the_defaults_are_one_greedy_sample_of_1024_tokens_with_the_reference_profile() -> None:
    options = read({})
    assert (options.dataset, options.prompt, options.profile) == ("hub", "auto", "reference")
    assert (options.n_samples, options.temperature, options.max_new_tokens) == (1, 0.0, 1024)
    assert options.total_length is None


def test_metadata_wins_over_the_task_file_that_over_the_environment_and_that_over_the_preset() -> None:
    environment = {"HUMANEVALPACK_N_SAMPLES": "3", "HUMANEVALPACK_TEMPERATURE": "0.3", "HUMANEVALPACK_TOP_P": "0.3"}
    options = read({"n_samples": 1, "preset": "octopack-paper"}, {"n_samples": 2, "temperature": 0.2}, environment)
    assert (options.n_samples, options.temperature, options.top_p, options.total_length) == (1, 0.2, 0.3, 2048)


def test_the_paper_s_preset_sets_what_the_paper_reports() -> None:
    options = read({"preset": "octopack-paper"})
    assert (options.n_samples, options.temperature, options.top_p) == (20, 0.2, 0.95)
    assert (options.top_k, options.total_length) == (0, 2048)
    assert options.scored_ks(options.n_samples) == (1, 10)


def test_a_budget_of_the_user_s_own_replaces_the_preset_s_total_length() -> None:
    options = read({"preset": "octopack-paper", "max_new_tokens": 512})
    assert (options.max_new_tokens, options.total_length) == (512, None)


@pytest.mark.parametrize(("n_samples", "ks"), [(1, (1,)), (10, (1, 10)), (99, (1, 10)), (100, (1, 10, 100))])
def test_k_is_1_and_each_of_10_and_100_that_the_samples_allow(n_samples: int, ks: tuple[int, ...]) -> None:
    assert read({"n_samples": n_samples}).scored_ks(n_samples) == ks


@pytest.mark.parametrize("value", ["1,5", [5, 1], (1, 5, 5), "[1, 5]"])
def test_k_is_a_list_in_any_spelling(value: object) -> None:
    assert read({"k": value, "n_samples": 5}).k == (1, 5)


def test_values_from_the_environment_are_text_and_read_as_their_type() -> None:
    environment = {"HUMANEVALPACK_CONFIRM_RUN_UNSAFE_CODE": "true", "HUMANEVALPACK_TIME_LIMIT": "2.5"}
    options = read({}, environment=environment)
    assert options.confirm_run_unsafe_code is True
    assert options.time_limit == 2.5


@pytest.mark.parametrize(
    "key", ["pretrained", "dtype", "revision", "max_length", "max_gen_toks", "base_url", "tokenizer"]
)
def test_the_model_s_arguments_which_lm_eval_merges_in_are_left_alone(key: str) -> None:
    assert read({key: "whatever"}) == read({})


WRONG: dict[str, list[Any]] = {
    "dataset": ["", True, 1.5],
    "dataset_revision": ["", []],
    "prompt": ["", []],
    "chat_prefill": ["some", "", True],
    "preset": ["paper", ""],
    "n_samples": [0, -1, 1.5, "many", True],
    "k": [0, [], "1,x", [1.5], ""],
    "temperature": [-0.1, "hot", float("nan"), float("inf"), True],
    "top_p": [0, 1.1, "x"],
    "top_k": [-1, 0.5, "x"],
    "max_new_tokens": [0, -1, "x", 1.5],
    "total_length": [1, 0, "x"],
    "profile": ["best", ""],
    "sandbox": ["none", ""],
    "workers": [0, "all", 1.5],
    "time_limit": [0, -1, "long"],
    "missing_toolchains": ["ignore", ""],
    "confirm_run_unsafe_code": ["perhaps", 2],
    "descriptions": ["no/such/file", ""],
    "generations": ["no/such/file", ""],
    "run_folder": ["", [], __file__, f"{__file__}/below"],
    "price_in": [-1, "cheap", True],
    "price_out": [-0.1, ""],
    "max_cost": [-1, "much", []],
    "max_tokens_total": [0, 1.5, "many"],
}


def test_every_option_has_wrong_values_here() -> None:
    assert set(WRONG) == set(OPTIONS)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_value_is_refused_with_its_name_its_value_where_it_stands_and_what_works(name: str, value: Any) -> None:
    with pytest.raises(UsageError) as refused:
        read({name: value})
    message = str(refused.value)
    assert message.startswith(f"option {name} is {value!r} (from --metadata): ")
    assert re.search("must|no such", message)
    assert refused.value.exit_code == 2


def test_a_wrong_value_names_the_source_that_it_came_from() -> None:
    with pytest.raises(UsageError, match="from the task file"):
        read({}, {"n_samples": 0})
    with pytest.raises(UsageError, match="from the environment"):
        read({}, environment={"HUMANEVALPACK_N_SAMPLES": "0"})


@pytest.mark.parametrize(
    ("slip", "meant"), [("n_sample", "n_samples"), ("temperatur", "temperature"), ("prompts", "prompt")]
)
def test_a_slip_in_an_option_s_name_is_an_error_that_names_the_option(slip: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"{slip!r}.*did you mean {meant}"):
        read({slip: 1})


def test_an_unknown_option_in_a_task_file_is_an_error_that_lists_the_options() -> None:
    with pytest.raises(UsageError, match=r"'samples' in the task file.*n_samples"):
        read({}, {"samples": 2})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 5, "n_samples": 4}, "n_samples=5 or more"),
        ({"max_cost": 5, "price_in": 1}, "max_cost needs price_in and price_out"),
        ({"max_new_tokens": 100, "total_length": 200}, "give one of them"),
        ({"dataset": "mini", "dataset_revision": "main"}, "needs dataset=hub"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(options)


def test_the_table_in_the_documentation_has_every_option_with_its_default(project: Path) -> None:
    text = (project / "docs" / "lm_eval.md").read_text("utf-8").partition("| option | default |")[2]
    table = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", text, re.MULTILINE)
    assert dict(table) == {name: shown(getattr(Options(), name)) for name in OPTIONS}


def shown(default: object) -> str:
    """A default as the documentation writes it."""
    if isinstance(default, bool):
        return "true" if default else "false"
    if default is None:
        return "none"
    if isinstance(default, tuple):
        return "1, 10, 100"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def test_the_documentation_names_every_preset(project: Path) -> None:
    text = (project / "docs" / "lm_eval.md").read_text("utf-8")
    assert all(f"`{preset}`" in text for preset in PRESETS)
