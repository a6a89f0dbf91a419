"""octopack_train.recipes: files of users, what they extend, settings on top, and what is refused."""

from pathlib import Path

import pytest

from humanevalpack.errors import HumanEvalPackError, InputError, UsageError
from octopack_train.recipes.origins import Leaf, read_tagged
from octopack_train.recipes.reading import FOLDER, Recipe, read_recipe
from octopack_train.recipes.writing import resolved_yaml


def yours(tmp_path: Path, text: str, name: str = "mine") -> str:
    path = tmp_path / f"{name}.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def test_a_file_of_yours_needs_no_tags_and_extends_a_recipe(tmp_path: Path) -> None:
    recipe = read_recipe(yours(tmp_path, "extends: octocoder\noptimizer:\n  learning_rate: 1.0e-4\n"))
    assert recipe.settings.optimizer.learning_rate == 1e-4
    assert recipe.origin("optimizer.learning_rate") == "yours"
    assert recipe.origin("optimizer.weight_decay") == "published"
    assert recipe.name == "mine"


def test_a_file_extends_one_that_lies_beside_it(tmp_path: Path) -> None:
    yours(tmp_path, "extends: tiny-smoke\nworkers: 2\n", "base")
    assert read_recipe(yours(tmp_path, "extends: base.yaml\nloss: all\n")).settings.workers == 2


def test_switching_a_section_off_and_on_again(tmp_path: Path) -> None:
    off = read_recipe("tiny-smoke", ["adapter=false"])
    assert off.settings.adapter is False
    on = yours(tmp_path, "extends: santacoder-linediff\nadapter:\n  rank: 8\n  targets: [c_attn]\n")
    adapter = read_recipe(on).settings.adapter
    assert adapter
    assert (adapter.rank, adapter.targets, adapter.alpha) == (8, ("c_attn",), 32)


def test_values_set_on_top_have_the_type_of_their_setting() -> None:
    recipe = read_recipe(
        "octocoder", ["optimizer.learning_rate=1e-5", "data.path=rows.jsonl", "loggers=[wandb, trackio]"]
    )
    assert recipe.settings.optimizer.learning_rate == 1e-5
    assert recipe.settings.loggers == ("wandb", "trackio")
    assert recipe.origin("data.path") == "yours"


def test_the_last_of_two_settings_holds() -> None:
    assert read_recipe("octocoder", ["adapter.rank=4", "adapter={rank: 8, targets: [c_attn]}"]).leaves[
        "adapter.rank"
    ] == Leaf(8, "yours")


WRONG_SETTINGS = {
    "optimizer.learning_rat=1": r"no setting 'optimizer.learning_rat'; near it: optimizer.learning_rate",
    "learning_rate=1": r"no setting 'learning_rate'; near it: optimizer.learning_rate",
    "optimizer.rank=1": r"no setting 'optimizer.rank'; near it: adapter.rank",
    "adapter={rnk: 8, targets: [c_attn]}": r"no setting 'adapter.rnk'; there are rank.*near it: rank",
    "batch.per_device=two": r"setting 'batch.per_device' is 'two'.*integer",
    "batch.per_device=0": r"setting 'batch.per_device' is 0.*greater than 0",
    "loss=some": r"setting 'loss' is 'some'.*'all' or 'targets'",
    "adapter.rank=-1": r"setting 'adapter.rank' is -1",
    "distributed.kind=zero4": r"'ddp', 'fsdp2', 'zero1', 'zero2' or 'zero3'",
    "adapter=false": r"model.weights: int8 cannot be trained without an adapter \(use bf16",
    "distributed.kind=zero3": r"int8 cannot be shared out by distributed.kind: zero3 \(use ddp, zero1 or zero2",
    "schedule.stop_after_steps=1001": r"schedule: stop_after_steps is 1001: more than schedule_steps, 1000",
    "data.file_name=true": r"data: file_name is for rows of commits, not for form pairs",
    "data.form=diff": r"data: there is no format 'diff'; there are preformatted, given-diff",
    "data.mixture={sources: [{name: a, source: x}]}": r"data: path and mixture are both named",
    "data.instruction_in=targets": r"data: instruction_in is for rows of commits, not for form pairs",
    "loggers=tensorboard": r"setting 'loggers' is 'tensorboard': must be a list, as in \[a, b\]",
    "adapter=true": r"setting 'adapter' is True: must be a section, as in \{name: value\}",
    "adapter={rank: 8, rank: 9}": r"--set adapter=\{rank: 8, rank: 9\}, line 1: 'rank' is there already: name it once",
    "data.language_draw.weights={Rust: -1}": r"'data.language_draw.weights.Rust' is -1.*greater than or equal to 0",
    "data.language_draw.weights={Rust: .inf}": r"'data.language_draw.weights.Rust' is inf.*finite",
    "data.language_draw.tau=200": r"setting 'data.language_draw.tau' is 200.*less than or equal to 10",
    "optimizer.learning_rate=.inf": r"setting 'optimizer.learning_rate' is inf.*finite",
    "octocoder": r"must be KEY=VALUE",
    "loss=[": r"no value that YAML can read",
}


