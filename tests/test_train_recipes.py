"""octopack_train.recipes: every value with its origin, written and read back."""

from pathlib import Path

import pytest

from humanevalpack.errors import UsageError
from octopack_data.settings import Settings
from octopack_train.config.megatron import MegatronSettings
from octopack_train.config.model import LoraSettings
from octopack_train.config.training import TrainingSettings
from octopack_train.recipes.fields import dotted_names
from octopack_train.recipes.origins import SHIPPED
from octopack_train.recipes.reading import read_recipe, recipe_names
from octopack_train.recipes.writing import all_values, differences, resolved_yaml

NAMES = recipe_names()
# How a run is watched and kept may be left to the package's defaults.
NOT_LEARNED = ("cadence.", "loggers", "evaluation.", "workers", "output", "distributed.")
SECOND = ("model.", "adapter.", "data.", "sequence.")
"""Sections of which a recipe names the first words only; the others' fields are off or follow from them."""
FIRST: tuple[str, ...] = (
    "model.base",
    "model.architecture",
    "model.weights",
    "data.path",
    "data.form",
    "data.text",
    "data.boundary",
)
FIRST += ("sequence.length", "sequence.packing", "sequence.end_marker")


def test_the_recipes_of_fine_tuning_ship() -> None:
    wanted = "octocoder octocoder-targets-only octogeex santacoder-linediff santacoder-rewrite tiny-smoke".split()
    assert set(wanted) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_value_of_a_shipped_recipe_has_an_origin(name: str) -> None:
    recipe = read_recipe(name)
    assert {leaf.origin for leaf in recipe.leaves.values()} <= set(SHIPPED)
    assert recipe.about


@pytest.mark.parametrize("name", [name for name in NAMES if read_recipe(name).trainer == "trl"])
def test_a_recipe_names_every_value_that_changes_what_is_learned(name: str) -> None:
    recipe = read_recipe(name)
    wanted = [key for key in dotted_names(TrainingSettings) if not key.startswith((*NOT_LEARNED, *SECOND))] + list(
        FIRST
    )
    wanted += [f"adapter.{key}" for key in LoraSettings.model_fields] if recipe.settings.adapter else ["adapter"]
    assert [key for key in wanted if key not in recipe.leaves] == []


@pytest.mark.parametrize("name", [name for name in NAMES if read_recipe(name).trainer == "megatron"])
def test_a_recipe_for_megatron_names_every_value(name: str) -> None:
    recipe = read_recipe(name)
    other_form = ("data.train_paths", "data.valid_paths") if recipe.megatron.data.form == "text" else ()
    assert [key for key in dotted_names(MegatronSettings) if key not in {*recipe.leaves, *other_form}] == []


OCTOCODER = {
    "model.base": ("bigcode/starcoder", "published"),
    "model.weights": ("int8", "published"),
    "adapter.rank": (16, "default"),
    "adapter.alpha": (32, "default"),
    "adapter.dropout": (0.05, "default"),
    "adapter.targets": (["c_proj", "c_attn", "q_attn"], "published"),
    "data.source_rows": ({"commitpackft": None, "oasst": None}, "unverified"),
    "optimizer.learning_rate": (5e-4, "published"),
    "optimizer.weight_decay": (0.05, "published"),
    "schedule.kind": ("cosine", "published"),
    "schedule.warmup_steps": (5, "published"),
    "schedule.schedule_steps": (1000, "published"),
    "schedule.stop_after_steps": (30, "card"),
    "sequence.length": (2048, "published"),
    "sequence.packing": ("constant_length", "published"),
    "loss": ("all", "published"),
    "batch.devices": (8, "card"),
    "cadence.save": (5, "published"),
    "seeds.data": (0, "published"),
    "seeds.training": (42, "default"),
}


@pytest.mark.parametrize("key", OCTOCODER)
def test_octocoder_s_values(key: str) -> None:
    leaf = read_recipe("octocoder").leaves[key]
    assert (leaf.value, leaf.origin) == OCTOCODER[key]


def test_octocoder_s_steps_have_32_rows() -> None:
    assert read_recipe("octocoder").settings.batch.rows == 32


