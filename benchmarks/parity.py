"""The reference harness and this package on the same model, greedy: are prompts, answers, programs, scores the same?

    git clone https://github.com/bigcode-project/bigcode-evaluation-harness
    python benchmarks/parity.py --harness bigcode-evaluation-harness --model FOLDER --limit 10

Prints a table, and every difference to the file of --output. Exit code 1 if a difference was found.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from reference_run import Answer, Plan

from humanevalpack import LANGUAGES, SCENARIOS, build_program, load_problems, run_programs, stop_words
from humanevalpack.completions import cut_at_stop_words
from humanevalpack.programs import Program
from humanevalpack.scenarios import parse_task
from humanevalpack.templates import load_template

FACTS = ("prompt", "generation", "candidate", "program", "passed")


@dataclass(frozen=True, slots=True)
class Compared:
    """One problem of one task, from both."""

    reference: Answer
    ours: Answer
    words: tuple[str, ...]
    """The stop words, at which both cut an answer before anything else."""

    def differs(self) -> list[str]:
        """Return the facts in which the two differ; a generation is compared up to its first stop word."""
        cut = (
            cut_at_stop_words(self.reference.generation, self.words),
            cut_at_stop_words(self.ours.generation, self.words),
        )
        unequal = [name for name in FACTS if getattr(self.reference, name) != getattr(self.ours, name)]
        return [name for name in unequal if name != "generation" or cut[0] != cut[1]]


def from_reference(harness: Path, plan: Plan) -> list[Answer]:
    """Run the reference harness in a process and a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="reference-harness-") as name:
        folder = Path(name)
        (folder / "plan.json").write_text(json.dumps(asdict(plan)), "utf-8")
        script = Path(__file__).resolve().with_name("reference_run.py")
        files = [harness.resolve(), folder / "plan.json", folder / "answers.json"]
        subprocess.run([sys.executable, script, *files], cwd=folder, check=True)
        answers = [Answer(**row) for row in json.loads((folder / "answers.json").read_text("utf-8"))]
    return _executed(answers) if plan.execute else answers


def _executed(answers: Sequence[Answer]) -> list[Answer]:
    """Run what the harness's own code_eval has not (it knows Python only) with the commands of its metric."""
    import reference_way

    known: dict[tuple[str, str], bool] = {}
    for language in LANGUAGES:
        texts = sorted({program for kind, program in _open_programs(answers) if kind == language})
        if texts:
            with reference_way.ready(language) as run:
                known |= {(language, text): passed for text, passed in zip(texts, run(texts), strict=True)}
    return _with_verdicts(answers, known)


def _open_programs(answers: Sequence[Answer]) -> list[tuple[str, str]]:
    """Return language and text of every program that has no verdict."""
    return [
        (parse_task(answer.task)[1], answer.program)
        for answer in answers
        if answer.program is not None and answer.passed is None
    ]


def _with_verdicts(answers: Sequence[Answer], known: Mapping[tuple[str, str], bool]) -> list[Answer]:
    return [
        replace(answer, passed=known.get((parse_task(answer.task)[1], answer.program or ""), answer.passed))
        for answer in answers
    ]


def from_ours(plan: Plan, sandbox: str, batch_size: int) -> list[Answer]:
    """Run the same tasks with lm_eval, as any user would."""
    import lm_eval
    import torch

    results = lm_eval.simple_evaluate(
        model="hf",
        model_args={"pretrained": plan.model, "dtype": "float32"},
        tasks=list(plan.tasks),
        limit=plan.limit,
        device="cuda" if torch.cuda.is_available() else "cpu",
        batch_size=batch_size,
        metadata={
            "dataset": plan.dataset,
            "prompt": plan.prompt,
            "total_length": plan.total_length,
            "sandbox": sandbox,
        },
    )
    return [
        _answer(task, document["doc_id"], json.loads(document["filtered_resps"][0][0]), plan)
        for task in plan.tasks
        for document in sorted(results["samples"][task], key=lambda document: document["doc_id"])
    ]


def _answer(task: str, place: int, sample: dict[str, Any], plan: Plan) -> Answer:
    scenario, language = parse_task(task)
    program = None
    if scenario != "explaindescribe":
        problem = load_problems(language, plan.dataset)[place]
        program = build_program(problem, sample["completion"], scenario, prompt=plan.prompt).text
    return Answer(
        task=task,
        problem=place,
        prompt=sample["prompt"],
        generation=sample["generation"],
        candidate=sample["completion"],
        program=program,
        passed=None if program is None else sample["verdict"]["status"] == "passed",
    )


