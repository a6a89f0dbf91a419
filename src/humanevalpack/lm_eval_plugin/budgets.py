"""How many tokens an answer may have, per prompt, so that no prompt is ever cut to make room."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from humanevalpack.errors import UsageError
from humanevalpack.lm_eval_plugin.backends import count_tokens, length_limit


@dataclass(frozen=True, slots=True)
class Budget:
    """Tokens for one answer; ``prompt_tokens`` is None where only the server can count."""

    tokens: int
    prompt_tokens: int | None

    @property
    def fits(self) -> bool:
        """Whether the prompt leaves room for an answer."""
        return self.tokens >= 1


def budget_of(model: Any, prompt: Any, arguments: Mapping[str, Any]) -> Budget:
    """Return the budget: max_gen_toks, or what ``total_length`` leaves, and never more than the model has room for.

    Raises UsageError if a total length is set for a model whose tokens cannot be counted here.
    """
    prompt_tokens = count_tokens(model, prompt)
    room = [arguments["max_gen_toks"]] if "max_gen_toks" in arguments else []
    if "total_length" in arguments:
        if prompt_tokens is None:
            raise UsageError(
                f"total_length={arguments['total_length']} counts the prompt's tokens, and this model has no tokenizer "
                "here: set max_new_tokens instead, or give the model one (--model_args tokenizer=...)"
            )
        room.append(arguments["total_length"] - prompt_tokens)
    limit = length_limit(model)
    if limit is not None and prompt_tokens is not None:
        room.append(limit - prompt_tokens)
    return Budget(min(room), prompt_tokens)
