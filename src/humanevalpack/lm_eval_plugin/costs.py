"""What a run will ask of a paid server, said before the first request, and the user's limits on it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from humanevalpack.errors import UsageError
from humanevalpack.lm_eval_plugin.asking import announce
from humanevalpack.lm_eval_plugin.backends import count_tokens
from humanevalpack.lm_eval_plugin.budgets import budget_of
from humanevalpack.lm_eval_plugin.finishes import Usage
from humanevalpack.lm_eval_plugin.options import Options
from humanevalpack.lm_eval_plugin.requests import AnswerRequest
from humanevalpack.lm_eval_plugin.samples import prompt_text

CHARACTERS_A_TOKEN = 4
"""The rule of thumb where there is no tokenizer."""
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """Requests and tokens of a run: those of the prompts, and at most those of the answers."""

    requests: int
    tokens_in: int
    tokens_out: int
    counted: bool
    """Whether a tokenizer has counted the prompts' tokens."""

    @property
    def tokens(self) -> int:
        """The most tokens altogether."""
        return self.tokens_in + self.tokens_out

    def sentence(self, options: Options) -> str:
        """Return what the user reads."""
        how = "counted" if self.counted else f"estimated at {CHARACTERS_A_TOKEN} characters a token"
        price = cost(self.tokens_in, self.tokens_out, options)
        money = f"at most {_money(price)}" if price is not None else "cost unknown (set price_in and price_out)"
        return (
            f"{self.requests:,} requests, {self.tokens_in:,} tokens of prompts ({how}) and "
            f"at most {self.tokens_out:,} of answers: {money}"
        )


def cost(tokens_in: int, tokens_out: int, options: Options) -> float | None:
    """Return the cost in the user's currency; None without prices (which are per million tokens)."""
    if options.price_in is None or options.price_out is None:
        return None
    return (tokens_in * options.price_in + tokens_out * options.price_out) / _MILLION


def estimate(model: Any, numbered: Sequence[tuple[AnswerRequest, int]]) -> Estimate:
    """Count what these requests ask: each distinct question once, as it is sent.

    A description that is still to be written is taken to be as long as the problem's docstring, its limit.
    """
    seen: set[tuple[Any, ...]] = set()
    tokens_in = tokens_out = 0
    counted = True
    for request, sample in numbered:
        if request.asking.answer_without_model(request, sample) is not None:
            continue
        for description in _descriptions(request):
            prompt, arguments = request.asking.question(request.problem, description)
            number = sample if arguments["do_sample"] else None
            key = (request.problem.task_id, prompt, repr(sorted(arguments.items())), number)
            if key in seen:
                continue
            seen.add(key)
            tokens = _tokens(model, prompt)
            counted = counted and tokens is not None
            tokens_in += -(-len(prompt_text(prompt)) // CHARACTERS_A_TOKEN) if tokens is None else tokens
            tokens_out += max(0, budget_of(model, prompt, arguments).tokens)
    return Estimate(len(seen), tokens_in, tokens_out, counted)


def check(model: Any, numbered: Sequence[tuple[AnswerRequest, int]]) -> None:
    """Say what the run will ask; raises UsageError, before the first request, if that may be more than is allowed."""
    found = estimate(model, numbered)
    if not found.requests:
        return
    options = numbered[0][0].asking.options
    announce(found.sentence(options))
    price = cost(found.tokens_in, found.tokens_out, options)
    mend = "lower n_samples, max_new_tokens or --limit, choose fewer tasks, or raise the limit"
    if options.max_tokens_total is not None and found.tokens > options.max_tokens_total:
        raise UsageError(
            f"max_tokens_total is {options.max_tokens_total:,}, but this run may need {found.tokens:,} tokens "
            f"({found.sentence(options)}): {mend}"
        )
    if options.max_cost is not None and price is not None and price > options.max_cost:
        raise UsageError(
            f"max_cost is {_money(options.max_cost)}, but this run may cost {_money(price)} "
            f"({found.sentence(options)}): {mend}"
        )


def used(usage: Usage, options: Options) -> dict[str, str]:
    """Say what the server has counted, and return it as the results record it; nothing if it has not."""
    if usage.tokens_in is None or usage.tokens_out is None:
        return {}
    price = cost(usage.tokens_in, usage.tokens_out, options)
    money = "" if price is None else f": {_money(price)}"
    announce(f"the server counted {usage.tokens_in:,} tokens of prompts and {usage.tokens_out:,} of answers{money}")
    facts = {"tokens_in": str(usage.tokens_in), "tokens_out": str(usage.tokens_out)}
    return facts | ({} if price is None else {"cost": f"{price:.4f}"})


def _money(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.4f}"


def _descriptions(request: AnswerRequest) -> Iterable[str | None]:
    return (None, request.problem.docstring) if request.describes_first else (request.description,)


def _tokens(model: Any, prompt: Any) -> int | None:
    tokens = count_tokens(model, prompt)
    tokenizer = getattr(model, "tokenizer", None)
    if tokens is None and tokenizer is not None:
        # A chat server's class passes text through; its tokenizer, where the user has named one, still counts.
        tokens = len(tokenizer.encode(prompt_text(prompt)))
    return tokens
