"""The model of a run, loaded by lm_eval: what goes wrong is a name, a package or a machine, and is told as such."""

from typing import Any

from humanevalpack.errors import EnvironmentFault, HumanEvalPackError
from humanevalpack.lm_eval_plugin.devices import check_device, memory_told
from humanevalpack.lm_eval_plugin.plans import Plan

_ENCODER_DECODER = "hf-encoder-decoder"
_HF = ("hf", "hf-auto", "huggingface", _ENCODER_DECODER)
_SMALLER = (
    "--model-args dtype=bfloat16 halves float32, parallelize=True spreads it over several GPUs, --device cpu is slow"
)


def load_model(plan: Plan) -> Any:
    """Return the model object of lm_eval; raises EnvironmentFault that says what could not be loaded, and why."""
    if not isinstance(plan.model, str | None):
        return plan.model
    from lm_eval.api.registry import get_model

    backend = plan.value("backend")
    if backend == _ENCODER_DECODER:
        import humanevalpack.lm_eval_plugin.seq2seq  # noqa: F401 - registers it
    machine = {"batch_size": plan.value("batch_size"), "device": _device(plan)}
    try:
        with memory_told(f"the model {plan.model_name or ''}", _SMALLER):
            return get_model(backend).create_from_arg_obj(plan.arguments, machine)
    except HumanEvalPackError:
        raise
    except Exception as error:  # whatever the backend and its libraries raise
        said = " ".join(str(error).split())
        raise EnvironmentFault(
            f"the model {plan.model_name or ''} could not be loaded (backend {backend}): {type(error).__name__}: "
            f"{said:.600}. Is the name or path right, the hub or server reachable, the backend installed "
            "(pip install 'humanevalpack[hf]', or api, vllm), and does --model-args have what it needs?"
        ) from error


def _device(plan: Plan) -> str | None:
    """Return the device that the user names, or the cpu where lm_eval's own default, cuda, is not there."""
    named: str | None = plan.value("device")
    if plan.value("backend") not in _HF:
        return named
    import torch

    for name in (named, plan.arguments.get("device")):
        if name is not None:
            check_device(name)
    if named is None and "device" not in plan.arguments and not torch.cuda.is_available():
        return "cpu"
    return named
