"""Drives a checkout of the reference harness (bigcode-evaluation-harness): its own answers, candidates and programs.

Run as a script by parity.py, in a process of its own. The harness stays as it is; from outside it gets the data set
(local rows in place of the hub's), the metric (ours keeps the programs; Python's are executed by the harness's own
code_eval if that is allowed), a fresh copy of the stop words for each task (it changes shared lists), and for
explainsynthesize a data set that knows ``select`` (it calls it on a plain list, which ends with an AttributeError).
"""

import copy
import json
import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from humanevalpack import Problem, load_problems
from humanevalpack.scenarios import parse_task

COLUMNS = (
    *("task_id", "prompt", "declaration", "canonical_solution", "buggy_solution", "bug_type", "failure_symptoms"),
    *("entry_point", "signature", "docstring", "instruction", "test", "example_test", "import", "test_setup"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What both harnesses do."""

    model: str
    dataset: str
    tasks: tuple[str, ...]
    limit: int
    prompt: str
    total_length: int
    """Tokens of prompt and answer together."""
    execute: bool
    """Whether programs may run on this machine without a sandbox, as the reference harness runs them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One greedy answer, from either harness."""

    task: str
    problem: int
    """Place of the problem in its language."""
    prompt: str
    generation: str
    """The text after the prompt; the reference's with the whole token in which a stop word ended."""
    candidate: str
    program: str | None
    """None for descriptions."""
    passed: bool | None


def columns(problem: Problem) -> dict[str, str]:
    """Return the problem as a row of the published data set."""
    return {name: getattr(problem, "import_" if name == "import" else name) for name in COLUMNS}


class Rows(list[dict[str, Any]]):
    """A list that knows what the harness asks of explainsynthesize's data set."""

    def select(self, places: Sequence[int]) -> "Rows":
        """Return the rows at ``places``."""
        return Rows(self[place] for place in places)


class Metric:
    """Stands in for the metric that the harness loads from the hub: keeps programs, executes Python's if allowed."""

    def __init__(self, code_eval: Any | None) -> None:
        self.programs: list[str] = []
        self.passed: list[bool | None] = []
        self._code_eval = code_eval

    def compute(
        self, references: Sequence[str], predictions: Sequence[Sequence[str]], language: str, **settings: Any
    ) -> tuple[dict[str, float], dict[int, Any]]:
        """Take one program for each problem, as the harness has built it."""
        pairs = zip(predictions, references, strict=True)
        self.programs = [f"{program}\n{reference}" for (program,), reference in pairs]
        self.passed = [None] * len(self.programs)
        if self._code_eval is not None and language == "python":
            _, results = self._code_eval(predictions=predictions, references=references, k=[1], **settings)
            self.passed = [bool(results[place][0][1]["passed"]) for place in range(len(self.programs))]
        return {}, {}


def reference_answers(harness: Path, plan: Plan) -> list[Answer]:
    """Run every task of the plan in the harness; descriptions are made before the code that needs them."""
    sys.path.insert(0, str(harness))
    import bigcode_eval.base
    from bigcode_eval.tasks import humanevalpack as tasks
    from bigcode_eval.tasks.custom_metrics.code_eval import compute_code_eval

    data = {
        language: [columns(problem) for problem in load_problems(language, plan.dataset)]
        for language in dict.fromkeys(parse_task(task)[1] for task in plan.tasks)
    }
    bigcode_eval.base.load_dataset = lambda path, name: {"test": _hub_like(data[name])}
    synthesize = tasks.HumanEvalExplainSynthesizeBase
    listed = synthesize.get_dataset
    synthesize.get_dataset = lambda task: Rows(listed(task))
    words = copy.deepcopy(tasks.LANGUAGE_TO_STOP_WORDS)
    evaluator = _evaluator(plan)
    answers: list[Answer] = []
    for name in sorted(plan.tasks):  # explaindescribe before explainsynthesize
        tasks.LANGUAGE_TO_STOP_WORDS = copy.deepcopy(words)
        metric = Metric(compute_code_eval if plan.execute else None)
        tasks.load = lambda _name, metric=metric: metric
        answers += _task_answers(evaluator, name, metric)
    return answers


def _hub_like(rows: Sequence[Mapping[str, str]]) -> Any:
    from datasets import Dataset

    return Dataset.from_list([dict(row) for row in rows])


def _evaluator(plan: Plan) -> Any:
    """Model, tokenizer and settings as the harness's main script makes them, for greedy answers one at a time."""
    import torch
    from accelerate import Accelerator
    from bigcode_eval.arguments import EvalArguments
    from bigcode_eval.evaluator import Evaluator
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(plan.model, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(plan.model, truncation_side="left", padding_side="right")
    tokenizer.pad_token = tokenizer.eos_token
    settings: dict[str, Any] = {
        **asdict(EvalArguments(do_sample=False)),
        "limit": plan.limit,
        "limit_start": 0,
        "max_length_generation": plan.total_length,
        "modeltype": "causal",
        "batch_size": 1,
        "prompt": plan.prompt,
        "postprocess": True,
        "instruction_tokens": None,
        "check_references": False,
        "max_memory_per_gpu": None,
        "save_every_k_tasks": -1,
        "load_generations_path": None,
        "load_data_path": None,
        "save_generations": False,
        "save_references": False,
        "save_generations_path": "generations.json",
        "metric_output_path": "evaluation_results.json",
        "allow_code_execution": True,  # the metric above has the say
    }
    return Evaluator(Accelerator(cpu=not torch.cuda.is_available()), model, tokenizer, Namespace(**settings))


def _task_answers(evaluator: Any, name: str, metric: Metric) -> list[Answer]:
    from bigcode_eval import tasks

    scenario, language = parse_task(name)
    descriptions = Path(f"descriptions_{language}.json").resolve()
    evaluator.args.load_data_path = str(descriptions) if scenario == "explainsynthesize" else None
    raw: dict[int, tuple[str, str, str]] = {}
    make = tasks.get_task

    def watched(task_name: str, arguments: Any) -> Any:
        task = make(task_name, arguments)
        postprocess = task.postprocess_generation

        def kept(generation: str, place: int) -> str:
            prompt = task.get_prompt(task.get_dataset()[place])
            candidate = postprocess(generation, place)
            raw[place] = (prompt, generation[len(prompt) :], candidate or "")
            return str(candidate)

        task.postprocess_generation = kept
        return task

    tasks.get_task = watched
    try:
        if scenario == "explaindescribe":
            described, _ = evaluator.generate_text(name)
            descriptions.write_text(json.dumps(described), "utf-8")
        else:
            evaluator.evaluate(name)
    finally:
        tasks.get_task = make
    return [
        Answer(
            task=name,
            problem=place,
            prompt=prompt,
            generation=generation,
            candidate=candidate,
            program=metric.programs[place] if metric.programs else None,
            passed=metric.passed[place] if metric.passed else None,
        )
        for place, (prompt, generation, candidate) in sorted(raw.items())
    ]


if __name__ == "__main__":
    checkout, plan_file, output = map(Path, sys.argv[1:])
    settings = json.loads(plan_file.read_text("utf-8"))
    os.environ["HF_ALLOW_CODE_EVAL"] = "1"
    answers = reference_answers(checkout, Plan(**{**settings, "tasks": tuple(settings["tasks"])}))
    output.write_text(json.dumps([asdict(answer) for answer in answers]), "utf-8")
