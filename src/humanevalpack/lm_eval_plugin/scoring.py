"""From generations to verdicts and scores: one batch of executions per task, one dictionary of metrics per problem."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from humanevalpack.completions import cut_at_stop_words, extract_candidate
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


def extract(
    scenario: str, template: PromptTemplate, options: Options, answers: Iterable[tuple[int, Problem, Generation]]
) -> list[Sample]:
    """Take the candidate (or description) out of each generation: (sample number, problem, generation)."""
    samples = []
    for number, problem, generation in answers:
        completion, emptied = "", False
        if generation.status == GENERATED:
            text = generation.text
            completion = extract_candidate(problem, scenario, text, prompt=template, profile=options.profile)
            if scenario == "explaindescribe" and not completion.strip():
                words = stop_words(problem.language, prompt=template, profile=options.profile)
                emptied = bool(cut_at_stop_words(text.strip()[: len(problem.docstring)], words).strip())
        samples.append(Sample(number=number, generation=generation, completion=completion, emptied=emptied))
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
        workers=_workers(options, ranks),
        time_limit=options.time_limit,
        # lm_eval itself asks for --confirm_run_unsafe_code before it lets a task of the process sandbox start.
        confirm_unsafe=options.sandbox == "process",
        journal=options.journal,
    )
    for place, verdict in zip(places, results, strict=True):
        if verdict.status == "sandbox_error":
            raise SandboxFault(f"{problems[place].task_id}, sample {samples[place].number}: {verdict.reason}")
        verdicts[place] = verdict
    return verdicts


def _workers(options: Options, ranks: int) -> int | str:
    """Share this machine's cores between lm_eval's ranks, which all execute at the same time."""
    if isinstance(options.workers, str):
        return options.workers
    return max(1, (options.workers or len(os.sched_getaffinity(0))) // ranks)


def code_metrics(samples: Sequence[dict[str, Any]], options: Options, statuses: Sequence[str]) -> dict[str, float]:
    """Return one problem's pass@k and counts of ``statuses``; only how many samples if its language is left out."""
    if any(sample["status"] == SKIPPED for sample in samples):
        return {"skipped": len(samples)}
    found = [sample["status"] for sample in samples]
    passed = found.count("passed")
    scores = {f"pass@{k}": pass_at_k(n=len(samples), c=passed, k=k) for k in options.scored_ks(len(samples))}
    return scores | {f"samples_{status}": found.count(status) for status in statuses}


def description_metrics(samples: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return one problem's counts: descriptions have no score."""
    lengths = [len(sample["completion"]) for sample in samples]
    return {
        "description_characters": sum(lengths) / len(lengths),
        "descriptions_emptied": sum(sample["emptied"] for sample in samples),
        f"samples_{TOO_LONG}": sum(sample["status"] == TOO_LONG for sample in samples),
    }


def aggregations(ks: Iterable[int], mean: Callable[[Sequence[float]], float]) -> dict[str, Callable[..., float]]:
    """Return how lm_eval puts the problems' metrics together: means of scores and lengths, sums of counts."""
    means = [*(f"pass@{k}" for k in ks), "description_characters"]
    sums = ["descriptions_emptied", "skipped", *(f"samples_{status}" for status in COUNTED)]
    return dict.fromkeys(means, mean) | dict.fromkeys(sums, sum)


def read_samples(results: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Return the samples of one problem from lm_eval's filtered responses: JSON texts per request."""
    return [json.loads(text) for texts in results for text in texts]