def judged_here(answers: Sequence[Answer], sandbox: str) -> list[Answer]:
    """Judge the reference's programs in our sandbox, where it was not allowed to execute them itself."""
    open_ones = list(dict.fromkeys(_open_programs(answers)))
    programs = [Program(text=text, language=kind, problem=None, profile="reference") for kind, text in open_ones]
    verdicts = [verdict.passed for verdict in run_programs(programs, sandbox=sandbox)]
    return _with_verdicts(answers, dict(zip(open_ones, verdicts, strict=True)))


def compared(reference: Sequence[Answer], ours: Sequence[Answer], plan: Plan) -> list[Compared]:
    """Put the answers to the same problem of the same task side by side."""
    mine = {(answer.task, answer.problem): answer for answer in ours}
    if {(answer.task, answer.problem) for answer in reference} != set(mine):
        raise ValueError("the two harnesses answered different problems")
    return [
        Compared(
            answer,
            mine[answer.task, answer.problem],
            tuple(stop_words(parse_task(answer.task)[1], prompt=load_template(plan.prompt))),
        )
        for answer in reference
    ]


def table(pairs: Sequence[Compared]) -> list[list[str]]:
    """Return one row a task: how many of its problems agree in each fact, and both scores."""
    rows = []
    for task in dict.fromkeys(pair.reference.task for pair in pairs):
        chosen = [pair for pair in pairs if pair.reference.task == task]
        scored = chosen[0].reference.program is not None
        agree = [sum(name not in pair.differs() for pair in chosen) for name in FACTS]
        cells = [f"{number}/{len(chosen)}" for number in agree] if scored else [f"{n}/{len(chosen)}" for n in agree[:3]]
        scores = [
            f"{sum(bool(answer.passed) for answer in side) / len(side):.3f}"
            for side in ([pair.reference for pair in chosen], [pair.ours for pair in chosen])
        ]
        rows.append([task, *cells, *scores] if scored else [task, *cells, "-", "-", "-", "-"])
    return rows


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return the table as Markdown."""
    head = ("task", "prompts", "generations", "candidates", "programs", "verdicts", "reference pass@1", "ours")
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def place(name: str) -> str:
    """Return the full path of a file or folder that is there, and any other name as it is."""
    return str(Path(name).resolve()) if Path(name).exists() else name


def main() -> int:
    """Compare the two; returns 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harness", type=Path, required=True, help="a checkout of bigcode-evaluation-harness")
    parser.add_argument(
        "--model", required=True, help="a model's folder or name, such as make demo's results/demo/models/trained"
    )
    parser.add_argument("--dataset", default="mini", help="mini, hub, or a folder of HumanEvalPack's .jsonl files")
    parser.add_argument("--languages", nargs="+", default=list(LANGUAGES), choices=LANGUAGES)
    parser.add_argument("--prompt", default="octocoder", help="a prompt that both know")
    parser.add_argument("--limit", type=int, default=10, help="the first N problems of every language")
    parser.add_argument("--total-length", type=int, default=2048, help="tokens of prompt and answer together")
    parser.add_argument("--batch-size", type=int, default=1, help="ours; the reference answers one prompt at a time")
    parser.add_argument("--sandbox", default="auto", help="where our programs run: auto, docker, local")
    parser.add_argument(
        "--confirm-run-unsafe-code",
        action="store_true",
        help="execute the reference's programs as it does: on this machine, with your rights, without a sandbox",
    )
    parser.add_argument("--output", type=Path, help="a file for every pair that differs (JSON lines)")
    asked = parser.parse_args()
    plan = Plan(
        model=place(asked.model),
        dataset=place(asked.dataset),
        tasks=tuple(f"humaneval{scenario}-{language}" for scenario in SCENARIOS for language in asked.languages),
        limit=asked.limit,
        prompt=asked.prompt,
        total_length=asked.total_length,
        execute=asked.confirm_run_unsafe_code,
    )
    reference = judged_here(from_reference(asked.harness, plan), asked.sandbox)
    pairs = compared(reference, from_ours(plan, asked.sandbox, asked.batch_size), plan)
    print(markdown(table(pairs)))
    different = [pair for pair in pairs if pair.differs()]
    if asked.output is not None:
        lines = [{"differs": p.differs(), "reference": asdict(p.reference), "ours": asdict(p.ours)} for p in different]
        asked.output.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    print(f"{len(pairs)} answers, {len(different)} with a difference")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
