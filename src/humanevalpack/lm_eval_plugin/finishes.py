"""Why a server's answer ended, and the tokens that it counted: what lm_eval reads past in a reply.

lm_eval hands texts on, through its cache and in another order; so a text carries its reason itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_WORDS = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "refusal",
    "refusal": "refusal",
}
"""The words of OpenAI's, Anthropic's and open servers for the reason, in ours."""


class Answer(str):
    """An answer's text with ``finish``: stop, length, refusal, empty, or None where the server has not said it."""

    finish: str | None

    def __new__(cls, text: str, finish: str | None) -> "Answer":
        """Make the text; its reason is no part of it."""
        answer = super().__new__(cls, text)
        answer.finish = finish
        return answer

    def __getnewargs__(self) -> tuple[str, str | None]:  # type: ignore[override]  # lm_eval's cache pickles answers
        """Return what makes the same answer again."""
        return str(self), self.finish


@dataclass
class Usage:
    """Tokens that a server has counted so far; None as long as it has said nothing."""

    tokens_in: int | None = None
    tokens_out: int | None = None

    def add(self, reply: object) -> None:
        """Add what one reply says of itself."""
        usage = reply.get("usage") if isinstance(reply, dict) else None
        if isinstance(usage, dict):
            first, second = (_count(usage, *names) for names in (_IN, _OUT))
            self.tokens_in, self.tokens_out = (self.tokens_in or 0) + first, (self.tokens_out or 0) + second


_IN, _OUT = ("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens")


def finish_of(text: str) -> str | None:
    """Return why an answer ended; None for models that do not say it."""
    return text.finish if isinstance(text, Answer) else None


@contextmanager
def finishes_told(lm: Any, usage: Usage) -> Iterator[None]:
    """Let an API model's answers carry their reasons, and count tokens in ``usage``, for a while."""
    original = lm.parse_generations

    def parse_generations(outputs: Any, **kwargs: Any) -> list[str | None]:
        texts = original(outputs=outputs, **kwargs)
        replies = outputs if isinstance(outputs, list) else [outputs]
        for reply in replies:
            usage.add(reply)
        reasons = [reason for reply in replies for reason in _reasons(reply)]
        if len(reasons) != len(texts):
            return list(texts)
        return [Answer(text or "", _finish(text, reason)) for text, reason in zip(texts, reasons, strict=True)]

    lm.parse_generations = parse_generations
    try:
        yield
    finally:
        del lm.parse_generations


def _reasons(reply: object) -> Sequence[str | None]:
    """Return the reason of each choice, in the order of the choices' numbers."""
    if not isinstance(reply, dict):
        return []
    choices = reply.get("choices")
    if not isinstance(choices, list):
        return [_known(reply.get("stop_reason"))]
    found: list[str | None] = [None] * len(choices)
    for place, choice in enumerate(choices):
        message = choice.get("message") or {}
        refused = isinstance(message, Mapping) and message.get("refusal")
        number = choice.get("index", place)
        if 0 <= number < len(found):
            found[number] = "refusal" if refused else _known(choice.get("finish_reason"))
    return found


def _known(reason: object) -> str | None:
    return _WORDS.get(reason) if isinstance(reason, str) else None


def _finish(text: str | None, reason: str | None) -> str | None:
    return "empty" if reason in (None, "stop") and not (text or "").strip() else reason


def _count(usage: Mapping[str, Any], *names: str) -> int:
    return next((int(usage[name]) for name in names if isinstance(usage.get(name), int)), 0)
