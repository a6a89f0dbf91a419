"""``humanevalpack tasks list``: the names that lm_eval takes."""

from typing import Annotated

import typer

from humanevalpack.commands.options import JsonOption

app = typer.Typer(help="The tasks and groups for lm_eval.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_tasks(
    groups: Annotated[bool, typer.Option("--groups", help="Groups only.")] = False, json_output: JsonOption = False
) -> None:
    """List every task and group: use them as lm_eval --tasks NAME."""
    import json

    import yaml

    from humanevalpack.lm_eval_plugin.task_files import TASK_FOLDER

    files = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(TASK_FOLDER.glob("*.yaml"))]
    members = {file["group"]: list(file["task"]) for file in files if "group" in file}
    tasks = [] if groups else [file["task"] for file in files if "group" not in file]
    if json_output:
        typer.echo(json.dumps({"tasks": tasks, "groups": members}, indent=1))
        return
    for name in tasks:
        typer.echo(name)
    for name, contents in members.items():
        typer.echo(f"{name}  (group: {', '.join(contents)})")
