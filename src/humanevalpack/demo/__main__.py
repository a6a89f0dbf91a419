"""``make demo``: a tiny model learns a few problems on the spot, and the real lm_eval measures it on all 30 tasks.

The same model before training is measured beside it. No hub, no Docker, no root; every program is really built and run.
"""

import argparse
import importlib.util
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from humanevalpack.demo.evaluation import lm_eval_command, run_lm_eval
from humanevalpack.demo.lessons import LEARNED_PROBLEMS, PROMPT, Lesson, lessons
from humanevalpack.demo.tiny_model import build_model, build_tokenizer, save
from humanevalpack.demo.training import train
from humanevalpack.errors import EnvironmentFault, HumanEvalPackError, UsageError
from humanevalpack.languages import LANGUAGES
from humanevalpack.problems import load_problems
from humanevalpack.reports.sheet import ScoreSheet
from humanevalpack.reports.table import score_table
from humanevalpack.reports.writing import report
from humanevalpack.results import Run, read_run
from humanevalpack.sandbox import choose_sandbox

TITLE = f"HumanEvalPack demo: a tiny model that learned {LEARNED_PROBLEMS} problems, and the same model untrained"


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; returns 0, or 1 if a score is not what it must be (2 and 3: see errors.py)."""
    parser = argparse.ArgumentParser(prog="python -m humanevalpack.demo", description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=Path("results/demo"), help="folder for models, lm_eval's results and the report"
    )
    output: Path = parser.parse_args(arguments).output
    console = Console()
    try:
        return _demo(output, console)
    except HumanEvalPackError as error:
        console.print(Text.assemble(("The demo cannot go on: ", "bold red"), str(error)))
        return error.exit_code


def _demo(output: Path, console: Console) -> int:
    start = time.monotonic()
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--output {output}: this folder cannot be made ({error.strerror}); name another one"
        ) from error
    for package in ("torch", "transformers"):
        if importlib.util.find_spec(package) is None:
            raise EnvironmentFault(f"{package} is missing; install it: make setup, or pip install 'humanevalpack[hf]'")
    sandbox = _sandbox(console)
    console.rule("1/3  A tiny model learns on the spot")
    course = lessons(
        [problem for language in LANGUAGES for problem in load_problems(language, "mini")[:LEARNED_PROBLEMS]]
    )
    unlearned = len(course) - _make_models(course, output, console)
    if unlearned:
        console.print(f"[bold red]Not as it must be:[/] {unlearned} of {len(course)} lessons were not learned")
        return 1
    runs: list[Run] = []
    for number, (name, options) in enumerate({"trained": [], "untrained": ["max_new_tokens=64"]}.items(), start=2):
        console.rule(f"{number}/3  lm_eval over the 30 tasks: the {name} model")
        runs.append(_measure(name, [f"prompt={PROMPT}", *options], output, sandbox, console))
    console.print()
    made = report(*runs, html=output / "report.html", title=TITLE, overwrite=True)
    console.print(score_table(made.sheets, title="make demo"))
    console.print(
        f"report, with every sample: {made.html}", f"lm_eval's results: {runs[0].folder}", sep="\n", soft_wrap=True
    )
    console.print(f"{time.monotonic() - start:.0f} s in all")
    return _check(made.sheets, console)


def _sandbox(console: Console) -> str:
    """Return ``local``, or ``process`` with a warning where namespaces are refused.

    Only the demo falls back by itself: its programs come from a model that has seen nothing but our own problems.
    """
    try:
        return choose_sandbox("local")
    except EnvironmentFault as fault:
        warning = (
            f"{fault}\n\nThe demo goes on in the sandbox 'process': limits and an own directory for every program, "
            "but no isolation from this machine's files and network. That is acceptable here only because the programs "
            "come from the demo's own tiny model. For any other model it must be asked for by name (sandbox=process)."
        )
        console.print(Panel(Text(warning), title="WARNING: weaker sandbox", border_style="bold yellow"))
        return choose_sandbox("process")


def _make_models(course: list[Lesson], output: Path, console: Console) -> int:
    """Build the model, save it untrained, teach it, save it again; return how many lessons it has learned."""
    from transformers.utils.logging import disable_progress_bar

    # Its "Writing model shards" would break up our progress.
    disable_progress_bar()  # type: ignore[no-untyped-call]
    tokenizer = build_tokenizer([lesson.prompt + lesson.answer for lesson in course])
    model = build_model(tokenizer)
    save(model, tokenizer, output / "models" / "untrained")
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(f"{len(course)} lessons", total=len(course), state="")
        state = train(
            model,
            tokenizer,
            course,
            on_epoch=lambda now: progress.update(
                bar, completed=now.learned, state=f"pass {now.epoch}, loss {now.loss:.3f}, {now.learned} known by heart"
            ),
        )
    save(model, tokenizer, output / "models" / "trained")
    return state.learned


def _measure(name: str, options: list[str], output: Path, sandbox: str, console: Console) -> Run:
    start = time.monotonic()
    command = lm_eval_command(
        output / "models" / name, output / name, limit=LEARNED_PROBLEMS, sandbox=sandbox, options=options
    )
    run_lm_eval(command, output / f"{name}.log", console)
    run = replace(read_run(output / name), name=name)
    console.print(
        f"done in {time.monotonic() - start:.0f} s; its whole output: {output / f'{name}.log'}", soft_wrap=True
    )
    return run


def _check(sheets: Sequence[ScoreSheet], console: Console) -> int:
    wrong = [
        f"{sheet.name}: {scenario} {language} {score.mean:.2f} instead of {expected:.2f}"
        for sheet, expected in zip(sheets, (1.0, 0.0), strict=True)
        for (scenario, language), score in sheet.tasks.items()
        if score.mean != expected
    ]
    if wrong:
        console.print("[bold red]Not as it must be:[/]", *wrong, sep="\n  ")
        return 1
    console.print("[bold green]What was learned scores 1.00, the untrained model 0.00: the whole chain works here.[/]")
    return 0


if __name__ == "__main__":
    sys.exit(main())
