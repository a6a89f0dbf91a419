"""Converted models say what real megatron-core says, one rank, two ranks of a layer, two stages, both ways."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import megatron_rank
from adapter_models import save_base
from checkpoint_files import Tensors, arguments, big_code_noisy, noisy, write_rank
from megatron_core import QUIET, causal_mask, gpt_model, ranks, run_ranks
from megatron_rank import LAYERS, POSITIONS, VOCABULARY, logits, tiny, tokens
from octopack_train.logits import load_model
from octopack_train.megatron.checkpoints.finding import open_checkpoint
from octopack_train.megatron.checkpoints.from_hf import FromHf, from_hf
from octopack_train.megatron.checkpoints.names import names_of
from octopack_train.megatron.checkpoints.source import merged
from octopack_train.megatron.checkpoints.to_hf import ToHf, to_hf
from octopack_train.torch_files import load_values

pytestmark = QUIET
FILE = "model_optim_rng.pt"
ALLOWED = 1e-6
"""By the largest logit: two programs add up in other orders."""


@pytest.fixture(scope="module", autouse=True)
def one_rank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with ranks(tmp_path_factory.mktemp("one")):
        yield


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_base(tmp_path_factory.mktemp("base") / "model", big_code_noisy(LAYERS))


@pytest.fixture(scope="module")
def two_ranks(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which two ranks of megatron-core have written what they hold and say."""
    folder = tmp_path_factory.mktemp("two")
    from_hf(base, folder / "converted", FromHf(2))
    run_ranks(Path(megatron_rank.__file__), 2, folder / "ranks", [str(folder / "converted")])
    return folder / "ranks"


def hf_logits(folder: Path) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = load_model(folder, "fp32")(tokens()).logits
    return found


def apart(first: torch.Tensor, second: torch.Tensor) -> float:
    """The largest difference, by the largest logit."""
    return float((first - second).abs().max() / first.abs().max())


@pytest.mark.parametrize("fused", [True, False])
def test_a_model_of_megatron_core_says_the_same(fused: bool, tmp_path: Path) -> None:
    model = noisy(gpt_model(tiny()))
    if not fused:
        for layer in model.decoder.layers:
            layer.mlp.activation_func = torch.nn.functional.gelu
    saved = arguments(num_layers=LAYERS, bias_gelu_fusion=fused)
    write_rank(tmp_path / "iter_0000005", "mp_rank_00", model.state_dict(), saved)
    (tmp_path / "latest_checkpointed_iteration.txt").write_text("5")
    assert to_hf(tmp_path, tmp_path / "model", ToHf()).spelling == "core-local"
    assert apart(logits(model), hf_logits(tmp_path / "model")) < ALLOWED


def test_a_model_of_transformers_says_the_same(base: Path, tmp_path: Path) -> None:
    from_hf(base, tmp_path / "megatron", FromHf())
    model = gpt_model(tiny())
    model.load_state_dict(load_values(tmp_path / "megatron/release/mp_rank_00" / FILE)["model"], strict=True)
    assert apart(hf_logits(base), logits(model)) < ALLOWED


def test_two_ranks_of_megatron_core_say_the_same_merged(two_ranks: Path, tmp_path: Path) -> None:
    to_hf(two_ranks / "groups1", tmp_path / "model", ToHf())
    said = torch.cat([torch.load(two_ranks / f"logits1_{rank}.pt") for rank in range(2)], -1)
    assert apart(said, hf_logits(tmp_path / "model")) < ALLOWED


def test_two_query_groups_are_merged_and_have_no_place_in_gpt_bigcode(two_ranks: Path, tmp_path: Path) -> None:
    source = open_checkpoint(two_ranks / "groups2")
    parts = [part for entry in names_of("core-local", LAYERS).entries for part in entry.parts]
    model = gpt_model(tiny(groups=2))
    model.load_state_dict({part.name: merged(source, part) for part in parts}, strict=True)
    said = torch.cat([torch.load(two_ranks / f"logits2_{rank}.pt") for rank in range(2)], -1)
    assert apart(said, logits(model)) < ALLOWED
    with pytest.raises(Exception, match="num_query_groups is 2: GPTBigCode cannot hold several query groups"):
        to_hf(two_ranks / "groups2", tmp_path / "model", ToHf())


def test_a_model_of_transformers_says_the_same_on_two_ranks(base: Path, two_ranks: Path) -> None:
    said = torch.cat([torch.load(two_ranks / f"converted_{rank}.pt") for rank in range(2)], -1)
    assert apart(hf_logits(base), said) < ALLOWED


def stage(layers: int, *, first: bool) -> Any:
    """One of two stages of megatron-core's model: embedding and layers, or layers, norm and output."""
    from megatron.core.models.gpt import GPTModel
    from megatron.core.models.gpt.gpt_layer_specs import get_gpt_layer_local_spec

    config = gpt_model(tiny()).config
    config.num_layers = layers
    return GPTModel(
        config,
        get_gpt_layer_local_spec(),
        vocab_size=VOCABULARY,
        max_sequence_length=POSITIONS,
        pre_process=first,
        post_process=not first,
        share_embeddings_and_output_weights=True,
    )


def run_stages(stages: list[Any]) -> torch.Tensor:
    rows = tokens()
    positions, mask = torch.arange(rows.shape[1]).expand_as(rows), causal_mask(rows.shape[1])
    with torch.no_grad():
        hidden = stages[0].eval()(rows, positions, mask)
        stages[1].set_input_tensor(hidden)
        found: torch.Tensor = stages[1].eval()(rows, positions, mask)
    return found


def test_two_stages_say_the_same_both_ways(tmp_path: Path) -> None:
    base = save_base(tmp_path / "base", big_code_noisy(4))
    from_hf(base, tmp_path / "megatron", FromHf(pipeline_parallel=2))
    stages = [stage(2, first=True), stage(2, first=False)]
    for place, model in enumerate(stages):
        file = tmp_path / f"megatron/release/mp_rank_00_{place:03d}" / FILE
        model.load_state_dict(load_values(file)["model"], strict=True)
    assert apart(hf_logits(base), run_stages(stages)) < ALLOWED
    for place, model in enumerate(stages):
        state: Tensors = noisy(model, seed=1).state_dict()
        if place == 1:
            state["output_layer.weight"] = stages[0].embedding.word_embeddings.weight.detach()
            model.load_state_dict(state)
        write_rank(tmp_path / "own", f"mp_rank_00_{place:03d}", state, arguments(num_layers=4))
    to_hf(tmp_path / "own", tmp_path / "model", ToHf())
    assert apart(run_stages(stages), hf_logits(tmp_path / "model")) < ALLOWED
