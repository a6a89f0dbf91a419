"""The portions in which a model is asked: what is answered is kept before the next one begins.

A chunk depends on the tasks, the problems, the samples and the kind of model, never on what is answered already. A
transformers model gets whole batches in lm_eval's own order, longest prompts first, so that dividing costs no batch
and no padding; every other kind of model takes prompts of any task beside each other.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from humanevalpack.lm_eval_plugin import backends
from humanevalpack.lm_eval_plugin.requests import AnswerRequest
from humanevalpack.lm_eval_plugin.samples import prompt_text

Numbered = tuple[AnswerRequest, int]
"""A request with the number of the sample that is asked for."""
Unit = list[Numbered]
"""What stays together: all samples of a problem (for a server: one), for both explain tasks at once."""

BATCHES = 4
"""Batches of a transformers model in a chunk."""
SEQUENCES = 1024
"""Answers in a chunk of vLLM, which works at some hundreds at once."""
ROUNDS = 8
"""How often a server's connections are used in a chunk."""


def divided(model: Any, numbered: Sequence[Numbered]) -> list[list[Numbered]]:
    """Return the chunks, in the order in which they are asked."""
    if backends.is_transformers(model):
        batch = int(model.batch_size)
        families = _grouped(numbered, _family)
        return [
            chunk
            for family in families
            for chunk in _filled(_longest_first(model, _grouped(family, _problem)), batch * BATCHES, whole=batch)
        ]
    if backends.is_api(model):
        # A server is sent one seed at a time, that of the sample's number.
        by_sample = sorted(numbered, key=lambda item: item[1] if _is_sampled(item) else 0)
        return _filled(_grouped(by_sample, lambda item: (*_problem(item), _number(item))), ROUNDS * _parallel(model))
    return _filled(_grouped(numbered, _problem), len(numbered) if backends.loads_for_every_call(model) else SEQUENCES)


def _filled(units: Iterable[Unit], size: int, *, whole: int = 1) -> list[list[Numbered]]:
    """Put units together until there are ``size`` questions, and a multiple of ``whole`` if that comes soon."""
    chunks: list[list[Numbered]] = []
    chunk: list[Numbered] = []
    questions = 0
    for unit in units:
        chunk += unit
        questions += len({_number(item) for item in unit})
        if questions >= size and (questions % whole == 0 or questions >= 2 * size):
            chunks.append(chunk)
            chunk, questions = [], 0
    return [*chunks, chunk] if chunk else chunks


def _longest_first(model: Any, units: list[Unit]) -> list[Unit]:
    def order(unit: Unit) -> tuple[int, str]:
        prompt = unit[0][0].arguments[0]
        return -(backends.count_tokens(model, prompt) or 0), prompt_text(prompt)

    return sorted(units, key=order)


def _grouped(numbered: Iterable[Numbered], key: Callable[[Numbered], object]) -> list[Unit]:
    groups: dict[object, Unit] = {}
    for item in numbered:
        groups.setdefault(key(item), []).append(item)
    return list(groups.values())


def _family(item: Numbered) -> tuple[str, ...]:
    """Return what is batched apart: languages and scenarios end their answers differently, both explains ask alike."""
    asking = item[0].asking
    return asking.language, "explain" if asking.scenario.startswith("explain") else asking.scenario


def _problem(item: Numbered) -> tuple[str, ...]:
    return *_family(item), item[0].problem.task_id


def _is_sampled(item: Numbered) -> bool:
    return bool(item[0].arguments[1]["do_sample"])


def _number(item: Numbered) -> int | str | None:
    """Return what tells the questions about one problem apart: greedy ones are all equal."""
    request, sample = item
    return sample if _is_sampled(item) else request.description


def _parallel(model: Any) -> int:
    return max(1, int(model._concurrent)) * max(1, int(model._batch_size))
