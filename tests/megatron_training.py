"""A training run with megatron-core, one process a rank. Arguments: RANK RANKS FOLDER DATA RUN STEPS.

Trains a tiny model on the text and another one on the pairs of DATA until so many steps are done, each from its newest
checkpoint below RUN, if there is one. Saves as Megatron-LM does: a file for each rank, and a tracker file. At its end
it writes the loss of each token of the first rows.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from megatron.core.datasets.blended_megatron_dataset_builder import BlendedMegatronDatasetBuilder
from megatron.core.datasets.gpt_dataset import GPTDataset, GPTDatasetConfig

from megatron_core import Tiny, gpt_model, ranks
from octopack_train.megatron.target_dataset import Packing, TargetLossDataset, micro_batch, open_pairs
from octopack_train.megatron.target_loss import mean_loss

LENGTH, MICRO_BATCH, MICRO_BATCHES, SAVED_EVERY, SEED = 32, 2, 2, 6, 1234
SAMPLES = 80
# Attention's dropout would draw for other heads on each rank; that of the layers is the same on all.
SHAPE = Tiny(vocabulary=512, positions=LENGTH, hidden_dropout=0.1)
Batches = Callable[[int], Iterator[dict[str, torch.Tensor]]]
"""The micro-batches of one step, for so many samples consumed before it."""


class _Tokenizer:
    """What GPTDataset asks of a tokenizer."""

    eod, pad, vocab_size = 0, -1, SHAPE.vocabulary
    unique_identifiers = {"class": "tiny"}  # noqa: RUF012 - read by megatron-core


def text_batches(data: Path) -> Batches:
    """Text as megatron-core's own datasets give it."""
    config = GPTDatasetConfig(
        random_seed=SEED,
        sequence_length=LENGTH,
        blend=([str(data / "text_content_document")], None),
        split="95,5,0",
        path_to_cache=str(data / "cache"),
        tokenizer=_Tokenizer(),
        reset_position_ids=False,
        reset_attention_mask=False,
        eod_mask_loss=False,
    )
    train, _, _ = BlendedMegatronDatasetBuilder(GPTDataset, [SAMPLES, 4, 0], lambda: True, config).build()
    return lambda consumed: _micro_batches(train, consumed, torch.utils.data.default_collate)


def pair_batches(data: Path) -> Batches:
    """Packed pairs, each with the same weight in the loss."""
    train = TargetLossDataset(open_pairs(data / "pairs", 0, 0.95), Packing(LENGTH, SEED), SAMPLES)
    return lambda consumed: _micro_batches(train, consumed, micro_batch)


def _micro_batches(dataset: Any, consumed: int, collate: Any) -> Iterator[dict[str, torch.Tensor]]:
    for begin in range(consumed, consumed + MICRO_BATCH * MICRO_BATCHES, MICRO_BATCH):
        yield collate([dataset[number] for number in range(begin, begin + MICRO_BATCH)])


def train(batches: Batches, run: Path, steps: int, rank: int, tensor_parallel: int) -> None:
    """Train one model until so many steps are done."""
    model = gpt_model(SHAPE, tensor_parallel, SEED)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95), weight_decay=0.1)
    torch.manual_seed(SEED)
    done = load(run, rank, model, optimizer)
    losses = {}
    for step in range(done + 1, steps + 1):
        said = []
        for batch in batches((step - 1) * MICRO_BATCH * MICRO_BATCHES):
            each = model(batch["tokens"], batch["position_ids"], batch["attention_mask"], labels=batch["labels"])
            loss = mean_loss(each.float(), batch["loss_mask"])
            (loss / MICRO_BATCHES).backward()
            said.append(loss.item())
        optimizer.step()
        optimizer.zero_grad()
        losses[step] = sum(said) / len(said)
        if step % SAVED_EVERY == 0:
            save(run, step, rank, model, optimizer)
    batch = next(batches(0))
    model.eval()  # without dropout
    with torch.no_grad():
        each = model(batch["tokens"], batch["position_ids"], batch["attention_mask"], labels=batch["labels"])
    if rank == 0:
        (run / "losses.json").write_text(json.dumps(losses))
        torch.save({"tokens": batch["tokens"], "labels": batch["labels"], "losses": each}, run / "said.pt")


def save(run: Path, step: int, rank: int, model: Any, optimizer: torch.optim.Optimizer) -> None:
    """Write this rank's file and, when all have theirs, the tracker file."""
    path = rank_file(run, step, rank)
    path.parent.mkdir(parents=True)
    state = {
        "iteration": step,
        "checkpoint_version": 3.0,
        "model": model.state_dict_for_save_checkpoint(),
        "optimizer": optimizer.state_dict(),
        "rng_state": [{"torch_rng_state": torch.get_rng_state()}],
    }
    torch.save(state, path)
    torch.distributed.barrier()
    if rank == 0:
        (run / "latest_checkpointed_iteration.txt").write_text(str(step))


def load(run: Path, rank: int, model: Any, optimizer: torch.optim.Optimizer) -> int:
    """Read the newest checkpoint; return how many steps it has done, 0 where there is none."""
    tracker = run / "latest_checkpointed_iteration.txt"
    if not tracker.exists():
        return 0
    step = int(tracker.read_text())
    state = torch.load(rank_file(run, step, rank), weights_only=False)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["rng_state"][0]["torch_rng_state"])
    return step


def rank_file(run: Path, step: int, rank: int) -> Path:
    """Return where a rank's part of a checkpoint lies."""
    return run / f"iter_{step:07d}" / f"mp_rank_{rank:02d}" / "model_optim_rng.pt"


def main() -> None:
    """Train both models."""
    rank, tensor_parallel, steps = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[6])
    folder, data, run = map(Path, sys.argv[3:6])
    torch.set_num_threads(1)
    with ranks(folder, rank, tensor_parallel):
        for name, batches in (("text", text_batches(data)), ("pairs", pair_batches(data))):
            (run / name).mkdir(parents=True, exist_ok=True)
            train(batches, run / name, steps, rank, tensor_parallel)


if __name__ == "__main__":
    main()
