"""What lm_eval's model classes need so that the reference's text comes out: lengths, special tokens, BOS, seeds.

Each rule here touches one model object, only while our own requests run.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from lm_eval.api.model import LM, CachingLM
from lm_eval.models import MODEL_MAPPING

from humanevalpack.errors import UsageError
from humanevalpack.lm_eval_plugin import api_servers, vllm_engine
from humanevalpack.lm_eval_plugin.early_stop import stopping_early


def model_of(lm: Any) -> Any:
    """Return the model itself, without lm_eval's ``--use_cache`` wrapper."""
    return lm.lm if isinstance(lm, CachingLM) else lm


def model_name(lm: LM) -> str | None:
    """Return the model's name or path, or None if it has none."""
    for holder, attribute in ((lm, "pretrained"), (lm, "model"), (getattr(lm, "config", None), "_name_or_path")):
        value = getattr(holder, attribute, None)
        if isinstance(value, str) and value:
            return value
    arguments = getattr(lm, "model_args", None)  # vLLM keeps the engine's arguments
    return str(arguments["model"]) if isinstance(arguments, dict) and arguments.get("model") else None


def model_facts(lm: Any) -> dict[str, Any]:
    """Return backend, revision, dtype, attention and batch size as far as the model's class tells them."""
    arguments = lm.model_args if is_vllm(lm) else {}
    loaded = lm.model if is_transformers(lm) else None
    commit = getattr(getattr(loaded, "config", None), "_commit_hash", None)
    dtype = arguments.get("dtype") or getattr(loaded, "dtype", None)
    return {
        "backend": _registered_name(type(lm)),
        "model_revision": commit or arguments.get("revision") or getattr(lm, "revision", None),
        "dtype": None if dtype is None else str(dtype).removeprefix("torch."),
        "attention": getattr(getattr(loaded, "config", None), "_attn_implementation", None),
        "batch_size": lm._batch_size if is_api(lm) else getattr(lm, "batch_size", None),
    }


def _registered_name(kind: type) -> str:
    """Return the name of lm_eval's ``--model`` for a class; the class's own for a model object of another."""
    place = f"{kind.__module__}:{kind.__qualname__}"
    return next((name for name, target in MODEL_MAPPING.items() if target == place), kind.__name__)


def count_tokens(lm: Any, prompt: Any) -> int | None:
    """Return how many tokens the model reads for ``prompt``; None where only the server knows."""
    if not isinstance(prompt, str) or not hasattr(lm, "tok_encode") or getattr(lm, "tokenizer", None) is None:
        return None
    tokens = lm.tok_encode(prompt)
    return len(tokens) if isinstance(tokens, list) and all(isinstance(token, int) for token in tokens) else None


def length_limit(lm: Any) -> int | None:
    """Return the most tokens of prompt and answer together, beyond which lm_eval would cut prompts silently."""
    if getattr(lm, "backend", "causal") == "seq2seq":
        return None  # T5 counts positions relatively: there is no limit
    if is_api(lm) and not lm.tokenized_requests:
        return None  # text is sent as it is: the server has the say
    limit = getattr(lm, "max_length", None)
    return limit if isinstance(limit, int) else None


