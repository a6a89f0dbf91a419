"""Looking at one sample, or at the samples of a problem or a task: what is wrong with them, if anything."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from humanevalpack.diagnosis.evidence import Evidence, is_answer, is_judged, is_wrong
from humanevalpack.diagnosis.messages import compiler_message, could_be_cut_off, missing_name
from humanevalpack.diagnosis.records import Unit
from humanevalpack.prompts import NO_TEMPLATE, choose_template
from humanevalpack.results import ScoredSample
from humanevalpack.results.rows import PROGRAM

_LONGEST_PIECE, _REPEATS, _LOOP = 40, 10, 30
"""An answer loops if it ends with a piece of so many characters so often, and for so many characters in all."""
_CHARACTERS_A_TOKEN = 2
"""A cautious guess: code has three to four."""
_EVERYWHERE = 5
_SYSTEMATIC = 3
_MANY = 5
"""Samples a problem that nobody makes without a temperature, where none is recorded."""
_CODE_LINE = re.compile(
    r"^\s*(?:```|(?:def|func|fn) \w+\(|return\b.*[\w)\]];?$|(?:for|while|if)\b.*[:{]$|.*;$|.*\S\s*\{$|\}$|#include)"
)


def with_status(counted: Callable[[ScoredSample], bool], *statuses: str) -> Callable[[Evidence], Iterable[Unit]]:
    """Look for statuses among the samples that count."""
    return lambda run: run.samples(counted, lambda sample: sample.status if sample.status in statuses else None)


def anyone(_sample: ScoredSample) -> bool:
    """Count every sample."""
    return True


def is_scored(sample: ScoredSample) -> bool:
    """Whether a sample belongs to a task with a score."""
    return sample.scenario != "explaindescribe"


def shaped(code: str) -> Callable[[Evidence], Iterable[Unit]]:
    """Look for what an answer begins with (``answers.py``)."""

    def sign(run: Evidence, sample: ScoredSample) -> str | None:
        found = run.shape(sample)
        return found.sign if found and found.code == code else None

    return lambda run: run.samples(run.is_bare, lambda sample: sign(run, sample))


def default_template(run: Evidence) -> Iterable[Unit]:
    """The model's name matched no template."""

    def sign(sample: ScoredSample) -> str | None:
        chosen = str(run.setting("prompt_reason", sample.task) or "").startswith(NO_TEMPLATE)
        return run.model if chosen and run.setting("prompt", sample.task) == "instruct" else None

    return run.samples(is_answer, sign)


def other_template(run: Evidence) -> Iterable[Unit]:
    """A template names this model, and another one was used."""
    own = choose_template(run.model).template.name

    def sign(sample: ScoredSample) -> str | None:
        used = run.setting("prompt", sample.task)
        return own if own != "instruct" and isinstance(used, str) and used not in (own, "chat") else None

    return run.samples(is_answer, sign)


def empty_answer(run: Evidence) -> Iterable[Unit]:
    """Nothing at all."""
    return run.samples(is_answer, lambda sample: "" if is_wrong(sample) and not sample.generation.strip() else None)


def extracted(*words: str) -> Callable[[Evidence], Iterable[Unit]]:
    """Look for how a chat's answer was taken apart, and why a server ended it."""

    def sign(sample: ScoredSample) -> str | None:
        said = next((word for word in words if word in (sample.extraction, sample.finish)), None)
        return said if is_wrong(sample) else None

    return lambda run: run.samples(is_answer, sign)


def cut_by_stop_word(run: Evidence) -> Iterable[Unit]:
    """A stop word ends the answer before its code has begun, or a bracket language's function before its end."""

    def sign(sample: ScoredSample) -> str | None:
        text, words = sample.generation.rstrip(), run.words(sample)
        kept = run.kept(sample)
        if not is_wrong(sample) or kept == text or not text.strip():
            return None
        body = re.sub(r'"""|#[^\n]*|//[^\n]*', "", kept).strip()
        if body and (sample.language == "python" or not run.unfinished(sample)):
            return None
        first = min((word for word in words if word in text), key=text.find)
        return repr(first)

    return run.samples(run.is_bare, sign)


def cut_by_length(run: Evidence) -> Iterable[Unit]:
    """The server says so, and the function is not closed; or an answer without an end is as long as its budget."""

    def sign(sample: ScoredSample) -> str | None:
        if not is_wrong(sample) or (run.is_bare(sample) and not run.unfinished(sample)):
            return None  # what a model writes behind its function is cut off, whatever ended it
        if sample.finish == "length" or sample.extraction == "length_cut":
            return ""
        if sample.finish is not None or not run.is_bare(sample):
            return None
        budget, total = (run.setting(name, sample.task) for name in ("max_new_tokens", "total_length"))
        # With the prompt, where the prompt is a part of the budget.
        length, limit = (len(sample.prompt + sample.generation), total) if total else (len(sample.generation), budget)
        return "" if isinstance(limit, int) and length >= limit * _CHARACTERS_A_TOKEN else None

    return run.samples(is_answer, sign)


