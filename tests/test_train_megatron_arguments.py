"""octopack-train megatron args: the exact lists, what a dialect cannot say, and where every flag comes from."""

import argparse
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

from humanevalpack.errors import UsageError
from octopack_data.settings import read_yaml
from octopack_train.commands import app
from octopack_train.config.megatron import MegatronSettings
from octopack_train.megatron.arguments import argument_values, megatron_arguments, written
from octopack_train.megatron.dialects import DIALECTS, Dialect, DialectName, read_dialect
from octopack_train.megatron.tracker import Begin
from octopack_train.recipes.fields import dotted_names
from octopack_train.recipes.reading import read_recipe, recipe_names

GOLDEN = sorted((Path(__file__).parent / "megatron_arguments").glob("*.txt"))
"""Written by hand: the published scripts, and for core-0.16 the names of the same settings there."""
PARSERS: dict[str, dict[str, dict[str, Any]]] = read_yaml(Path(__file__).parent / "megatron_parsers.yaml")
BEGINS: tuple[Begin, ...] = get_args(Begin)
RECIPES = [name for name in recipe_names() if read_recipe(name).trainer == "megatron"]


def listed(name: str, dialect: DialectName, begin: Begin = "first", settings: tuple[str, ...] = ()) -> list[str]:
    found = megatron_arguments(read_recipe(name, settings), read_dialect(dialect), begin)
    return [" ".join(flag) for flag in found]


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_the_list_of_a_recipe(path: Path) -> None:
    recipe, _, dialect = path.stem.partition(".")
    begin = "scratch" if recipe == "santacoderpack" else "first"
    done = CliRunner().invoke(app, ["megatron", "args", recipe, "--dialect", dialect, "--begin", begin])
    assert done.output == path.read_text("utf-8")


def test_every_recipe_has_its_list() -> None:
    assert {path.stem.partition(".")[0] for path in GOLDEN} == set(RECIPES)
    assert len(RECIPES) == 9


def test_a_run_that_goes_on_has_no_switches_of_the_first() -> None:
    switches = {"--reset-progress", "--no-load-rng", "--no-load-optim", "--finetune"}
    first, resume = (set(listed("santacoder-mtf-ql", "bigcode-2023", begin)) for begin in ("first", "resume"))
    assert (first - resume, resume - first) == (switches, set())
    first, resume = (set(listed("santacoderpack", "core-0.16", begin)) for begin in ("first", "resume"))
    assert first - resume == switches - {"--reset-progress"}


