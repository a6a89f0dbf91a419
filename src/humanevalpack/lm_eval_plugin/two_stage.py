"""Our own request type: lm_eval hands over every request of all our tasks at once, and gets one answer for each.

lm_eval calls ``getattr(lm, request_type)(requests)``. A method of our own, set on LM and on the cache's wrapper, can
do what ``generate_until`` alone cannot: ask for a description and then for the code in one run, give API models
another seed for each sample, set the answer budget per prompt, and keep special tokens. All generation still goes
through ``generate_until``, so caches, batching and every kind of model work as usual.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM, CachingLM

from humanevalpack.lm_eval_plugin import backends, costs
from humanevalpack.lm_eval_plugin.api_servers import seeded
from humanevalpack.lm_eval_plugin.budgets import Budget, budget_of
from humanevalpack.lm_eval_plugin.early_stop import ENDING
from humanevalpack.lm_eval_plugin.finishes import Usage, finish_of, finishes_told
from humanevalpack.lm_eval_plugin.kept import row_of, write_rows
from humanevalpack.lm_eval_plugin.requests import REQUEST_TYPE, AnswerRequest
from humanevalpack.lm_eval_plugin.samples import Generation, prompt_text
from humanevalpack.results.rows import GENERATED, TOO_LONG, writable

_Numbered = Sequence[tuple[AnswerRequest, int]]
"""Requests with the number of the sample that is asked for."""


@dataclass(frozen=True, slots=True)
class _Question:
    """One prompt to be answered once, as sample number ``sample`` of ``task_id``."""

    task_id: str
    prompt: Any
    arguments: dict[str, Any]
    budget: Budget
    sample: int

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal questions are asked once: both explain tasks share descriptions, greedy samples are all equal."""
        sampled = self.sample if self.arguments["do_sample"] else None
        return self.task_id, self.prompt, repr(sorted(self.arguments.items())), sampled


def answer(lm: Any, requests: Sequence[AnswerRequest], disable_tqdm: bool = False) -> list[str]:
    """Answer all requests; lm_eval gives a request once for each of its repeats."""
    model = backends.model_of(lm)
    name = backends.model_name(model)
    facts = {
        id(asking): asking.meet_model(name, requests) for asking in {id(r.asking): r.asking for r in requests}.values()
    }
    engine = backends.engine_facts(model)
    asked = Counter[int]()
    numbered: list[tuple[AnswerRequest, int]] = []
    for request in requests:
        request.facts |= facts[id(request.asking)] | engine
        numbered.append((request, request.idx + asked[id(request)]))
        asked[id(request)] += 1
    usage = Usage()
    if backends.is_api(model):
        costs.check(model, numbered)
    with finishes_told(model, usage) if backends.is_api(model) else nullcontext():
        first = _first_stage(lm, model, numbered)
        second = _second_stage(lm, model, numbered, first)
    counted = costs.used(usage, requests[0].asking.options) if requests else {}
    for (request, _), generation in zip(numbered, second, strict=True):
        request.generations.append(generation)
        request.facts |= counted
    _share(model, numbered)
    return [generation.text for generation in second]


def _first_stage(lm: Any, model: Any, numbered: _Numbered) -> list[Generation]:
    """Answer what each request asks first: the question itself, or for explainsynthesize a description."""
    answers = [request.asking.answer_without_model(request, sample) for request, sample in numbered]
    open_questions = [place for place, known in enumerate(answers) if known is None]
    questions = []
    for place in open_questions:
        request, sample = numbered[place]
        questions.append(_question(model, request, request.description, sample))
    for place, generation in zip(open_questions, _ask(lm, model, questions), strict=True):
        answers[place] = generation.with_description(numbered[place][0].description)
    return [generation for generation in answers if generation is not None]


