"""Our own request type: lm_eval hands over every request of all our tasks at once, and gets one answer for each.

lm_eval calls ``getattr(lm, request_type)(requests)``. A method of our own, set on LM and on the cache's wrapper, can
do what ``generate_until`` alone cannot: ask for a description and then for the code in one run, give API models
another seed for each sample, set the answer budget per prompt, and keep special tokens. All generation still goes
through ``generate_until``, so caches, batching and every kind of model work as usual.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM, CachingLM
from tqdm import tqdm

from humanevalpack.lm_eval_plugin import backends, costs, findings, rate_limits, seeds
from humanevalpack.lm_eval_plugin.api_servers import seeded
from humanevalpack.lm_eval_plugin.asking import announce_once
from humanevalpack.lm_eval_plugin.budgets import Budget, budget_of
from humanevalpack.lm_eval_plugin.chunks import Numbered, divided
from humanevalpack.lm_eval_plugin.devices import answering
from humanevalpack.lm_eval_plugin.early_stop import ENDING
from humanevalpack.lm_eval_plugin.finishes import Usage, finish_of, finishes_told
from humanevalpack.lm_eval_plugin.kept import row_of
from humanevalpack.lm_eval_plugin.recording import Recording, open_recording
from humanevalpack.lm_eval_plugin.requests import REQUEST_TYPE, AnswerRequest
from humanevalpack.lm_eval_plugin.samples import Generation, prompt_text
from humanevalpack.results.rows import GENERATED, TOO_LONG, writable


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
    findings.begin(requests, model=name, rank=model.rank)
    facts = {
        id(asking): asking.meet_model(name, requests) for asking in {id(r.asking): r.asking for r in requests}.values()
    }
    announce_once.cache_clear()  # everything is said that is to be said once a run
    engine = backends.engine_facts(model)
    for request in requests:
        request.facts |= facts[id(request.asking)] | engine
    numbered = _numbered(requests)
    known = {
        _place(item): generation
        for item in numbered
        if (generation := item[0].asking.answer_without_model(*item)) is not None
    }
    asked = [item for item in numbered if _place(item) not in known]
    usage = Usage()
    with _asking(model, numbered, usage) as recording:
        chunks = divided(model, asked)
        if backends.is_api(model):
            costs.check(model, [item for chunk in chunks for item in _unknown(chunk, recording)])
        with tqdm(total=len(asked), disable=disable_tqdm or model.rank != 0, desc="humanevalpack: answers") as bar:
            for chunk in chunks:
                answers = _answered(lm, model, chunk, recording)
                known |= zip(map(_place, chunk), answers, strict=True)
                bar.update(len(chunk))
    counted = costs.used(usage, requests[0].asking.options) if requests else {}
    for request in {id(request): request for request in requests}.values():
        request.generations = [known[_place(item)] for item in _samples_of(request)]
        request.facts |= counted
        request.recording = recording
    if recording is None:
        _share(model, numbered)
    given = Counter[int]()
    texts = []
    for request in requests:
        # With several ranks lm_eval repeats the last request to even out the batches.
        texts.append(request.generations[given[id(request)] % len(request.generations)].text)
        given[id(request)] += 1
    return texts


def _numbered(requests: Sequence[AnswerRequest]) -> list[Numbered]:
    return [
        item for request in {id(request): request for request in requests}.values() for item in _samples_of(request)
    ]


def _samples_of(request: AnswerRequest) -> list[Numbered]:
    return [(request, request.idx + number) for number in range(request.repeats or 1)]


def _place(item: Numbered) -> tuple[int, int]:
    return id(item[0]), item[1]


@contextmanager
def _asking(model: Any, numbered: Sequence[Numbered], usage: Usage) -> Iterator[Recording | None]:
    """Prepare the model for our questions for a while, and the run's folder; what is judged ends if they fail."""
    with ExitStack() as stack:
        stack.enter_context(backends.asked_in_chunks(model))
        if backends.is_api(model):
            stack.enter_context(finishes_told(model, usage))
            stack.enter_context(rate_limits.honoured())
        recording = open_recording(model, numbered)
        yield recording if recording is None else stack.enter_context(recording)


def _unknown(chunk: Sequence[Numbered], recording: Recording | None) -> list[Numbered]:
    known = {} if recording is None else recording.known(chunk)
    return [item for place, item in enumerate(chunk) if place not in known]


def _answered(lm: Any, model: Any, chunk: Sequence[Numbered], recording: Recording | None) -> list[Generation]:
    """Answer one chunk, both stages of it, and keep it; what the folder holds stays as it is."""
    known = {} if recording is None else recording.known(chunk)
    if not backends.is_api(model) and len(known) < len(chunk):
        known = {}  # a batch is drawn, and padded, as a whole: asked again as it was, it gives the same again
    still = [place for place in range(len(chunk)) if place not in known]
    questions = [chunk[place] for place in still]
    answers = _second_stage(lm, model, questions, _first_stage(lm, model, questions))
    found = {**known, **dict(zip(still, answers, strict=True))}
    ordered = [found[place] for place in range(len(chunk))]
    return ordered if recording is None else recording.keep(chunk, ordered)


def _first_stage(lm: Any, model: Any, numbered: Sequence[Numbered]) -> list[Generation]:
    """Answer what each request asks first: the question itself, or for explainsynthesize a description."""
    questions = [_question(model, request, request.description, sample) for request, sample in numbered]
    return [
        generation.with_description(request.description)
        for (request, _), generation in zip(numbered, _ask(lm, model, questions), strict=True)
    ]


def _second_stage(lm: Any, model: Any, numbered: Sequence[Numbered], first: Sequence[Generation]) -> list[Generation]:
    """Put each fresh description into a prompt and answer that; everything else is answered already."""
    answers = list(first)
    questions, places, descriptions = [], [], []
    for place, ((request, sample), generation) in enumerate(zip(numbered, first, strict=True)):
        if not request.describes_first or generation.status != GENERATED:
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
        with backends.exact_tokens(model, [question.prompt for question in batch]), seed, answering(model):
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
        sampled = any(question.arguments["do_sample"] for question in questions)
        keys = [question.key for question in questions]
        yield questions, seeds.torch_seeded(backends.run_seed(model), keys) if sampled else nullcontext()
        return
    for sample in sorted({question.sample for question in questions}):
        yield [question for question in questions if question.sample == sample], seeded(model, sample)


def _share(model: Any, numbered: Sequence[Numbered]) -> None:
    """Let every request know all generations, those of other ranks too: any rank may have to keep everything."""
    rows = [
        (
            request.asking.name,
            row_of(request.asking.task, request.problem.task_id, sample, request.generations[sample - request.idx]),
        )
        for request, sample in numbered
    ]
    if model.world_size > 1:
        gathered = [model.gather_object(rows, dst=rank) for rank in range(model.world_size)]
        rows = [row for part in gathered[model.rank] for row in part]
    for request, _ in numbered:
        request.everything = rows


def install() -> None:
    """Give lm_eval's models our request type, and the cache wrapper too: it would pass an unknown method through."""
    for model_class in (LM, CachingLM):
        setattr(model_class, REQUEST_TYPE, answer)