@pytest.mark.parametrize("setting", WRONG_SETTINGS)
def test_a_wrong_setting_is_named_with_what_is_allowed(setting: str) -> None:
    with pytest.raises(HumanEvalPackError, match=WRONG_SETTINGS[setting]):
        read_recipe("octocoder", [setting])


def test_published_loss_and_packing_must_fit_each_other() -> None:
    with pytest.raises(UsageError, match=r"packing: greedy is there for loss: all only"):
        read_recipe("santacoder-linediff", ["loss=targets"])
    with pytest.raises(UsageError, match=r"data.instruction_in: targets is there for loss: targets only"):
        read_recipe("santacoder-rewrite", ["data.instruction_in=targets"])


WRONG_FILES = {
    "unknown origin": ("loss: !guessed all\n", r"mine.yaml, line 1: !guessed is no origin; there are published, card"),
    "unknown key": ("extends: octocoder\noptimiser: {learning_rate: 1}\n", r"no setting 'optimiser'; near it"),
    "unknown key inside": ("extends: octocoder\noptimizer: {lerning_rate: 1}\n", r"near it: optimizer.learning_rate"),
    "missing value": ("loss: all\n", r"setting 'model' is missing"),
    "no such recipe": ("extends: octocode\n", r"no recipe 'octocode': there are octocoder"),
    "circle": ("extends: mine.yaml\n", r"extend each other in a circle"),
    "no mapping": ("- a\n", r"must hold a mapping"),
    "broken": ("a: [", r"mine.yaml, line 1"),
    "key twice": (
        "extends: octocoder\nadapter:\n  rank: 8\n  rank: !ours 9\n",
        r"mine.yaml, line 4: 'rank' is there already",
    ),
    "notes": ("extends: octocoder\nnotes: 3\n", r"'notes' must be a list of sentences"),
}


@pytest.mark.parametrize("case", WRONG_FILES)
def test_a_wrong_file_is_named(case: str, tmp_path: Path) -> None:
    text, said = WRONG_FILES[case]
    with pytest.raises(HumanEvalPackError, match=said):
        _ = read_recipe(yours(tmp_path, text)).settings


@pytest.mark.parametrize(
    ("text", "said"), [("loss: all", "'loss' has no origin"), ("loss: !yours all", "is for your files")]
)
def test_a_shipped_recipe_must_say_origins(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octopack_train.recipes.reading.FOLDER", tmp_path)
    (tmp_path / "new.yaml").write_text(text, "utf-8")
    with pytest.raises(InputError, match=said):
        read_recipe("new")


def test_tags_keep_the_types_of_values(tmp_path: Path) -> None:
    path = tmp_path / "tags.yaml"
    path.write_text(
        "a: !card 1\nb: !ours 5.0e-4\nc: !ours '1'\nd: !ours null\ne: !ours [x, 2]\nf: !ours {g: true}\n", "utf-8"
    )
    values = {key: leaf.value for key, leaf in read_tagged(path).items()}
    assert values == {"a": 1, "b": 5e-4, "c": "1", "d": None, "e": ["x", 2], "f": {"g": True}}
    assert [type(value) for value in values.values()] == [int, float, str, type(None), list, dict]


def test_a_shipped_recipe_named_by_its_path_is_the_same() -> None:
    by_path: Recipe = read_recipe(str(FOLDER / "octocoder.yaml"))
    assert by_path == read_recipe("octocoder")


def test_a_recipe_knows_what_it_extends_also_written_out(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("extends: octocoder-targets-only\n")
    (tmp_path / "later.yaml").write_text("extends: mine.yaml\n")
    lineage = ("later.yaml", "mine.yaml", "octocoder-targets-only", "octocoder")
    later = read_recipe(str(tmp_path / "later.yaml"), ["adapter.rank=8"])
    assert later.lineage == lineage
    (tmp_path / "config.yaml").write_text(resolved_yaml(later))
    assert read_recipe(str(tmp_path / "config.yaml")).lineage == lineage


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lineage: octocoder\n", "'lineage' must be a list of recipes' names, not 'octocoder'"),
        ("extends: octocoder\nlineage: [octogeex]\n", "has 'extends' and 'lineage'.*take 'lineage' away"),
    ],
)
def test_a_lineage_that_says_nothing(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_recipe(str(tmp_path / "mine.yaml"))


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        (["adapter=false", "model.weights=fp16"], True),
        (["adapter=false", "model.weights=bf16"], True),
        (["adapter=false", "model.weights=fp32"], False),
        (["model.weights=fp16"], False),
        (["model.weights=fp16", "adapter.bias=all"], True),
        (["adapter=false", "model.weights=fp16", "distributed.kind=zero2"], False),
    ],
)
def test_fp16_trains_no_weights_of_half_precision(changes: list[str], refused: bool) -> None:
    own = ["precision=fp16", *changes]
    if not refused:
        assert read_recipe("tiny-smoke", own).settings.precision == "fp16"
        return
    with pytest.raises(
        UsageError, match=r"not held in fp32 \(use model\.weights: fp32, precision: bf16, or an adapter"
    ):
        read_recipe("tiny-smoke", own)
