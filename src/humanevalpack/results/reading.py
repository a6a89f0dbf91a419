"""Generations in whatever file a harness left them, read into rows of ours.

Four kinds: a run's folder or JSON lines of ours, lm_eval's sample logs, the reference harness's list of lists, and
JSON lines with task_id and completion (HumanEval, EvalPlus, HumanEval-X).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, UsageError
from humanevalpack.json_lines import read_json_lines
from humanevalpack.languages import LANGUAGES, get_language
from humanevalpack.problems import Problem, load_problems
from humanevalpack.prompts import choose_template
from humanevalpack.results.completion_lines import read_completion_lines
from humanevalpack.results.folder import GENERATIONS, read_generation_lines, read_run
from humanevalpack.results.forms import Form, Recognizer, Text, check_form, settle
from humanevalpack.results.lists import of_one_problem, placed, read_lists
from humanevalpack.results.lm_eval_logs import facts_beside, is_our_log, rows_of_log, task_of_log
from humanevalpack.results.manifest import MANIFEST, read_manifest
from humanevalpack.results.rows import COMPLETION, GENERATED, PROGRAM, KeptRow, Key
from humanevalpack.scenarios import SCENARIOS, parse_task, task_name
from humanevalpack.templates import PROMPT_AUTO, PromptTemplate, load_template, recorded_template

_TASK_IN_NAME = re.compile(rf"humaneval({'|'.join(SCENARIOS)})-({'|'.join(LANGUAGES)})(?![a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Generations:
    """The generations of one file."""

    path: Path
    kind: str
    """``run``, ``rows``, ``lm_eval log``, ``list of lists`` or ``completions``."""
    rows: Sequence[KeptRow]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the file's manifest or results say of how they were made."""
    notes: Sequence[str] = ()
    """What had to be found out, for people."""


def read_generations(
    path: str | Path,
    task: str | None = None,
    *,
    dataset: str | Path | None = None,
    prompt: str | PromptTemplate = PROMPT_AUTO,
    form: str = "auto",
    limit_start: int | None = None,
    descriptions_per_problem: int | None = None,
    one_problem: bool = False,
) -> Generations:
    """Read generations; ``task`` (``humanevalfixtests-python``) where the file does not say it, or to select one.

    The others are for files of other harnesses: which problems rows stand for (``one_problem``: that whose number ends
    the file's name), what texts are (``form``: auto, completion, full, program). Raises UsageError for an argument,
    InputError for a file: it names file, row, field and value.
    """
    path = Path(path).expanduser()
    if task is not None:
        parse_task(task)
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    if path.is_dir():
        return _selected(_folder(path), task)
    foreign = _Foreign(path, task, dataset or "hub", prompt, check_form(form))
    if path.suffix == ".json":
        return _lists(foreign, limit_start, descriptions_per_problem, one_problem)
    kind = kind_of_lines(path)
    if kind == "rows":
        return _selected(_rows(path), task)
    if kind == "lm_eval log":
        rows = [row for _, row in rows_of_log(path, task_of_log(path) or foreign.named_task())]
        return _selected(Generations(path=path, kind=kind, rows=rows, facts=facts_beside(path)), task)
    return _completions(foreign)


def template_for(prompt: str | PromptTemplate, scenario: str, facts: Mapping[str, Any]) -> tuple[PromptTemplate, str]:
    """Return the template and why: the one asked for, else that of the file's run, else by its model's name."""
    if isinstance(prompt, PromptTemplate) or prompt != PROMPT_AUTO:
        template = load_template(prompt)
        reason = f"prompt={template.name} was asked for"
    elif name := _prompt_of(scenario, facts.get("prompt")):
        template = made_with(facts, scenario) or load_template(name)
        reason = str(facts.get("prompt_reason") or "the run was made with it")
    else:
        choice = choose_template(str(facts.get("model") or ""), scenario)
        template, reason = choice.template, choice.reason
    template.check_supports(scenario)
    return template, reason


def made_with(facts: Mapping[str, Any], scenario: str) -> PromptTemplate | None:
    """Return the template of a scenario that a run's manifest holds whole: a file of its name may say something else.

    Raises InputError for one that is damaged.
    """
    record = (facts.get("prompt_templates") or {}).get(scenario)
    return None if record is None else recorded_template(record)


def _prompt_of(scenario: str, prompt: object) -> str | None:
    """Return the name of a run's template for one scenario: the manifest may hold several."""
    found = prompt.get(scenario) if isinstance(prompt, Mapping) else prompt
    return str(found) if found else None


@dataclass(frozen=True, slots=True)
class _Foreign:
    """A file whose rows do not say everything, and what was said of it."""

    path: Path
    task: str | None
    dataset: str | Path
    prompt: str | PromptTemplate
    form: Form

    def named_task(self) -> str:
        """Return the task that was given, or that the file's name holds; raises UsageError."""
        found = _TASK_IN_NAME.search(self.path.name)
        if self.task is None and found is None:
            raise UsageError(
                f"{self.path} does not say its task: give it (--task {task_name('fixtests', 'python')}, say)"
            )
        return self.task or str(found and found[0])

    def recognizer(self, task: str) -> Recognizer:
        """Return what knows prompts and heads of this task."""
        scenario = parse_task(task)[0]
        return Recognizer(scenario, template_for(self.prompt, scenario, {})[0])

    def problems(self, task: str) -> tuple[Problem, ...]:
        """Load the problems of this task's language."""
        return load_problems(parse_task(task)[1], self.dataset)


