"""One rank of a real megatron-core model with tensor parallelism: what it holds, what it says, what it loads.

Run as ``megatron_rank.py RANK RANKS FOLDER CONVERTED``: writes a rank's file of a model with one and with two query
groups, and the logits of a checkpoint that was converted for these ranks.
"""

import sys
from pathlib import Path
from typing import Any

import torch

from checkpoint_files import arguments, noisy, write_rank
from megatron_core import Tiny, causal_mask, gpt_model, ranks
from octopack_train.torch_files import load_values

LAYERS, VOCABULARY, POSITIONS = 3, 512, 64


def tiny(groups: int = 1) -> Tiny:
    """A model of the sizes of ``big_code``."""
    return Tiny(VOCABULARY, POSITIONS, hidden=32, layers=LAYERS, heads=4, groups=groups)


def tokens() -> torch.Tensor:
    """Two rows, the same in every process."""
    return torch.randint(VOCABULARY, (2, 40), generator=torch.Generator().manual_seed(0))


def logits(model: Any) -> torch.Tensor:
    """What a model, or this rank's part of it, says: (rows, tokens, vocabulary)."""
    rows = tokens()
    positions = torch.arange(rows.shape[1]).expand_as(rows)
    with torch.no_grad():
        found: torch.Tensor = model.eval()(rows, positions, causal_mask(rows.shape[1]))
    return found


def same_copies(model: Any) -> Any:
    """Put noise on a rank's parameters: the same on all ranks where they are copies, else each its own."""
    rank = torch.distributed.get_rank()
    for place, values in enumerate(model.parameters()):
        seed = place if not getattr(values, "tensor_model_parallel", False) else place + 1000 * (rank + 1)
        with torch.no_grad():
            values.add_(torch.randn(values.shape, generator=torch.Generator().manual_seed(seed)) * 0.1)
    return model


def main(rank: int, size: int, folder: Path, converted: Path) -> None:
    """Do what the module says."""
    with ranks(folder, rank, size):
        for groups in (1, 2):
            model = same_copies(gpt_model(tiny(groups), size))
            saved = arguments(num_layers=LAYERS, num_query_groups=groups, tensor_model_parallel_size=size)
            write_rank(folder / f"groups{groups}", f"mp_rank_{rank:02d}", model.state_dict(), saved)
            torch.save(logits(model), folder / f"logits{groups}_{rank}.pt")
        model = noisy(gpt_model(tiny(), size))
        file = converted / f"release/mp_rank_{rank:02d}/model_optim_rng.pt"
        model.load_state_dict(load_values(file)["model"], strict=True)
        torch.save(logits(model), folder / f"converted_{rank}.pt")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
