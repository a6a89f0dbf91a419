"""Where a model runs: the device that is named must be here, the manifest says which one it was, memory may run out."""

import platform
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from humanevalpack.errors import EnvironmentFault, UsageError
from humanevalpack.lm_eval_plugin import backends

_GIB = 1 << 30
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")


def check_device(name: str) -> None:
    """Raise an error for a device that is not here: lm_eval would take another one and say nothing.

    UsageError for a name that is none of this machine's, EnvironmentFault where no GPU can be used at all.
    """
    import torch

    names = ["cpu"]
    kind = torch.accelerator.current_accelerator()
    count = torch.accelerator.device_count() if torch.accelerator.is_available() else 0
    if kind is not None and count:
        # lm_eval knows these two without a number.
        names = [
            *([kind.type] if kind.type in ("cuda", "mps") else []),
            *(f"{kind.type}:{i}" for i in range(count)),
            "cpu",
        ]
    if name in names:
        return
    if name.partition(":")[0] == "cuda" and not torch.cuda.is_available():
        built = "" if torch.version.cuda or torch.version.hip else ", which was built without CUDA (see pytorch.org)"
        raise EnvironmentFault(
            f"device is {name!r}, and torch {torch.__version__}{built} sees no GPU here: look at nvidia-smi and "
            "CUDA_VISIBLE_DEVICES, or give --device cpu"
        )
    raise UsageError(f"device is {name!r}; this machine has {', '.join(names)}")


def device_facts(lm: Any) -> dict[str, dict[str, str]] | None:
    """Return name of a device to what else may change its arithmetic, for each that the model lies on.

    By name, so that a run that goes on elsewhere records both. None for a model that is not in this machine.
    """
    torch = sys.modules.get("torch")
    if backends.is_api(lm) or torch is None:
        return None
    if backends.is_vllm(lm):  # its engine is another process
        places = {torch.device("cuda" if torch.cuda.is_available() else "cpu")}
    elif isinstance(model := getattr(lm, "model", None), torch.nn.Module):
        places = {parameter.device for parameter in model.parameters()}
    else:
        return None
    return dict(_facts(place) for place in sorted(places, key=str)) or None


def _facts(place: Any) -> tuple[str, dict[str, str]]:
    import torch
    from torch.utils import collect_env

    if place.type != "cuda":
        return place.type, {"machine": platform.machine()}
    found = torch.cuda.get_device_properties(place)
    driver: str | None = collect_env.get_nvidia_driver_version(collect_env.run)  # type: ignore[no-untyped-call]
    facts = {
        "capability": f"{found.major}.{found.minor}",
        "memory": f"{found.total_memory / _GIB:.1f} GiB",
        "cuda": torch.version.cuda,
        "rocm": torch.version.hip,
        "driver": driver,
    }
    return found.name, {name: value for name, value in facts.items() if value}


def answering(lm: Any) -> AbstractContextManager[None]:
    """Say it where the memory is not enough for a batch."""
    return memory_told(
        f"batches of {getattr(lm, 'batch_size', 1)} prompts with their answers",
        "give a smaller --batch-size or max_new_tokens. A greedy run then goes on in its folder, a sampled one begins "
        "anew (--overwrite): its samples depend on the batch",
    )


@contextmanager
def memory_told(what: str, mend: str) -> Iterator[None]:
    """Raise EnvironmentFault instead of torch's own error where a device's memory is not enough for ``what``."""
    try:
        yield
    except RuntimeError as error:
        # Its class says too little: an allocator, a library and the driver each have their own.
        if not any(words in str(error) for words in _OUT_OF_MEMORY):
            raise
        said = " ".join(str(error).partition("If reserved but unallocated")[0].split())
        raise EnvironmentFault(f"the device's memory is not enough for {what}: {mend}. (torch: {said:.400})") from error
