"""What requests to a completions or chat server hold beside the prompt: stops, sampling, seeds, BOS.

OpenAI's own servers refuse more than four stop strings and every field that they do not know; vLLM's, SGLang's and
llama.cpp's need further fields to give the reference's text. So a server that is not OpenAI's is asked once.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from humanevalpack.lm_eval_plugin.rate_limits import at_least_asked
from humanevalpack.lm_eval_plugin.seeds import derived
from humanevalpack.lm_eval_plugin.stops import by_importance

_MOST_STOPS = 4
_BUSY = (429, 503)
"""Answers that say nothing of what was asked."""
_OPEN_SERVERS = ("LocalCompletionsAPI", "LocalChatCompletion")
"""lm_eval's classes for servers of any kind; their subclasses name one provider each."""

# -1 is off for vLLM, SGLang and llama.cpp. Else a server may fill in the top_k of the model's own settings, and vLLM's
# drops special tokens from the text, so that a stop word such as <|end|> is never seen.
_TOP_K_OFF = {"top_k": -1}
_KEPT_TOKENS = {"skip_special_tokens": False}


def server_arguments(lm: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return generation arguments in the words of this server."""
    sent = dict(arguments)
    extensions: dict[str, Any] = {}
    if sent.get("top_k") == 0:
        del sent["top_k"]
        extensions |= _TOP_K_OFF
    if not _is_chat(lm):
        extensions |= _KEPT_TOKENS
    if extensions and _takes_extensions(lm):
        return {**extensions, **sent}
    # lm_eval itself adds the tokenizer's end of text to the stops of completions.
    own = lm.eos_string if not _is_chat(lm) and lm.tokenizer is not None else None
    stops = [word for word in by_importance(sent["until"]) if word != own]
    sent["until"] = stops[: _MOST_STOPS - (own is not None)]
    return sent


@contextmanager
def seeded(lm: Any, sample: int) -> Iterator[None]:
    """Give the requests a seed of the sample's own: lm_eval sends one seed, which makes all samples equal."""
    first = lm._seed
    lm._seed = derived(first, sample)
    try:
        yield
    finally:
        lm._seed = first


def lacks_bos(lm: Any, prompts: Sequence[Any]) -> bool:
    """Whether lm_eval would send tokens without the BOS that the tokenizer puts before every text."""
    bos = getattr(lm.tokenizer, "bos_token_id", None)
    if not lm.tokenized_requests or lm.tokenizer_backend != "huggingface" or bos is None or lm.add_bos_token:
        return False
    starts_with_bos = lm.tokenizer("a").input_ids[:1] == [bos]
    return starts_with_bos and not any(str(prompt).startswith(lm.tokenizer.bos_token) for prompt in prompts)


@cache
def _takes_extensions(lm: Any) -> bool:
    """Ask the server for one token with every extension; a refusal means that it takes none, being busy does not."""
    if type(lm).__name__ not in _OPEN_SERVERS:
        return False
    import requests
    from tenacity import retry, stop_after_attempt, wait_exponential

    prompt: Any = [{"role": "user", "content": "1"}] if _is_chat(lm) else "1"
    stops = [f"<stop {number}>" for number in range(_MOST_STOPS if _is_chat(lm) else _MOST_STOPS + 1)]
    arguments = {"until": stops, "max_gen_toks": 1, "temperature": 0.0, **_TOP_K_OFF}
    payload = lm._create_payload(
        prompt, generate=True, gen_kwargs=arguments | ({} if _is_chat(lm) else _KEPT_TOKENS), seed=lm._seed
    )

    def ask() -> bool:
        reply = requests.post(
            lm.base_url, json=payload, headers=lm.header, verify=lm.verify_certificate, timeout=lm.timeout
        )
        if reply.status_code in _BUSY:
            reply.raise_for_status()
        return bool(reply.ok)

    # As often, and with the waits, that lm_eval itself asks with.
    patient = at_least_asked(wait_exponential(multiplier=0.5, min=1, max=10))
    return retry(stop=stop_after_attempt(lm.max_retries), wait=patient, reraise=True)(ask)()


def continues_answers(chat: Any) -> bool:
    """Whether the model of lm_eval's ``apply_chat_template`` continues an answer that was begun for it.

    OpenAI's servers and those of other single providers begin a new one (or refuse).
    """
    lm = getattr(chat, "__self__", None)
    return lm is None or not hasattr(lm, "parse_generations") or type(lm).__name__ in _OPEN_SERVERS


def _is_chat(lm: Any) -> bool:
    return "Chat" in type(lm).__name__
