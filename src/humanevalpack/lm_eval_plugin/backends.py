"""What lm_eval's model classes need so that the reference's text comes out: lengths, special tokens, BOS, seeds.

Each rule here touches one model object, only while our own requests run.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from lm_eval.api.model import LM, CachingLM

from humanevalpack.lm_eval_plugin.stops import chat_stops

_CHAT_STOPS = 4
"""The OpenAI API refuses more stop strings; lm_eval sends chat APIs the first four."""


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


def count_tokens(lm: Any, prompt: Any) -> int | None:
    """Return how many tokens the model reads for ``prompt``; None where only the server knows."""
    if not isinstance(prompt, str) or not hasattr(lm, "tok_encode") or getattr(lm, "tokenizer", None) is None:
        return None
    tokens = lm.tok_encode(prompt)
    return len(tokens) if isinstance(tokens, list) and all(isinstance(token, int) for token in tokens) else None


def length_limit(lm: Any) -> int | None:
    """Return the most tokens of prompt and answer together, beyond which lm_eval would cut prompts silently."""
    if _is_a(lm, "api_models", "TemplateAPI") and not lm.tokenized_requests:
        return None  # text is sent as it is: the server has the say
    limit = getattr(lm, "max_length", None)
    return limit if isinstance(limit, int) else None


def request_arguments(lm: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return generation arguments in the model class's own words: how top_k is off, how many stops it takes."""
    arguments = dict(arguments)
    if _is_a(lm, "huggingface", "HFLM"):
        arguments["until"] = [*arguments["until"], *_ends_of_generation(lm, arguments["until"])]
    if _is_a(lm, "api_models", "TemplateAPI"):
        own_server = type(lm).__name__ in ("LocalCompletionsAPI", "LocalChatCompletion")
        if arguments.get("top_k") == 0:
            # A server may fill in its own top_k: -1 is off for vLLM, SGLang and llama.cpp; OpenAI refuses the word.
            arguments["top_k"] = -1
            if not own_server:
                del arguments["top_k"]
        if type(lm).__name__ == "LocalCompletionsAPI":
            # Else vLLM's server drops <|end|> and its like, and a stop word is never seen.
            arguments.setdefault("skip_special_tokens", False)
        else:
            arguments["until"] = chat_stops(arguments["until"])[:_CHAT_STOPS]
    return arguments


def _ends_of_generation(lm: Any, known: Sequence[str]) -> list[str]:
    """Return the texts of the tokens at which transformers stops: what stands behind them is padding."""
    ends = getattr(lm.model.generation_config, "eos_token_id", None)
    ids = [ends] if isinstance(ends, int) else list(ends or ())
    texts = [lm.tokenizer.decode([token], skip_special_tokens=False) for token in ids]
    return [text for text in dict.fromkeys(texts) if text and text not in known]


def sends_one_seed(lm: Any) -> bool:
    """Whether every request of this model carries the same seed, so that equal requests give equal samples."""
    return _is_a(lm, "api_models", "TemplateAPI")


@contextmanager
def seeded(lm: Any, sample: int) -> Iterator[None]:
    """Give the requests of an API model the seed of a sample's number."""
    first = lm._seed
    lm._seed = first + sample
    try:
        yield
    finally:
        lm._seed = first


@contextmanager
def exact_tokens(lm: Any, prompts: Sequence[Any]) -> Iterator[None]:
    """Keep special tokens in answers and put exactly one BOS before prompts."""
    with ExitStack() as stack:
        if _is_a(lm, "huggingface", "HFLM"):
            stack.enter_context(_special_tokens_kept(lm))
        if _is_a(lm, "api_models", "TemplateAPI") and lm.tokenized_requests and _lacks_bos(lm, prompts):
            stack.enter_context(_attribute(lm, "add_bos_token", True))
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


def _lacks_bos(lm: Any, prompts: Sequence[Any]) -> bool:
    """Whether the tokenizer starts every text with a BOS that lm_eval's API models leave out."""
    tokenizer = lm.tokenizer
    bos = getattr(tokenizer, "bos_token_id", None)
    if lm.tokenizer_backend != "huggingface" or bos is None or lm.add_bos_token:
        return False
    starts_with_bos = tokenizer("a").input_ids[:1] == [bos]
    return starts_with_bos and not any(str(prompt).startswith(tokenizer.bos_token) for prompt in prompts)


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