ON_TOP = {
    "optimizer.beta1=0.8": "--adam-beta1 0.8",
    "optimizer.epsilon=1e-6": "--adam-eps 0.000001",
    "schedule.final_learning_rate=2e-5": "--min-lr 0.00002",
    "seed=1": "--seed 1",
    "data.split=98,2,0": "--split 98,2,0",
    "parallel.distributed_optimizer=true": "--use-distributed-optimizer",
    "precision=fp16": "--fp16",
    "tracking={wandb_project: p, wandb_entity: e}": "--wandb-project",
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("setting", ON_TOP)
def test_a_setting_that_differs_from_the_parser_s_own_is_written(setting: str, dialect: DialectName) -> None:
    wanted = ON_TOP[setting]
    assert not any(line.startswith(wanted) for line in listed("santacoderpack", dialect))
    assert any(line.startswith(wanted) for line in listed("santacoderpack", dialect, settings=(setting,)))


def parser_of(dialect: DialectName) -> argparse.ArgumentParser:
    """The dialect's own parser, as far as its facts are in megatron_parsers.yaml."""
    parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    types = {"int": int, "float": float, "str": str}
    for flag, facts in PARSERS[dialect].items():
        if facts.get("switch"):
            parser.add_argument(flag, action="store_true")
        else:
            parser.add_argument(flag, **facts | {"type": types[facts["type"]]})
    return parser


def said(dialect: DialectName) -> list[str]:
    """The recipes that a dialect can say."""
    return [path.stem.partition(".")[0] for path in GOLDEN if path.stem.partition(".")[2] == dialect]


KINDS = ("schedule.kind=linear", "schedule.kind=constant", "precision=fp32", "model.query_groups=16")
"""Settings whose words stand in choices, or that take a flag away."""


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_dialect_s_parser_takes_every_list_and_reads_the_recipe_s_values(dialect: DialectName) -> None:
    flags = {flag.flag: flag.value for flag in read_dialect(dialect).flags if flag.value is not None}
    settings = [("santacoderpack", (setting,)) for setting in (*ON_TOP, *KINDS)]
    for name, changed in [(name, ()) for name in said(dialect)] + settings:
        recipe = read_recipe(name, changed)
        values = argument_values(recipe)
        for begin in BEGINS:
            words = [word for flag in megatron_arguments(recipe, read_dialect(dialect), begin) for word in flag]
            found = parser_of(dialect).parse_args(words)
            read = {flag: getattr(found, flag.strip("-").replace("-", "_")) for flag in flags if flag in words}
            assert read == {flag: values[flags[flag]] for flag in read}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_flag_is_left_out_for_the_value_that_the_parser_has_by_itself(dialect: DialectName) -> None:
    ours = {flag.flag: flag.default for flag in read_dialect(dialect).flags if flag.default is not None}
    assert ours == {flag: PARSERS[dialect][flag]["default"] for flag in ours}


def test_several_heads_of_keys() -> None:
    eight, own = ("model.query_groups=8",), ("model.query_groups=16",)
    assert "--num-query-groups 8" in listed("santacoderpack", "core-0.16", settings=eight)
    assert "--group-query-attention" not in listed("santacoderpack", "core-0.16", settings=own)
    assert "--attention-head-type multihead" in listed("santacoderpack", "bigcode-2023", settings=own)


CANNOT: dict[tuple[DialectName, str, str], str] = {
    ("bigcode-2023", "santacoderpack", "model.query_groups=8"): "attention is multihead or multiquery",
    ("bigcode-2023", "santacoderpack", "tracking.wandb_project=p"): "wandb_project and tracking.wandb_entity, or none",
    ("bigcode-2023", "santacoderpack", "data.fim_rate=0.5"): "needs a tokenizer with those tokens",
    ("core-0.16", "santacoderpack", "data.fim_rate=0.5"): "fill-in-the-middle has other arguments there",
    ("core-0.16", "santacoderpack", "data.fim_tokenizer=true"): "leave data.fim_tokenizer false",
    ("core-0.16", "santacoderpack", "data.valid_workers=0"): "data.valid_workers 2",
    ("core-0.16", "santacoderpack", "tracking.structured_logs=true"): "no structured logs",
    ("core-0.16", "santacoderpack", "tracking.wandb_entity=e"): "starts Weights & Biases for a project alone",
    ("core-0.16", "santacoder-mtf-base", "seed=1"): "no loss in which every target counts equally; .*no path files",
    ("core-0.16", "santacoder-mtf-longlrinput", "seed=1"): "no loss in which every target counts equally",
    ("core-0.16", "starcoderbase-megatron", "normalized_loss=false"): "no loss on the targets of pairs alone",
    ("core-0.16", "santacoder-mtf-ql", "seed=1"): "does not pack pairs of inputs and targets, and has no path files",
}


@pytest.mark.parametrize("case", CANNOT, ids=lambda case: " ".join(case))
def test_what_a_dialect_cannot_say_is_refused(case: tuple[DialectName, str, str]) -> None:
    dialect, recipe, setting = case
    with pytest.raises(UsageError, match=f"{dialect} cannot say what recipe {recipe} asks for: .*{CANNOT[case]}"):
        listed(recipe, dialect, settings=(setting,))


def _conditions(dialect: Dialect) -> list[Mapping[str, Any]]:
    return [*(flag.when for flag in dialect.flags), *(one.when for one in dialect.cannot_say)]


@pytest.mark.parametrize("name", DIALECTS)
def test_no_setting_is_lost(name: DialectName) -> None:
    dialect = read_dialect(name)
    named = {flag.value for flag in dialect.flags} | set(dialect.elsewhere)
    named |= {key for when in _conditions(dialect) for key in when}
    named |= {part.split("}")[0] for flag in dialect.flags for part in (flag.text or "").split("{")[1:]}
    assert [key for key in dotted_names(MegatronSettings) if key not in named] == []


@pytest.mark.parametrize("name", DIALECTS)
def test_every_name_in_a_dialect_is_one_of_a_recipe(name: DialectName) -> None:
    dialect, values = read_dialect(name), argument_values(read_recipe("santacoderpack"))
    named = {flag.value for flag in dialect.flags if flag.value} | set(dialect.elsewhere)
    named |= {key for when in _conditions(dialect) for key in when}
    assert named <= {*values, "begin"}


@pytest.mark.parametrize("name", DIALECTS)
def test_every_flag_has_its_source(name: DialectName) -> None:
    dialect = read_dialect(name)
    assert [flag.flag for flag in dialect.flags if flag.source.partition(".")[0] not in dialect.sources] == []


def test_flags_that_are_fields_of_megatron_core_are_there_and_named_so() -> None:
    from megatron.core.transformer.transformer_config import TransformerConfig

    fields = {field.name for field in dataclasses.fields(TransformerConfig)}
    flags = {flag.flag: flag.source for flag in read_dialect("core-0.16").flags}
    ours = {name: source.split(".")[1] for name, source in flags.items() if source.startswith("TransformerConfig.")}
    assert len(ours) > 10
    assert {name: field for name, field in ours.items() if field not in fields} == {}
    # The parser makes a flag of a field by putting hyphens in place of underscores.
    made = {name: source.split(".")[1] for name, source in flags.items() if "." in source}
    assert {name for name, field in made.items() if name != "--" + field.replace("_", "-")} == set()


@pytest.mark.parametrize(("value", "text"), [(5e-5, "0.00005"), (1.0, "1.0"), (8192, "8192"), (1e-8, "0.00000001")])
def test_numbers_have_no_exponent(value: float, text: str) -> None:
    assert written(value) == text


def test_a_recipe_of_another_trainer() -> None:
    with pytest.raises(UsageError, match="recipe octocoder is none for Megatron-LM: octopack-train sft"):
        listed("octocoder", "core-0.16")
    with pytest.raises(UsageError, match="recipe santacoderpack is one for Megatron-LM: octopack-train megatron args"):
        _ = read_recipe("santacoderpack").settings
