"""What lm_eval's vLLM class needs beside the reference's text: a seed for each sample, and settings said aloud.

lm_eval gives every request the engine's one stream of random numbers: what a sample becomes then depends on what was
asked before it and on how many engines there are, and engines of one data-parallel run share one seed.
"""

import os
import sys
from collections.abc import Mapping
from typing import Any

from humanevalpack.errors import EnvironmentFault
from humanevalpack.lm_eval_plugin.seeds import derived

BATCH_INVARIANT = "VLLM_BATCH_INVARIANT"
_LEAST_CAPABILITY = (8, 0)
"""NVIDIA's compute capability below which vLLM has no batch-invariant kernels."""


def sample_seed(lm: Any, arguments: Mapping[str, Any], task_id: str, prompt: str, sample: int) -> dict[str, int]:
    """Return ``seed`` for one sampled answer, by the engine's seed and what is asked; nothing for a greedy one."""
    if not arguments["do_sample"] or not _takes_seeds(lm):
        return {}
    return {"seed": derived(int(lm.model_args["seed"]), task_id, prompt, sample)}


def engine_facts(lm: Any) -> dict[str, str]:
    """Return what the results record of the engine; raises EnvironmentFault if it cannot be as it was told to be."""
    invariant = os.environ.get(BATCH_INVARIANT, "0").strip() not in ("", "0")
    if invariant:
        _check_invariance()
    facts = {"vllm_batch_invariant": "on" if invariant else "off", "vllm_engines": str(lm.data_parallel_size)}
    facts["vllm_seeds"] = "sample" if _takes_seeds(lm) else "engine"
    engine = getattr(getattr(lm, "model", None), "llm_engine", None)  # several engines live in processes of their own
    if engine is not None:
        shared = engine.vllm_config.cache_config.enable_prefix_caching
        facts["vllm_prefix_caching"] = "on" if shared else "off"
    return facts


def _takes_seeds(lm: Any) -> bool:
    """Whether requests may have seeds: an engine on a CPU that reads prompts in pieces dies of them (vLLM 0.32.0)."""
    return not _platform().is_cpu() or lm.model_args.get("enable_chunked_prefill") is False


def _platform() -> Any:
    return sys.modules["vllm.platforms"].current_platform


def _check_invariance() -> None:
    platform = _platform()
    capability = platform.get_device_capability() if platform.is_cuda() else None
    if platform.is_cpu() or (capability is not None and tuple(capability) < _LEAST_CAPABILITY):
        here = f"compute capability {'.'.join(map(str, capability))}" if capability else "a CPU"
        raise EnvironmentFault(
            f"{BATCH_INVARIANT} is set, and vLLM's batch-invariant kernels need a GPU, NVIDIA's one of compute "
            f"capability 8.0 or higher; here is {here}: unset it, and compare runs of the same batch size"
        )