def _second_stage(lm: Any, model: Any, numbered: _Numbered, first: Sequence[Generation]) -> list[Generation]:
    """Put each fresh description into a prompt and answer that; everything else is answered already."""
    answers = list(first)
    questions, places, descriptions = [], [], []
    for place, ((request, sample), generation) in enumerate(zip(numbered, first, strict=True)):
        if not request.describes_first or generation.description is not None or generation.status != GENERATED:
            continue
        description = request.asking.description_from(request.problem, generation.text)
        questions.append(_question(model, request, description, sample))
        places.append(place)
        descriptions.append(description)
    for place, description, generation in zip(places, descriptions, _ask(lm, model, questions), strict=True):
        answers[place] = generation.with_description(description)
    return answers


def _question(model: Any, request: AnswerRequest, description: str | None, sample: int) -> _Question:
    prompt, arguments = request.asking.question(request.problem, description)
    budget = budget_of(model, prompt, arguments)
    sendable = backends.request_arguments(model, {**arguments, "max_gen_toks": budget.tokens})
    sendable |= backends.own_seed(model, sendable, request.problem.task_id, prompt, sample)
    sendable.pop("total_length", None)
    if request.asking.asks_for_code(description) and backends.stops_early(model):
        words = dict.fromkeys([*sendable["until"], *request.asking.stop_words()])
        sendable[ENDING] = [request.asking.language, request.asking.options.profile, *filter(None, words)]
    if backends.has_encoder(model):
        sendable["encoder_prompt"] = request.asking.encoder_prompt_for(request.problem, description)
    return _Question(request.problem.task_id, prompt, sendable, budget, sample)


def _ask(lm: Any, model: Any, questions: Sequence[_Question]) -> list[Generation]:
    """Have every distinct question answered that leaves room for an answer."""
    texts: dict[tuple[Any, ...], str] = {}
    finishes: dict[tuple[Any, ...], str | None] = {}
    distinct = list({question.key: question for question in questions if question.budget.fits}.values())
    for batch, seed in _batches(model, distinct):
        with backends.exact_tokens(model, [question.prompt for question in batch]), seed:
            instances = [Instance("generate_until", {}, (question.prompt, question.arguments), 0) for question in batch]
            answers = lm.generate_until(instances)
        for question, text in zip(batch, answers, strict=True):
            texts[question.key], finishes[question.key] = writable(text), finish_of(text)
    return [
        Generation(
            prompt=prompt_text(question.prompt),
            text=texts.get(question.key, ""),
            status=GENERATED if question.budget.fits else TOO_LONG,
            prompt_tokens=question.budget.prompt_tokens,
            budget=question.budget.tokens,
            finish=finishes.get(question.key),
        )
        for question in questions
    ]


def _batches(model: Any, questions: Sequence[_Question]) -> Iterable[tuple[Sequence[_Question], Any]]:
    """Yield the questions that may go together; an API model sends one seed at a time."""
    if not questions:
        return
    if not backends.is_api(model):
        yield questions, nullcontext()
        return
    for sample in sorted({question.sample for question in questions}):
        yield [question for question in questions if question.sample == sample], seeded(model, sample)


def _share(model: Any, numbered: _Numbered) -> None:
    """Let every request know all generations, those of other ranks too: any rank may have to keep everything."""
    rows = [
        row_of(request.asking.name, request.problem.task_id, sample, request.generations[sample - request.idx])
        for request, sample in numbered
        if sample - request.idx < request.repeats
    ]
    if model.world_size > 1:
        gathered = [model.gather_object(rows, dst=rank) for rank in range(model.world_size)]
        rows = [row for part in gathered[model.rank] for row in part]
    if model.rank == 0:
        for folder in {request.asking.options.keep_generations for request, _ in numbered}:
            if folder is not None:
                write_rows(rows, Path(folder) / "generations.jsonl")
    for request, _ in numbered:
        request.everything = rows


def install() -> None:
    """Give lm_eval's models our request type, and the cache wrapper too: it would pass an unknown method through."""
    for model_class in (LM, CachingLM):
        setattr(model_class, REQUEST_TYPE, answer)
