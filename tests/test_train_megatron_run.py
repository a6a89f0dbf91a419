"""A real run: a tiny model of SantaCoder's shape trains with megatron-core on data that this project has made."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GPTBigCodeConfig

from conftest import PROJECT
from megatron_core import run_ranks
from octopack_data.rows import write_rows
from octopack_data.sources import find_parts
from octopack_train.logits import load_model
from octopack_train.megatron.checkpoints.to_hf import ToHf, to_hf
from octopack_train.megatron.preprocessing import preprocess
from octopack_train.megatron.tokenizing import Tokenizing
from tiny_tokenizers import byte_level, saved

pytestmark = pytest.mark.xdist_group("megatron run")
SCRIPT = PROJECT / "tests" / "megatron_training.py"
STEPS = 12
each_run = pytest.mark.parametrize("name", ["text", "pairs"])
on_ranks = pytest.mark.parametrize("tensor_parallel", [1, 2])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Commits as text for pretraining and as pairs for the target loss, tokenized."""
    folder = tmp_path_factory.mktemp("data")
    tokenizer = saved(byte_level(), folder / "tokenizer.json")
    commits = [(f"x = {n % 10}\n", f"Set x to {n % 7}", f"x = {n % 7}\n") for n in range(120)]
    pairs = [
        {"inputs": f"{old}{subject}", "targets": new if n % 3 else f"{new}return x + y\n"}
        for n, (old, subject, new) in enumerate(commits)
    ]
    write_rows(folder / "text.jsonl", [{"content": "".join(commit)} for commit in commits])
    write_rows(folder / "pairs.jsonl", pairs)
    preprocess(find_parts(folder / "text.jsonl"), folder / "text", Tokenizing(("content",), tokenizer))
    preprocess(find_parts(folder / "pairs.jsonl"), folder / "pairs", Tokenizing(("inputs", "targets"), tokenizer))
    return folder


@pytest.fixture(scope="module")
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """By the number of ranks: ``whole``, a run of 12 steps, and ``resumed``, one that goes on from its step 6."""
    found = {}
    for tensor_parallel in (1, 2):
        folder = found[tensor_parallel] = tmp_path_factory.mktemp(f"tp{tensor_parallel}")
        start(tensor_parallel, folder / "whole", data)
        for name in ("text", "pairs"):
            half = folder / "resumed" / name
            shutil.copytree(folder / "whole" / name / "iter_0000006", half / "iter_0000006")
            (half / "latest_checkpointed_iteration.txt").write_text("6")
        start(tensor_parallel, folder / "resumed", data)
    return found


def start(tensor_parallel: int, run: Path, data: Path) -> None:
    run_ranks(SCRIPT, tensor_parallel, run.with_name(f"{run.name}-ranks"), [str(data), str(run), str(STEPS)])


def losses(run: Path) -> dict[int, float]:
    return {int(step): loss for step, loss in json.loads((run / "losses.json").read_text()).items()}


def checkpoint(run: Path, rank: int, step: int = STEPS) -> dict[str, Any]:
    path = run / f"iter_{step:07d}" / f"mp_rank_{rank:02d}" / "model_optim_rng.pt"
    found: dict[str, Any] = torch.load(path, weights_only=False)
    return found


@each_run
@on_ranks
def test_the_loss_falls(name: str, tensor_parallel: int, runs: dict[int, Path]) -> None:
    each = list(losses(runs[tensor_parallel] / "whole" / name).values())
    assert len(each) == STEPS
    assert max(each[-3:]) < min(each[:3]) - 0.5


@each_run
@on_ranks
def test_a_run_that_goes_on_equals_one_that_never_stopped(
    name: str, tensor_parallel: int, runs: dict[int, Path]
) -> None:
    whole, resumed = (runs[tensor_parallel] / part / name for part in ("whole", "resumed"))
    assert losses(resumed) == {step: loss for step, loss in losses(whole).items() if step > 6}
    for rank in range(tensor_parallel):
        one, other = checkpoint(whole, rank)["model"], checkpoint(resumed, rank)["model"]
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one if isinstance(one[key], torch.Tensor))


@each_run
def test_two_ranks_say_what_one_says(name: str, runs: dict[int, Path]) -> None:
    one, two = (list(losses(runs[tensor_parallel] / "whole" / name).values()) for tensor_parallel in (1, 2))
    assert two == pytest.approx(one, abs=1e-4)


@on_ranks
def test_a_checkpoint_lies_where_megatron_lm_looks_for_it(tensor_parallel: int, runs: dict[int, Path]) -> None:
    run = runs[tensor_parallel] / "whole" / "text"
    assert (run / "latest_checkpointed_iteration.txt").read_text() == "12"
    files = {str(path.relative_to(run)) for path in run.glob("iter*/*/*")}
    ranks = [f"mp_rank_{rank:02d}/model_optim_rng.pt" for rank in range(tensor_parallel)]
    assert files == {f"iter_{step:07d}/{name}" for step in (6, 12) for name in ranks}


def test_each_of_two_ranks_holds_its_part(runs: dict[int, Path]) -> None:
    model = checkpoint(runs[2] / "whole" / "pairs", 1)["model"]
    assert model["embedding.word_embeddings.weight"].shape == (256, 32)
    assert model["decoder.layers.0.self_attention.linear_qkv.weight"].shape == (24, 32)  # of 32 + 8 + 8 rows
    assert model["decoder.layers.0.mlp.linear_fc2.weight"].shape == (32, 64)


@on_ranks
def test_transformers_says_the_same_of_what_was_trained(
    tensor_parallel: int, runs: dict[int, Path], tmp_path: Path
) -> None:
    run = runs[tensor_parallel] / "whole" / "text"
    shape = GPTBigCodeConfig(vocab_size=512, n_positions=32, n_embd=32, n_layer=2, n_head=4)
    shape.save_pretrained(tmp_path / "shape")
    to_hf(run, tmp_path / "model", ToHf(architecture=str(tmp_path / "shape")))
    said = torch.load(run / "said.pt")
    with torch.no_grad():
        logits = load_model(tmp_path / "model", "fp32")(said["tokens"]).logits
    found = torch.nn.functional.cross_entropy(logits.flatten(0, 1), said["labels"].flatten(), reduction="none")
    assert (found - said["losses"].flatten()).abs().max() < 1e-5
    assert found.mean() < losses(run)[1] - 0.5
