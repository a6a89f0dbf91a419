"""From generations to verdicts and scores: one batch of executions per task, one dictionary of metrics per problem."""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from humanevalpack.completions import EXTRACTIONS, FINISHES, cut_at_stop_words, extract_answer
from humanevalpack.errors import SandboxFault
from humanevalpack.lm_eval_plugin.options import Options
from humanevalpack.lm_eval_plugin.samples import Generation, Sample
from humanevalpack.metrics import pass_at_k
from humanevalpack.problems import Problem
from humanevalpack.programs import Program, build_program
from humanevalpack.prompts import stop_words
from humanevalpack.results.rows import GENERATED, SKIPPED, TOO_LONG
from humanevalpack.sandbox import STATUSES, Verdict, choose_sandbox, run_programs
from humanevalpack.templates import PromptTemplate

COUNTED = (*STATUSES, TOO_LONG)
"""Statuses whose numbers stand beside the score."""
HOW = (*(f"extraction_{word}" for word in EXTRACTIONS), *(f"finish_{word}" for word in FINISHES if word != "stop"))
"""Counts of how answers ended and of how code was found in them; they stand beside the score where they occur."""


def extract(
    scenario: str, template: PromptTemplate, options: Options, answers: Iterable[tuple[int, Problem, Generation]]
) -> list[Sample]:
    """Take the candidate (or description) out of each generation: (sample number, problem, generation)."""
    samples = []
    for number, problem, generation in answers:
        completion, extraction, emptied = "", "", False
        if generation.status == GENERATED:
            text = generation.text
            found = extract_answer(
                problem, scenario, text, prompt=template, profile=options.profile, finish=generation.finish
            )
            completion, extraction = found.candidate, found.status
            if scenario == "explaindescribe" and not completion.strip() and template.answer == "fenced":
                emptied = not extraction
            elif scenario == "explaindescribe" and not completion.strip():
                words = stop_words(problem.language, prompt=template, profile=options.profile)
                emptied = bool(cut_at_stop_words(text.strip()[: len(problem.docstring)], words).strip())
        samples.append(
            Sample(number=number, generation=generation, completion=completion, extraction=extraction, emptied=emptied)
        )
    return samples


def run_samples(
    scenario: str,
    template: PromptTemplate,
    options: Options,
    samples: Sequence[Sample],
    problems: Sequence[Problem],
    *,
    ranks: int,
) -> list[Verdict | None]:
    """Build and run every generated sample's program in one batch; raises SandboxFault for a lasting fault of ours."""
    places = [place for place, sample in enumerate(samples) if sample.status == GENERATED]
    verdicts: list[Verdict | None] = [None] * len(samples)
    programs: list[Program] = [
        build_program(problems[place], samples[place].completion, scenario, prompt=template, profile=options.profile)
        for place in places
    ]
    results = run_programs(
        programs,
        sandbox=choose_sandbox(options.sandbox, {problem.language for problem in problems}, workers=options.workers),
        workers=workers_of(options, ranks),
        time_limit=options.time_limit,
        # lm_eval itself asks for --confirm_run_unsafe_code before it lets a task of the process sandbox start.
        confirm_unsafe=options.sandbox == "process",
    )
    for place, verdict in zip(places, results, strict=True):
        if verdict.status == "sandbox_error":
            raise SandboxFault(f"{problems[place].task_id}, sample {samples[place].number}: {verdict.reason}")
        verdicts[place] = verdict
    return verdicts


def workers_of(options: Options, ranks: int) -> int | str:
    """Share this machine's cores between lm_eval's ranks, which all execute at the same time."""
    if isinstance(options.workers, str):
        return options.workers
    return max(1, (options.workers or len(os.sched_getaffinity(0))) // ranks)


def code_metrics(
    samples: Sequence[dict[str, Any]], options: Options, statuses: Sequence[str], how: Sequence[str] = ()
) -> dict[str, float]:
    """Return one problem's pass@k and counts of ``statuses`` and of ``how`` (words of HOW).

    Only how many samples if its language is left out.
    """
    if any(sample["status"] == SKIPPED for sample in samples):
        return {"skipped": len(samples)}
    found = [sample["status"] for sample in samples]
    passed = found.count("passed")
    scores = {f"pass@{k}": pass_at_k(n=len(samples), c=passed, k=k) for k in options.scored_ks(len(samples))}
    return scores | {f"samples_{status}": found.count(status) for status in statuses} | _counts(samples, how)


def words_of(sample: Mapping[str, Any]) -> set[str]:
    """Return the words of HOW that are true of a logged sample."""
    return {f"extraction_{sample.get('extraction')}", f"finish_{sample.get('finish')}"} & set(HOW)


def _counts(samples: Sequence[dict[str, Any]], how: Sequence[str]) -> dict[str, float]:
    return {word: sum(word in words_of(sample) for sample in samples) for word in how}


def description_metrics(samples: Sequence[dict[str, Any]], how: Sequence[str] = ()) -> dict[str, float]:
    """Return one problem's counts: descriptions have no score."""
    lengths = [len(sample["completion"]) for sample in samples]
    return {
        "description_characters": sum(lengths) / len(lengths),
        "descriptions_emptied": sum(sample["emptied"] for sample in samples),
        f"samples_{TOO_LONG}": sum(sample["status"] == TOO_LONG for sample in samples),
    } | _counts(samples, how)


def aggregations(ks: Iterable[int], mean: Callable[[Sequence[float]], float]) -> dict[str, Callable[..., float]]:
    """Return how lm_eval puts the problems' metrics together: means of scores and lengths, sums of counts."""
    means = [*(f"pass@{k}" for k in ks), "description_characters"]
    sums = ["descriptions_emptied", "skipped", *(f"samples_{status}" for status in COUNTED), *HOW]
    return dict.fromkeys(means, mean) | dict.fromkeys(sums, sum)


def read_samples(results: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Return the samples of one problem from lm_eval's filtered responses: JSON texts per request."""
    return [json.loads(text) for texts in results for text in texts]
