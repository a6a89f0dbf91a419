"""Bootstrapping: rounds of questions for new instructions, then an answer to each, all from a journal.

A question is made of the seed tasks, the instructions taken so far and the seed alone, and a round's answers are read
in the order of its questions. So the same answers give the same instructions, whatever order they come in, and a run
that goes on begins at the first question and finds the answers in its journal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from humanevalpack.errors import EnvironmentFault, InputError
from octopack_data.chats.asking import Cost, LimitReached, ask, estimated_tokens
from octopack_data.chats.journal import CUT_OFF, REFUSED, Answer, Journal, Request
from octopack_data.chats.runs import answers_of, chat_run
from octopack_data.draws import draw
from octopack_data.manifests import DROPPED
from octopack_data.rows import write_rows
from octopack_data.self_instruct.filters import InstructionSieve
from octopack_data.self_instruct.settings import WORDING, GenerateSettings, Wording, read_wording
from octopack_data.self_instruct.tasks import Task, read_tasks, split_list
from octopack_data.sources import Part

STAGE = "self-instruct generate"


@dataclass
class _Bootstrap:
    """The instructions so far, and what was dropped on the way."""

    seeds: Sequence[Task]
    settings: GenerateSettings
    wording: Wording
    new: list[str] = field(default_factory=list)
    dropped: list[dict[str, str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    asked: int = 0

    def __post_init__(self) -> None:
        self.sieve = InstructionSieve(self.settings)
        for task in self.seeds:
            self.sieve.remember(task.instruction)

    def question(self, number: int) -> Request:
        """Return question ``number``: seed tasks and new instructions that are drawn for it, in a drawn order."""
        seeds = self._drawn("seed", [task.instruction for task in self.seeds], self.settings.seed_examples, number)
        shown = seeds + self._drawn("new", self.new, self.settings.new_examples, number)
        shown = self._drawn("order", shown, len(shown), number)
        first, last = len(shown) + 1, len(shown) + self.settings.per_request
        examples = "\n".join(f"{place}. {text}" for place, text in enumerate(shown, start=1))
        prompt = _filled(self.wording.instructions, examples=examples, first=first, last=last)
        return Request(f"instructions/{number}", prompt, self.wording.system, number)

    def _drawn(self, purpose: str, texts: Sequence[str], count: int, number: int) -> list[str]:
        places = range(len(texts))
        chosen = sorted(places, key=lambda place: draw(f"self-instruct {purpose} {number}", str(place),
                                                       self.settings.seed))  # fmt: skip
        return [texts[place] for place in chosen[:count]]

    def first_number(self) -> int:
        """Return the number that the first new instruction of a question has."""
        shown = min(len(self.seeds), self.settings.seed_examples) + min(len(self.new), self.settings.new_examples)
        return shown + 1

    def read(self, answer: Answer, first: int) -> None:
        """Take the instructions of one answer."""
        if answer.end == REFUSED:
            self.counts["refused_requests"] += 1
            return
        items = split_list(answer.text, first)
        for place, item in enumerate(items):
            cut = answer.end == CUT_OFF and place == len(items) - 1
            self._judge(item, cut_off=cut)

    def _judge(self, item: str, *, cut_off: bool) -> None:
        self.counts["rows"] += 1
        if len(self.new) >= self.settings.count:
            self.counts[DROPPED + "not_needed"] += 1
            return
        why = None if cut_off else self.sieve.take(item)
        if cut_off or why is not None:
            reason, detail = ("cut_off", "") if why is None else (why.reason, why.detail)
            self.counts[DROPPED + reason] += 1
            self.dropped.append({"instruction": item, "reason": reason, "detail": detail})
            return
        self.new.append(item)

    def rounds(self, journal: Journal, progress: Any) -> None:
        """Ask until there are enough instructions, or rounds bring nothing new; raises LimitReached."""
        fruitless = 0
        while len(self.new) < self.settings.count and fruitless < self.settings.patience:
            before, first = len(self.new), self.first_number()
            requests = [self.question(self.asked + place) for place in range(self.settings.round_size)]
            try:
                ask(requests, self.settings, journal, progress)
            finally:
                for answer in answers_of(requests, journal):
                    self.read(answer, first)
            self.asked += len(requests)
            fruitless = 0 if len(self.new) > before else fruitless + 1

    def answer_requests(self) -> list[Request]:
        """Return the question for an answer to each new instruction."""
        return [
            Request(f"answers/{number}", _filled(self.wording.answer, instruction=text), number=number)
            for number, text in enumerate(self.new)
        ]


def _filled(wording: str, **values: object) -> str:
    """Fill in what stands in braces, and nothing in what was filled in."""
    return re.sub("|".join(f"{{{name}}}" for name in values), lambda hole: str(values[hole.group()[1:-1]]), wording)


def read_seeds(part: Part) -> list[Task]:
    """Read seed tasks: rows with an ``instruction``; raises InputError without any."""
    seeds = [task for task in read_tasks(part) if task.instruction]
    if not seeds:
        raise InputError(f'{part.path}: no seed task: give rows such as {{"instruction": "Write …"}}')
    return seeds


def generate(
    part: Part, output: Path, settings: GenerateSettings, *, overwrite: bool = False, progress: bool = True
) -> dict[str, Any]:
    """Write new instructions (with answers) made from the seed tasks of ``part`` below ``output``; return the manifest.

    ``data/instructions.*``: {instruction, input, output}; ``excluded/instructions.jsonl``: what was dropped and why.
    Goes on after a kill, and with a higher ``count``. Memory: all instructions and answers; time of the search for
    similar ones: their square. Raises EnvironmentFault (the server), UsageError, InputError.
    """
    file = settings.wording or WORDING
    seeds, wording = read_seeds(part), read_wording(file)
    files = [*part.paths, file, *settings.keywords]
    # A higher count asks the same questions first, and takes the same of what they bring.
    with chat_run(
        STAGE, [part], output, settings, files, overwrite=overwrite, progress=progress, number="count"
    ) as run:
        if run.finished is not None:
            return run.finished
        work = _Bootstrap(seeds, settings, wording)
        try:
            work.rounds(run.journal, run.bar)
            if settings.answers:
                ask(work.answer_requests(), settings, run.journal, run.bar)
        except LimitReached:
            work.counts["limit_reached"] = 1
        excluded = "excluded/instructions.jsonl"
        if not work.new and not work.counts["limit_reached"]:
            write_rows(output / excluded, work.dropped)
            raise EnvironmentFault(
                f"{settings.base_url}: no instruction in {work.asked} answers is of use: read {run.journal_path} and "
                f"{output / excluded}, and give --wording a file that suits the model"
            )
        kept = f"data/instructions.{settings.format}"
        rows = write_rows(output / kept, _rows(work, run.journal), _schema)
        write_rows(output / excluded, work.dropped)
        work.counts["kept"] = rows
        return run.end([(kept, rows), (excluded, len(work.dropped))], work.counts)


def _rows(work: _Bootstrap, journal: Journal) -> Iterator[dict[str, str]]:
    for request, instruction in zip(work.answer_requests(), work.new, strict=True):
        row = {"instruction": instruction, "input": "", "output": ""}
        if work.settings.answers:
            answer = journal.answers.get(request.key)
            reason = _no_answer(answer)
            if reason or answer is None:
                work.counts[DROPPED + reason] += 1
                work.dropped.append({"instruction": instruction, "reason": reason, "detail": ""})
                continue
            row["output"] = answer.text.strip()
        yield row


def _no_answer(answer: Answer | None) -> str:
    if answer is None:
        return "not_answered"
    if answer.end == REFUSED:
        return "answer_refused"
    if answer.end == CUT_OFF:
        return "answer_cut_off"
    return "" if answer.text.strip() else "answer_empty"


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema([(name, pa.string()) for name in ("instruction", "input", "output")])


def estimate(part: Part, settings: GenerateSettings) -> Cost:
    """Return what the run would cost if every instruction that comes back were taken: the least there can be."""
    work = _Bootstrap(read_seeds(part), settings, read_wording(settings.wording or WORDING))
    questions = -(-settings.count // settings.per_request)
    size = estimated_tokens(work.wording.system + work.question(0).prompt)
    answers = settings.count if settings.answers else 0
    own = sum(estimated_tokens(task.instruction) for task in work.seeds) // len(work.seeds)
    requests = questions + answers
    return Cost(requests, questions * size + answers * own, requests * settings.max_tokens)
