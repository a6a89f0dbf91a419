"""What ``humanevalpack run --dry-run`` prints."""

import json
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from humanevalpack.lm_eval_plugin.plans import Plan
    from humanevalpack.lm_eval_plugin.preview import Preview


def print_plan(plan: "Plan", *, as_json: bool) -> None:
    """Print every setting with its origin, the tasks, a prompt, lm_eval's command, and what would be written."""
    from humanevalpack.lm_eval_plugin.preview import preview
    from humanevalpack.lm_eval_plugin.progress import progress_of

    shown, state = preview(plan), progress_of(plan)
    held = 0 if state.run is None else len(state.run.samples)
    if state.run is None:
        said = "new"
    elif state.is_finished and state.judged and state.left_out:
        said = f"finished: {held} generations, all judged; left out, if it can still not be judged: " + ", ".join(
            state.left_out
        )
    elif not state.generated:
        said = f"goes on: {held} generations are there"
    elif state.judged:
        said = f"finished: {held} generations, all judged"
    else:
        said = f"generated: {held} generations wait to be judged"
    if as_json:
        typer.echo(json.dumps(_as_json(plan, shown, said), indent=1))
        return
    _print_settings(plan)
    if plan.remarks:
        typer.echo(f"The preset's remarks: {plan.remarks}\n")
    typer.echo(f"{len(shown.problems)} tasks, {sum(shown.problems.values())} problems, {shown.answers} answers:")
    for line in _tasks(shown.problems):
        typer.echo(f"  {line}")
    for line in shown.warnings:
        typer.echo(f"Warning: {line}")
    typer.echo(f"\nPrompt {shown.prompt_reason}; of {shown.example}:\n")
    typer.echo("\n".join(f"  | {line}" for line in shown.prompt.splitlines()))
    typer.echo(f"\nWith lm_eval itself:\n\n{shown.command}\n")
    typer.echo(f"Would be written ({said}): {', '.join(shown.files)}")


def _tasks(problems: dict[str, int]) -> list[str]:
    """Return a line for the languages of each scenario that have as many problems."""
    lines: dict[tuple[str, int], list[str]] = {}
    for task, count in problems.items():
        scenario, _, language = task.partition("-")
        lines.setdefault((scenario, count), []).append(language)
    return [
        f"{scenario}-{{{','.join(names)}}}: {count} problems each" if names[1:] else f"{scenario}-{names[0]}: {count}"
        for (scenario, count), names in lines.items()
    ]


def _print_settings(plan: "Plan") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("setting", "value", "from", box=box.HORIZONTALS, pad_edge=False, collapse_padding=True)
    for name, setting in plan.settings():
        table.add_row(name, _text(setting.value), setting.origin)
    Console(highlight=False).print(table)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{name}: {_text(item)}" for name, item in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "–"
    return "–" if value is None else str(value)


def _as_json(plan: "Plan", shown: "Preview", said: str) -> dict[str, Any]:
    return {
        "settings": {name: {"value": item.value, "from": item.origin} for name, item in plan.settings()},
        "tasks": shown.problems,
        "answers": shown.answers,
        "prompt": {"of": shown.example, "reason": shown.prompt_reason, "text": shown.prompt},
        "command": shown.command,
        "folder": str(plan.folder),
        "state": said,
        "files": shown.files,
        "warnings": shown.warnings,
    }
