"""Which of a model's arguments can change what it writes."""

from collections.abc import Mapping
from typing import Any

HARMLESS = (
    # where it runs, and in how many pieces
    *("device", "device_map", "device_map_option", "parallelize", "gpus", "offload_folder", "max_memory_per_gpu"),
    *("max_cpu_memory", "gpu_memory_utilization", "swap_space", "cpu_offload_gb", "tensor_parallel_size"),
    *("pipeline_parallel_size", "data_parallel_size", "distributed_executor_backend"),
    # how many prompts go together; where sampling depends on it, ``sampled_with`` says it
    *("batch_size", "max_batch_size", "max_num_seqs", "max_num_batched_tokens"),
    # how a server is reached
    *("base_url", "num_concurrent", "max_retries", "timeout", "verify_certificate"),
    # how files are got and read
    *("cache_dir", "download_dir", "local_files_only", "load_format", "use_fast_tokenizer", "trust_remote_code"),
    *("disable_log_stats",),
)
"""Arguments that may differ when a run goes on: every other one may change the text."""


def telling(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return the arguments that can change what the model writes, as text; its name is recorded on its own."""
    return {
        name: str(value)
        for name, value in arguments.items()
        if name not in (*HARMLESS, "pretrained", "model") and value is not None
    }