def test_octogeex_has_its_own_steps_and_batch_and_says_what_is_not_known() -> None:
    recipe = read_recipe("octogeex")
    settings = recipe.settings
    assert (settings.batch.rows, settings.schedule.steps, settings.sequence.length) == (48, 50, 8192)
    assert settings.optimizer.learning_rate == 5e-5
    unknown = ("schedule.warmup_steps", "schedule.kind", "optimizer.weight_decay", "adapter.rank")
    assert {recipe.origin(key) for key in unknown} == {"unverified"}
    assert any("--set model.base" in note for note in recipe.notes)


def test_santacoder_trains_all_weights_on_numbered_line_diffs_with_file_names() -> None:
    settings = read_recipe("santacoder-linediff").settings
    assert settings.adapter is False
    assert (settings.data.form, settings.data.file_name, settings.loss) == ("line-diff-numbered", True, "all")
    assert (settings.schedule.kind, settings.schedule.warmup) == ("linear", "logarithmic")
    assert (settings.sequence.length, settings.batch.per_device, settings.batch.accumulation) == (2000, 2, 4)
    assert read_recipe("santacoder-linediff").origin("batch.devices") == "unverified"


def test_a_recipe_that_extends_another_differs_in_what_it_names() -> None:
    assert differences(read_recipe("octocoder"), read_recipe("octocoder-targets-only")) == {
        "loss": ("all (published)", "targets (published)")
    }
    found = differences(read_recipe("santacoder-linediff"), read_recipe("santacoder-rewrite"))
    assert list(found) == ["data.form"]


@pytest.mark.parametrize("meanings", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_read_back_equal(name: str, meanings: bool, tmp_path: Path) -> None:
    recipe = read_recipe(name, ["seed=7" if read_recipe(name).trainer == "megatron" else "seeds.data=7"])
    path = tmp_path / "config.yaml"
    path.write_text(resolved_yaml(recipe, meanings), "utf-8")
    again = read_recipe(str(path))
    assert again.checked == recipe.checked
    assert (again.about, again.notes) == (recipe.about, recipe.notes)
    assert {key: again.origin(key) for key in all_values(again)} == {
        key: recipe.origin(key) for key in all_values(recipe)
    }


def test_a_mixture_is_written_and_read_back_equal(tmp_path: Path) -> None:
    commits = "{name: commitpackft, source: a.jsonl, form: instruction, weight: 0.7}"
    sources = f"data.mixture={{sources: [{commits}, {{name: oasst, source: b.jsonl, weight: 0.3}}]}}"
    recipe = read_recipe("octocoder", ["data.path=null", sources, "data.language_draw.weights={python: 2, go: 1}"])
    path = tmp_path / "config.yaml"
    path.write_text(resolved_yaml(recipe), "utf-8")
    assert read_recipe(str(path)).settings == recipe.settings
    assert recipe.origin("data.mixture.sources") == "yours"
    assert recipe.origin("data.mixture.shortage") == "ours"


WRONG_MIXTURES = {
    "data.form=rewrite": r"data: form is said by each source of a mixture",
    "data.mixture.columns=text": r"mixture.columns is text: a run reads prompt-completion",
    "data.mixture.text=question-answer": r"leave one of them raw",
    "data.mixture.sources=[{name: a, source: x, form: diff}]": r"source a: there is no format 'diff'",
    "data.mixture.sources=[{name: a, path: x}]": r"mixture.sources.0.path",
}


@pytest.mark.parametrize("setting", WRONG_MIXTURES)
def test_a_mixture_that_a_run_cannot_read_is_refused(setting: str) -> None:
    mixture = "data.mixture={sources: [{name: a, source: x}]}"
    with pytest.raises(UsageError, match=WRONG_MIXTURES[setting]):
        read_recipe("octocoder", ["data.path=null", mixture, setting])


def test_every_setting_has_its_meaning() -> None:
    def unsaid(kind: type[Settings]) -> list[str]:
        return [f"{kind.__name__}.{name}" for name, field in kind.model_fields.items() if not field.description]

    sections = [kind for kind in Settings.__subclasses__() if kind.__module__.startswith("octopack_train.")]
    assert len(sections) > 10
    assert [name for kind in sections for name in unsaid(kind)] == []