def _folder(path: Path) -> Generations:
    if (path / GENERATIONS).is_file():
        facts = read_manifest(path) if (path / MANIFEST).is_file() else {}
        return Generations(path=path, kind="run", rows=read_generation_lines(path / GENERATIONS), facts=facts)
    run = read_run(path)
    return Generations(path=path, kind="run", rows=[sample.row() for sample in run.samples], facts=run.manifest)


def _rows(path: Path) -> Generations:
    beside = path.parent if path.name == GENERATIONS and (path.parent / MANIFEST).is_file() else None
    facts = read_manifest(beside) if beside else {}
    return Generations(path=path, kind="rows", rows=read_generation_lines(path), facts=facts)


def kind_of_lines(path: Path) -> str:
    """Return ``rows`` (ours), ``lm_eval log`` or ``completions``, by the first line; raises InputError."""
    for number, record in read_json_lines(path, grows=True):
        if not isinstance(record, dict):
            raise InputError(f"{path}, line {number}: expected a JSON object, found {type(record).__name__}")
        if "generation" in record and "status" in record:
            return "rows"
        return "lm_eval log" if is_our_log(record) else "completions"
    raise InputError(f"{path}: no generations in it: it is empty")


def _lists(foreign: _Foreign, limit_start: int | None, descriptions: int | None, one_problem: bool) -> Generations:
    task = foreign.named_task()
    recognizer, problems, rows = foreign.recognizer(task), foreign.problems(task), read_lists(foreign.path)
    if one_problem:
        rows, limit_start = of_one_problem(rows, foreign.path)
        descriptions = 1 if recognizer.scenario == "explainsynthesize" else None
    texts, notes = placed(rows, foreign.path, problems, recognizer, limit_start=limit_start, descriptions=descriptions)
    if empty := sum(not row for row in rows):
        notes.append(f"{foreign.path}: {empty} rows are empty: nothing was generated for them")
    settled, note = settle(texts, foreign.form, recognizer, mixed=False)
    return _made(foreign, "list of lists", {task: settled}, [*notes, f"{foreign.path}: {note}"])


def _completions(foreign: _Foreign) -> Generations:
    known: dict[str, dict[str, Problem]] = {}

    def problem_of(task: str, task_id: str, place: str) -> Problem:
        if task not in known:
            known[task] = {problem.task_id: problem for problem in foreign.problems(task)}
        if task_id not in known[task]:
            first, *_ = known[task]
            raise InputError(
                f"{place}: field 'task_id' is {task_id!r}; the problems of {task} in dataset {foreign.dataset!r} are "
                f"{first} and so on, {len(known[task])} in all"
            )
        return known[task][task_id]

    by_task: dict[str, list[Text]] = {}
    for line in read_completion_lines(foreign.path):
        task = foreign.named_task() if line.task is None else line.task
        language = parse_task(task)[1]
        prefix, _, number = line.task_id.rpartition("/")
        # HumanEval's own data has one prefix for what is Python here.
        task_id = f"{get_language(language).task_prefix}/{number}" if prefix == "HumanEval" else line.task_id
        problem = problem_of(task, task_id, line.place)
        text = Text(
            place=line.place,
            problem=problem,
            sample=line.sample,
            text=line.text,
            description=line.description,
            form=PROGRAM if line.whole else COMPLETION,
            finish=line.finish,
        )
        by_task.setdefault(task, []).append(text)
    notes, settled = [], {}
    for task, texts in by_task.items():
        whole = foreign.form == "auto" and all(text.form == PROGRAM for text in texts)
        settled[task], note = settle(texts, PROGRAM if whole else foreign.form, foreign.recognizer(task), mixed=True)
        notes.append(f"{foreign.path}: {task}: {note}")
    return _selected(_made(foreign, "completions", settled, notes), foreign.task)


def _made(foreign: _Foreign, kind: str, texts: Mapping[str, Iterable[Text]], notes: Sequence[str]) -> Generations:
    rows = [_row(task, text) for task, found in texts.items() for text in found]
    return Generations(path=foreign.path, kind=kind, rows=_unique(rows, foreign.path), notes=notes)


def _row(task: str, text: Text) -> KeptRow:
    return KeptRow(
        task=task,
        task_id=text.problem.task_id,
        sample=text.sample,
        prompt=text.prompt,
        generation=text.text,
        status=GENERATED,
        description=text.description,
        finish=text.finish,
        form=text.form,
    )


def _unique(rows: Sequence[KeptRow], path: Path) -> Sequence[KeptRow]:
    seen: dict[Key, KeptRow] = {}
    for row in rows:
        if seen.setdefault(row.key, row) is not row:
            raise InputError(f"{path}: {', '.join(map(str, row.key))} stands here a second time")
    return rows


def _selected(found: Generations, task: str | None) -> Generations:
    if task is None:
        return found
    rows = [row for row in found.rows if row.task == task]
    if not rows:
        tasks = ", ".join(dict.fromkeys(row.task for row in found.rows)) or "none"
        raise InputError(f"{found.path}: no generation of {task}; its tasks: {tasks}")
    return Generations(path=found.path, kind=found.kind, rows=rows, facts=found.facts, notes=found.notes)
