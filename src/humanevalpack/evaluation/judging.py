"""From generations to verdicts: what turns one into a program, and the runs that are still missing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from humanevalpack.completions import extract_answer
from humanevalpack.errors import InputError
from humanevalpack.languages import Profile
from humanevalpack.problems import Problem, load_problems
from humanevalpack.programs import Program, build_program
from humanevalpack.prompts import render_prompt
from humanevalpack.results.folder import RunFolder
from humanevalpack.results.reading import template_for
from humanevalpack.results.records import ScoredSample
from humanevalpack.results.rows import COMPLETION, GENERATED, KeptRow
from humanevalpack.sandbox import Verdict
from humanevalpack.scenarios import parse_task
from humanevalpack.templates import PROMPT_AUTO, PromptTemplate, load_template, template_names


@dataclass(frozen=True, slots=True)
class Judging:
    """What turns a generation into a program: problems, templates, profile."""

    problems: Mapping[str, Mapping[str, Problem]]
    """Language to task_id to problem."""
    templates: Mapping[str, tuple[PromptTemplate, str]]
    """Scenario to template and why it was chosen."""
    profile: Profile

    @classmethod
    def of(
        cls,
        rows: Sequence[KeptRow],
        dataset: str,
        profile: Profile,
        prompt: str | PromptTemplate,
        facts: Mapping[str, Any],
    ) -> "Judging":
        """Load what the rows need; raises InputError for a problem that the data does not have."""
        tasks = [parse_task(task) for task in dict.fromkeys(row.task for row in rows)]
        # A dataset that was named instead of the run's has revisions of its own.
        revision = facts.get("dataset_revision") if dataset == facts.get("dataset") else None
        languages = dict.fromkeys(language for _, language in tasks)
        problems = {
            language: {problem.task_id: problem for problem in load_problems(language, dataset, revision=revision)}
            for language in languages
        }
        for row in rows:
            known = problems[parse_task(row.task)[1]]
            if row.task_id not in known:
                raise InputError(
                    f"{row.task}, sample {row.sample}: task_id is {row.task_id!r}; dataset {dataset!r} has "
                    f"{next(iter(known))} and so on, {len(known)} problems: set dataset as it was"
                )
        return cls(problems, _templates(rows, problems, profile, prompt, facts), profile)

    def prepared(self, row: KeptRow) -> tuple[ScoredSample, Program | None]:
        """Return the sample with its candidate, and the program to run; none for a description."""
        scenario, language = parse_task(row.task)
        template, problem = self.templates[scenario][0], self.problems[language][row.task_id]
        candidate, how = row.generation, ""
        if row.form == COMPLETION:
            found = extract_answer(
                problem, scenario, candidate, prompt=template, profile=self.profile, finish=row.finish
            )
            candidate, how = found.candidate, found.status
        if scenario == "explaindescribe":
            return ScoredSample.of(row, candidate=candidate, extraction=how, verdict=None), None
        program = build_program(problem, candidate, scenario, prompt=template, profile=self.profile)
        return ScoredSample.of(row, candidate=candidate, extraction=how, program=program.text, verdict=None), program


def _templates(
    rows: Iterable[KeptRow],
    problems: Mapping[str, Mapping[str, Problem]],
    profile: Profile,
    prompt: str | PromptTemplate,
    facts: Mapping[str, Any],
) -> dict[str, tuple[PromptTemplate, str]]:
    chosen: dict[str, tuple[PromptTemplate, str]] = {}
    for row in rows:
        scenario, language = parse_task(row.task)
        if scenario not in chosen:
            unsaid = prompt == PROMPT_AUTO and not facts.get("prompt") and row.prompt
            seen = _recognized(row, problems[language][row.task_id], profile) if unsaid else None
            chosen[scenario] = seen or template_for(prompt, scenario, facts)
    return chosen


def _recognized(row: KeptRow, problem: Problem, profile: Profile) -> tuple[PromptTemplate, str] | None:
    """Return the template whose prompt a generation was made with, if it is one that ships with the package."""
    scenario = parse_task(row.task)[0]
    if scenario == "explainsynthesize" and row.description is None:
        return None
    for name in template_names():
        template = load_template(name)
        if scenario not in template.scenarios:
            continue
        description = row.description if scenario == "explainsynthesize" else None
        if render_prompt(problem, scenario, prompt=template, description=description, profile=profile) == row.prompt:
            return template, "the generations were made with its prompt"
    return None


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A sample whose program has still to run."""

    row: KeptRow
    sample: ScoredSample
    program: Program

    def judged(self, verdict: Verdict) -> ScoredSample:
        """Return the sample with what its program did."""
        sample = self.sample
        return ScoredSample.of(
            self.row, candidate=sample.candidate, extraction=sample.extraction, program=sample.program, verdict=verdict
        )


def judge(
    run: RunFolder,
    judging: Judging,
    rows: Sequence[KeptRow],
    *,
    execute: Callable[[list[Program], Callable[[int, Verdict], None]], None],
    on_progress: Callable[[int, int], None],
) -> list[str]:
    """Give every generation its verdict, kept as it comes; return what the sandbox failed for.

    ``execute(programs, on_verdict)`` runs programs. What has a verdict in the folder for the same program is done.
    """
    asked = [row for row in rows if row.status == GENERATED]
    waiting, known = _open(run, judging, asked)
    fresh, done = [], len(asked) - len(waiting)
    for item in waiting:
        # Equal programs have one verdict, also where a kill came between them.
        held = known.get((item.program.language, item.program.text))
        if held is None:
            fresh.append(item)
        else:
            run.add_verdict(item.judged(held))
            done += 1
    on_progress(done, len(asked))
    faults: list[str] = []

    def keep(place: int, verdict: Verdict) -> None:
        nonlocal done
        row = fresh[place].row
        if verdict.status == "sandbox_error":
            faults.append(f"{row.task}, {row.task_id}, sample {row.sample}: {verdict.reason}")
            return
        run.add_verdict(fresh[place].judged(verdict))
        done += 1
        on_progress(done, len(asked))

    execute([item.program for item in fresh], keep)
    return faults


def _open(
    run: RunFolder, judging: Judging, rows: Sequence[KeptRow]
) -> tuple[list[_Waiting], dict[tuple[str, str], Verdict]]:
    """Return what has to run, and the verdicts that are there: (language, program) to verdict."""
    waiting: list[_Waiting] = []
    known: dict[tuple[str, str], Verdict] = {}
    for row in rows:
        sample, program = judging.prepared(row)
        record = run.judged.get(row.key)
        fits = record is not None and (record["candidate"], record["program"]) == (sample.candidate, sample.program)
        if program is None:
            if not fits:
                run.add_verdict(sample)
        elif record is not None and fits and record["verdict"] is not None:
            known[program.language, program.text] = Verdict.from_dict(record["verdict"])
        else:
            waiting.append(_Waiting(row, sample, program))
    return waiting, known
