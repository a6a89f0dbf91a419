"""Model presets: the table of the release's launch scripts, what they set, and how to see them."""

import json
from typing import Any

import pytest

from humanevalpack import load_template, model_presets
from humanevalpack.commands import main
from humanevalpack.errors import UsageError
from humanevalpack.lm_eval_plugin.options import read_options
from humanevalpack.presets import load_preset
from humanevalpack.templates import PROMPT_CHAT

# name, prompt, samples for fixtests and explainsynthesize, batch size, total length, precision
TABLE = [
    ("octocoder", "octocoder", 20, 20, 5, 2048, "bfloat16"),
    ("octogeex", "octogeex", 20, 20, 5, 2048, "bfloat16"),
    ("starcoder", "instruct", 20, 20, 5, 1800, "bfloat16"),
    ("wizardcoder", "wizardcoder", 20, 20, 5, 2048, "bfloat16"),
    ("starchat-beta", "starchat", 20, 20, 5, 2048, "bfloat16"),
    ("bloomz", "instruct", 20, 20, 2, 2048, "bfloat16"),
    ("codegeex2", "continue", 20, 20, 5, 2048, "bfloat16"),
    ("instructcodet5p", "instructcodet5p", 20, 1, 5, 2048, "float16"),
    ("diff-codegen-2b", "diff-carper", 20, 20, 20, 1024, "float16"),
    ("gpt-4", "chat", None, None, None, None, None),
]


def test_every_model_of_the_release_has_its_row() -> None:
    found = [
        (
            preset.name,
            preset.prompt,
            preset.n_samples.get("fixtests"),
            preset.n_samples.get("explainsynthesize"),
            preset.batch_size,
            preset.total_length,
            preset.dtype,
        )
        for preset in model_presets().values()
    ]
    assert found == TABLE


def test_a_preset_s_prompt_can_ask_for_its_scenarios() -> None:
    for preset in model_presets().values():
        assert preset.prompt == PROMPT_CHAT or set(preset.scenarios) <= set(load_template(preset.prompt).scenarios)


@pytest.mark.parametrize(
    ("name", "scenario", "values"),
    [
        ("starcoder", "fixtests", {"prompt": "instruct", "n_samples": 20, "total_length": 1800, "temperature": 0.2}),
        ("instructcodet5p", "synthesize", {"n_samples": 1, "top_p": 0.95, "top_k": 0}),
        ("instructcodet5p", "fixdocs", {"n_samples": 20}),
        ("gpt-4", "synthesize", {"prompt": "chat", "chat_prefill": "none", "n_samples": 1, "max_new_tokens": 1024}),
    ],
)
def test_the_tasks_take_a_preset_s_values(name: str, scenario: str, values: dict[str, Any]) -> None:
    options = read_options({"preset": name}, {}, {}, scenario=scenario)
    assert {key: getattr(options, key) for key in values} == values


def test_what_the_user_gives_is_stronger_than_a_preset() -> None:
    given = {"preset": "octocoder", "n_samples": 5, "prompt": "instruct", "max_new_tokens": 512}
    options = read_options(given, {}, {"HUMANEVALPACK_TOP_P": "0.5"}, scenario="fixtests")
    assert (options.n_samples, options.prompt, options.temperature, options.top_p) == (5, "instruct", 0.2, 0.5)
    assert (options.max_new_tokens, options.total_length) == (512, None)


def test_an_unknown_preset_lists_the_names() -> None:
    with pytest.raises(UsageError, match="octopack-paper, octocoder, octogeex"):
        read_options({"preset": "octo"}, {}, {})
    with pytest.raises(UsageError, match="'octo' is not known; use one of octocoder"):
        load_preset("octo")


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        main(["presets", *arguments])
    assert end.value.code == 0
    return capsys.readouterr().out


def test_the_command_lists_and_shows_them(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(printed(capsys, "list", "--json"))
    assert [row["name"] for row in rows] == list(model_presets())
    assert "bigcode/octocoder" in printed(capsys, "list")
    shown = printed(capsys, "show", "diff-codegen-2b")
    assert "total_length: 1024" in shown
    assert "humanevalpack run --preset diff-codegen-2b " in shown