def request_arguments(lm: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return generation arguments in the model class's own words: stops that it needs or takes, top_k off."""
    arguments = dict(arguments)
    if is_transformers(lm):
        arguments["until"] = [*arguments["until"], *_ends_of_generation(lm, arguments["until"])]
    return api_servers.server_arguments(lm, arguments) if is_api(lm) else arguments


def _ends_of_generation(lm: Any, known: Sequence[str]) -> list[str]:
    """Return the texts of the tokens at which transformers stops: what stands behind them is padding."""
    ends = getattr(lm.model.generation_config, "eos_token_id", None)
    ids = [ends] if isinstance(ends, int) else list(ends or ())
    texts = [lm.tokenizer.decode([token], skip_special_tokens=False) for token in ids]
    return [text for text in dict.fromkeys(texts) if text and text not in known]


def own_seed(lm: Any, arguments: Mapping[str, Any], task_id: str, prompt: Any, sample: int) -> dict[str, int]:
    """Return the seed of one sampled answer, for models whose requests carry one."""
    return vllm_engine.sample_seed(lm, arguments, task_id, str(prompt), sample) if is_vllm(lm) else {}


def run_seed(model: Any) -> int:
    """Return the seed that the user gave: lm_eval's for torch, or that of the server or engine."""
    if is_api(model):
        return int(model._seed)
    if is_vllm(model):
        return int(model.model_args.get("seed") or 0)
    torch = sys.modules.get("torch")
    return int(torch.initial_seed()) if torch is not None else 0


def engine_facts(lm: Any) -> dict[str, str]:
    """Return what the results record of how the model runs; raises EnvironmentFault if it cannot run as it must."""
    return vllm_engine.engine_facts(lm) if is_vllm(lm) else {}


def stops_early(lm: Any) -> bool:
    """Whether answers of this model can end where they are complete: lm_eval's own class, nothing thought before."""
    if not is_transformers(lm) or lm.backend != "causal" or lm.think_end_token is not None:
        return False
    own = sys.modules["lm_eval.models.huggingface"].HFLM
    return all(getattr(type(lm), name) is getattr(own, name) for name in ("generate_until", "_model_generate"))


def has_encoder(lm: Any) -> bool:
    """Whether this is an encoder-decoder model; raises UsageError for lm_eval's own class of such models."""
    if not is_transformers(lm) or lm.backend != "seq2seq":
        return False
    if type(lm).__name__ != "EncoderDecoderLM":
        raise UsageError(
            f"{model_name(lm)} is an encoder-decoder model, whose answers --model hf does not let continue a prompt: "
            "use --model hf-encoder-decoder"
        )
    return True


def is_transformers(lm: Any) -> bool:
    """Whether this model is run by transformers, in batches of its own."""
    return _is_a(lm, "huggingface", "HFLM")


def loads_for_every_call(lm: Any) -> bool:
    """Whether lm_eval loads the model anew whenever it is asked: vLLM's replicas."""
    return is_vllm(lm) and lm.data_parallel_size > 1


def is_api(lm: Any) -> bool:
    """Whether this model is a server that lm_eval asks over HTTP."""
    return _is_a(lm, "api_models", "TemplateAPI")


def is_vllm(lm: Any) -> bool:
    """Whether this model is a vLLM engine in this process."""
    return _is_a(lm, "vllm_causallms", "VLLM")


@contextmanager
def exact_tokens(lm: Any, prompts: Sequence[Any]) -> Iterator[None]:
    """Keep special tokens in answers, stop where these are complete, and put exactly one BOS before prompts."""
    with ExitStack() as stack:
        if is_transformers(lm):
            stack.enter_context(_special_tokens_kept(lm))
        if stops_early(lm):
            stack.enter_context(_attribute(lm.model, "generate", stopping_early(lm)))
        if is_api(lm) and api_servers.lacks_bos(lm, prompts):
            stack.enter_context(_attribute(lm, "add_bos_token", True))
        yield


@contextmanager
def asked_in_chunks(lm: Any) -> Iterator[None]:
    """Look for the batch size once, not for every chunk, and leave progress to one bar of ours."""
    with ExitStack() as stack:
        if is_transformers(lm) and lm.batch_size == "auto":
            stack.enter_context(_attribute(lm, "batch_size_per_gpu", lm._detect_batch_size()))
        if is_transformers(lm) or is_vllm(lm):
            stack.enter_context(_attribute(lm, "generate_until", partial(lm.generate_until, disable_tqdm=True)))
        yield


def _special_tokens_kept(lm: Any) -> Any:
    """Decode as the reference does: special tokens stay, nothing is tidied, the first token keeps its space.

    lm_eval's HFLM drops special tokens (so a stop word such as <|end|> would never be found) and decodes the answer on
    its own, where SentencePiece tokenizers lose the first space: a plain token in front, cut off again, keeps it.
    """
    tokenizer = lm.tokenizer
    original = lm.tok_decode
    front = tokenizer.encode("a", add_special_tokens=False)[-1:]
    kept = {"skip_special_tokens": False, "clean_up_tokenization_spaces": False}
    front_text = tokenizer.decode(front, **kept)

    def decode(tokens: Any, skip_special_tokens: bool = True) -> Any:
        if isinstance(tokens, int):
            return original(tokens, skip_special_tokens=skip_special_tokens)
        return tokenizer.decode([*front, *tokens], **kept)[len(front_text) :]

    return _attribute(lm, "tok_decode", decode)


@contextmanager
def _attribute(holder: Any, name: str, value: Any) -> Iterator[None]:
    """Set an attribute of one object for a while."""
    own = vars(holder)
    before = own.get(name, _MISSING)
    setattr(holder, name, value)
    try:
        yield
    finally:
        if before is _MISSING:
            delattr(holder, name)
        else:
            setattr(holder, name, before)


_MISSING = object()


def _is_a(lm: Any, module: str, name: str) -> bool:
    """Whether ``lm`` is an instance of a class of ``lm_eval.models``, without importing torch to find out."""
    model_class = getattr(sys.modules.get(f"lm_eval.models.{module}"), name, None)
    return model_class is not None and isinstance(lm, model_class)
