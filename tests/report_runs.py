"""Runs for the tests of reports: made from the mini problems, with verdicts that are known beforehand."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import humanevalpack as hep
from humanevalpack.results import Run, ScoredSample
from humanevalpack.sandbox.verdicts import Phase, Verdict

Passes = Mapping[tuple[str, str], Sequence[str]]
"""(scenario, language) to one text a problem: ``+`` a sample that passes, ``-`` one that fails, ``c`` compile error,
``t`` timeout, ``l`` a prompt that is too long, ``s`` one that was skipped, ``g`` one that is only generated."""

_STATUSES = {"+": "passed", "-": "failed", "c": "compile_error", "t": "timeout", "x": "sandbox_error"}
_OTHERS = {"l": "prompt_too_long", "s": "skipped", "g": "generated"}


def make_run(passes: Passes, *, name: str = "run", folder: Path = Path("run"), **manifest: Any) -> Run:
    """A run with exactly these outcomes."""
    samples = [
        sample(scenario, language, index, number, letter)
        for (scenario, language), problems in passes.items()
        for index, letters in enumerate(problems)
        for number, letter in enumerate(letters)
    ]
    return Run(name=name, folder=folder, manifest={"name": name, "dataset": "mini", **manifest}, samples=samples)


def sample(
    scenario: str, language: str, index: int, number: int = 0, letter: str = "+", *, generation: str | None = None
) -> ScoredSample:
    """One sample of a mini problem; the canonical solution where no generation is given."""
    problem = hep.load_problems(language, source="mini")[index]
    description = f"What {problem.entry_point} does." if scenario == "explainsynthesize" else None
    text = "\n" + problem.canonical_solution.lstrip("\n") if generation is None else generation
    candidate = hep.extract_candidate(problem, scenario, text, prompt="octocoder")
    scored = scenario != "explaindescribe"
    verdict = None
    if letter in _STATUSES and scored:
        status = _STATUSES[letter]
        verdict = Verdict(
            status, f"because {status}", run=Phase(0.25, 0.2), peak_memory=2**24, output="out\n", exit_code=0
        )
    return ScoredSample(
        task=f"humaneval{scenario}-{language}",
        scenario=scenario,
        language=language,
        task_id=problem.task_id,
        index=problem.index,
        sample=number,
        prompt=hep.render_prompt(problem, scenario, prompt="octocoder", description=description),
        generation=text,
        status=verdict.status if verdict else _OTHERS.get(letter, "generated"),
        description=description,
        candidate=candidate,
        extraction="",
        program=hep.build_program(problem, candidate, scenario, prompt="octocoder").text if scored else "",
        verdict=verdict,
    )


def write_run(run: Run, folder: Path) -> Path:
    """Write a run as a folder of the form that ``read_run`` reads."""
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"version": 1, **run.manifest}), "utf-8")
    generations, verdicts = [], []
    for row in run.samples:
        key = {"task": row.task, "task_id": row.task_id, "sample": row.sample}
        status = "generated" if row.verdict else row.status
        texts = {"prompt": row.prompt, "generation": row.generation, "status": status, "description": row.description}
        generations.append(key | texts)
        judged = {"candidate": row.candidate, "extraction": row.extraction, "program": row.program}
        verdicts.append(key | judged | {"verdict": row.verdict.to_dict() if row.verdict else None})
    for name, rows in (("generations", generations), ("verdicts", verdicts)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder
