"""``humanevalpack prompts list|show|preview``: the templates, and what a model will read."""

from typing import Annotated

import typer

from humanevalpack.commands.options import DatasetOption, JsonOption, PromptOption, at_least

app = typer.Typer(help="Prompt templates.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_prompts(json_output: JsonOption = False) -> None:
    """List the templates that ship with the package, with the models that --prompt auto gives them."""
    import json

    from humanevalpack.scenarios import SCENARIOS
    from humanevalpack.templates import load_template, template_names

    templates = [load_template(name) for name in template_names()]
    if json_output:
        rows = [
            {"name": item.name, "since": item.since, "scenarios": item.scenarios, "models": item.models}
            for item in templates
        ]
        typer.echo(json.dumps(rows, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("prompt", "since", "scenarios", "models")
    for item in templates:
        scenarios = "all" if set(item.scenarios) == set(SCENARIOS) else " ".join(item.scenarios)
        table.add_row(item.name, item.since, scenarios, " ".join(item.models))
    Console().print(table)


@app.command("show")
def show_prompt(
    prompt: Annotated[str, typer.Argument(help="A prompt's name, or the path of a template file.")],
) -> None:
    """Print a template file, checked."""
    from pathlib import Path

    from humanevalpack.resources import resource_dir
    from humanevalpack.templates import load_template

    template = load_template(prompt)
    shipped = resource_dir("prompts") / f"{template.name}.yaml"
    path = shipped if template.name == prompt else Path(prompt).expanduser()
    typer.echo(path.read_text("utf-8"), nl=False)


@app.command("preview")
def preview_prompt(
    scenario: Annotated[str, typer.Argument(help="fixtests, fixdocs, explaindescribe, explainsynthesize, synthesize.")],
    language: Annotated[str, typer.Argument(help="cpp, go, java, js, python, rust.")],
    prompt: PromptOption = "instruct",
    index: Annotated[int, typer.Option("--index", parser=at_least(0), metavar="N", help="Number of the problem.")] = 0,
    dataset: DatasetOption = "mini",
    description: Annotated[
        str | None, typer.Option("--description", help="For explainsynthesize; default: the problem's docstring.")
    ] = None,
    stop_words: Annotated[bool, typer.Option("--stop-words", help="Print the stop words too, on stderr.")] = False,
) -> None:
    """Print the exact text that a model continues for one problem."""
    from humanevalpack.errors import UsageError
    from humanevalpack.problems import load_problems
    from humanevalpack.prompts import render_prompt
    from humanevalpack.prompts import stop_words as words_of
    from humanevalpack.scenarios import check_scenario

    check_scenario(scenario)
    problems = {problem.index: problem for problem in load_problems(language, dataset)}
    if index not in problems:
        raise UsageError(f"--index {index}: dataset {dataset!r} has the {language} problems {_ranges(list(problems))}")
    problem = problems[index]
    if scenario == "explainsynthesize" and description is None:
        description = problem.docstring
    typer.echo(render_prompt(problem, scenario, prompt=prompt, description=description))
    if stop_words:
        typer.echo(f"stop words: {words_of(language, prompt=prompt)!r}", err=True)


def _ranges(numbers: list[int]) -> str:
    """Write numbers as ``0 to 11, 20``."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(f"{part[0]} to {part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)
