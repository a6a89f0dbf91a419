"""megatron-core on a machine without a GPU: what stands in for CUDA, a group of ranks over gloo, a tiny model.

Two things of megatron-core ask for CUDA although they need none here: the device of a new tensor, and the tracker of
CUDA's random states. Both are substituted while tests run, and only then; everything else is megatron-core's own.
"""

import contextlib
import functools
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TIMEOUT = 600
"""Seconds for a script on all its ranks."""


QUIET = pytest.mark.filterwarnings(r"ignore:::megatron\..*")
"""For tests that import it: what it remarks is about packages that are not installed, and about its own old names."""


class _NoCudaStates:
    """In place of the tracker of CUDA's random states: there are none, dropout draws from the CPU's."""

    def fork(self, *_: Any, **__: Any) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def get_states(self) -> dict[str, Any]:
        return {}


@contextlib.contextmanager
def without_cuda() -> Iterator[None]:
    """Let megatron-core make its tensors on the CPU."""
    import torch
    from megatron.core.tensor_parallel import random

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "current_device", lambda: torch.device("cpu"))
        patch.setattr(random, "_CUDA_RNG_STATE_TRACKER", _NoCudaStates())
        patch.setattr(random, "_CUDA_RNG_STATE_TRACKER_INITIALIZED", True)
        yield


@contextlib.contextmanager
def ranks(folder: Path, rank: int = 0, tensor_parallel: int = 1) -> Iterator[None]:
    """Join the other ranks over gloo, which meet in a file of the folder (no port that could be taken)."""
    import torch
    from megatron.core import parallel_state

    with without_cuda():
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{folder / 'meeting'}", rank=rank, world_size=tensor_parallel
        )
        try:
            parallel_state.initialize_model_parallel(tensor_model_parallel_size=tensor_parallel)
            yield
        finally:
            parallel_state.destroy_model_parallel()
            torch.distributed.destroy_process_group()


@dataclass(frozen=True)
class Tiny:
    """A model in SantaCoder's shape, small: one group of keys and values, learned positions, tanh GELU, tied output."""

    vocabulary: int = 128
    positions: int = 32
    hidden: int = 32
    layers: int = 2
    heads: int = 4
    groups: int = 1
    hidden_dropout: float = 0.0
    attention_dropout: float = 0.0


def gpt_model(tiny: Tiny, tensor_parallel: int = 1, seed: int = 0) -> Any:
    """Return this rank's part of the model; all ranks must be in ``ranks``.

    The same weights for a seed, on any number of ranks.
    """
    import torch
    from megatron.core.models.gpt import GPTModel
    from megatron.core.models.gpt.gpt_layer_specs import get_gpt_layer_local_spec
    from megatron.core.transformer import TransformerConfig

    torch.manual_seed(seed)
    config = TransformerConfig(
        num_layers=tiny.layers,
        hidden_size=tiny.hidden,
        ffn_hidden_size=4 * tiny.hidden,
        num_attention_heads=tiny.heads,
        num_query_groups=tiny.groups,
        activation_func=functools.partial(torch.nn.functional.gelu, approximate="tanh"),
        layernorm_epsilon=1e-5,
        hidden_dropout=tiny.hidden_dropout,
        attention_dropout=tiny.attention_dropout,
        tensor_model_parallel_size=tensor_parallel,
        use_cpu_initialization=True,
        masked_softmax_fusion=False,
    )
    return GPTModel(
        config,
        get_gpt_layer_local_spec(),
        vocab_size=tiny.vocabulary,
        max_sequence_length=tiny.positions,
        position_embedding_type="learned_absolute",
        share_embeddings_and_output_weights=True,
    )


def causal_mask(length: int) -> Any:
    """Return the mask of plain text, bool [1, 1, length, length], true where nothing is seen.

    Always give one to the model: its own is made on the GPU.
    """
    import torch

    return torch.ones(length, length).triu(1).bool()[None, None]


def run_ranks(script: Path, tensor_parallel: int, folder: Path, arguments: Sequence[str]) -> None:
    """Run ``script RANK RANKS FOLDER ARGUMENTS`` on all ranks, as processes that end with this function."""
    folder.mkdir(parents=True)
    processes: list[subprocess.Popen[bytes]] = []
    with contextlib.ExitStack() as stack:
        for rank in range(tensor_parallel):
            log = stack.enter_context((folder / f"rank{rank}.log").open("w"))
            command = [sys.executable, str(script), str(rank), str(tensor_parallel), str(folder), *arguments]
            # Beside the other tests, more threads only stand in each other's way.
            variables = {**os.environ, "OMP_NUM_THREADS": "1"}
            processes.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=variables))
            stack.callback(_end, processes[-1])
        codes = [process.wait(TIMEOUT) for process in processes]
    said = "\n".join((folder / f"rank{rank}.log").read_text() for rank in range(tensor_parallel))
    assert codes == [0] * tensor_parallel, said


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