def endless_loop(run: Evidence) -> Iterable[Unit]:
    """The answer says the same over and over again until it ends."""
    return run.samples(is_answer, lambda sample: _looped(sample.generation.rstrip()) if is_wrong(sample) else None)


def _looped(text: str) -> str | None:
    for length in range(1, _LONGEST_PIECE + 1):
        size = max(_REPEATS * length, _LOOP)
        end = text[-size:]
        if len(end) == size and end[length:] == end[:-length]:
            return repr(end[-length:].strip())
    return None


def same_everywhere(run: Evidence) -> Iterable[Unit]:
    """The very same answer to several problems."""
    places = defaultdict[str, set[str]](set)
    for sample in run.run.samples:
        if is_wrong(sample) and sample.generation.strip() and sample.form != PROGRAM:
            places[sample.generation.strip()].add(sample.task_id)

    def sign(sample: ScoredSample) -> str | None:
        return "" if len(places.get(sample.generation.strip(), ())) >= _EVERYWHERE else None

    return run.samples(is_answer, sign)


def same_samples(run: Evidence) -> Iterator[Unit]:
    """All samples of a problem are the same text, though they were drawn at random."""
    for samples, temperature in _problems(run):
        if temperature != 0 and len(samples) >= (2 if temperature else _MANY):
            yield Unit(samples, _alike(samples))


def greedy_samples(run: Evidence) -> Iterator[Unit]:
    """All samples of a problem are the same text, as greedy ones have to be."""
    for samples, temperature in _problems(run):
        if temperature == 0 and len(samples) > 1:
            yield Unit(samples, _alike(samples))


def _problems(run: Evidence) -> Iterator[tuple[list[ScoredSample], Any]]:
    """Yield the answers to each problem, and the temperature of its task."""
    by_problem = defaultdict[tuple[str, str], list[ScoredSample]](list)
    for sample in run.run.samples:
        if is_answer(sample) and sample.generation.strip():
            by_problem[sample.task, sample.task_id].append(sample)
    for (task, _), samples in by_problem.items():
        yield samples, run.setting("temperature", task)


def _alike(samples: Iterable[ScoredSample]) -> str | None:
    return "" if len({sample.generation for sample in samples}) == 1 else None


def empty_description(run: Evidence) -> Iterable[Unit]:
    """Nothing is left of a description, or explainsynthesize got none."""
    extracted_any = any(sample.candidate for sample in run.run.samples if sample.scenario == "explaindescribe")

    def sign(sample: ScoredSample) -> str | None:
        if sample.scenario == "explaindescribe":
            text = sample.candidate if extracted_any else sample.generation
        else:
            text = str(sample.description)
        return "" if not text.strip() else None

    return run.samples(_is_description, sign)


def code_in_description(run: Evidence) -> Iterable[Unit]:
    """A description quotes code: two lines that can be nothing else."""

    def sign(sample: ScoredSample) -> str | None:
        text = sample.candidate if sample.scenario == "explaindescribe" else str(sample.description)
        lines = [line.strip() for line in text.split("\n") if _CODE_LINE.match(line)]
        return max(lines, key=len)[:60] if len(lines) > 1 else None

    return run.samples(_is_description, sign)


def _is_description(sample: ScoredSample) -> bool:
    return is_answer(sample) and (sample.scenario == "explaindescribe" or sample.description is not None)


def missing_names(run: Evidence) -> Iterable[Unit]:
    """A name that programs of several problems lack though it stood somewhere: a missing import or helper."""
    found: dict[int, str] = {}
    problems = defaultdict[tuple[str, str], set[str]](set)
    for sample in run.run.samples:
        name = missing_name(sample) if is_judged(sample) else None
        if name is not None and could_be_cut_off(name, sample):
            found[id(sample)] = name
            problems[sample.language, name].add(sample.task_id)

    def sign(sample: ScoredSample) -> str | None:
        name = found.get(id(sample))
        return name if name is not None and len(problems[sample.language, name]) >= _SYSTEMATIC else None

    return run.samples(is_judged, sign)


def not_compiled(run: Evidence) -> Iterable[Unit]:
    """Programs that do not compile, with what the compiler says."""
    return run.samples(is_judged, lambda sample: _named(sample, compiler_message(sample)))


def _named(sample: ScoredSample, message: str | None) -> str | None:
    return None if message is None else f"{sample.language}: {message}"


def nothing_kept(run: Evidence) -> Iterable[Unit]:
    """There was an answer, and nothing of it is in the program."""

    def sign(sample: ScoredSample) -> str | None:
        if sample.form == PROGRAM or not sample.generation.strip() or sample.status == "passed":
            return None
        candidate = sample.candidate.strip()
        return "" if not candidate or sample.prompt.rstrip().endswith(candidate) else None

    return run.samples(lambda sample: is_judged(sample) and sample.verdict is not None, sign)
