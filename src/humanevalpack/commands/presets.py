"""``humanevalpack presets list|show``: how the paper's release has run each model."""

from typing import Annotated

import typer

from humanevalpack.commands.options import JsonOption

app = typer.Typer(
    help="Model presets: the settings of the paper's release.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("list")
def list_presets(json_output: JsonOption = False) -> None:
    """List the model presets; use one as humanevalpack run --preset NAME."""
    import json

    from humanevalpack.presets import model_presets

    presets = model_presets().values()
    if json_output:
        typer.echo(json.dumps([{"name": item.name, **_fields(item.name)} for item in presets], indent=1))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    # Without vertical lines everything fits a terminal of 80 columns.
    table = Table("preset", "model", "prompt", "n", "batch", "length", box=box.HORIZONTALS, pad_edge=False)
    for item in presets:
        numbers = "/".join(str(number) for number in dict.fromkeys(item.n_samples.values()))
        sizes = [str(value or "") for value in (item.batch_size, item.total_length)]
        table.add_row(item.name, item.model, item.prompt, numbers, *sizes)
    Console().print(table)


@app.command("show")
def show_preset(
    preset: Annotated[str, typer.Argument(help="A preset's name (presets list).")],
    json_output: JsonOption = False,
) -> None:
    """Print every setting of one preset, and the command that runs it."""
    import json

    from humanevalpack.presets import load_preset

    item, fields = load_preset(preset), _fields(preset)
    if json_output:
        typer.echo(json.dumps(fields, indent=1))
        return
    for name, value in fields.items():
        if value not in (None, "", {}):
            typer.echo(f"{name}: {json.dumps(value) if isinstance(value, dict) else value}")
    typer.echo(f"\nhumanevalpack run --preset {item.name}   (--dry-run shows the command of lm_eval's, too)")


def _fields(name: str) -> dict[str, object]:
    from dataclasses import asdict

    from humanevalpack.presets import load_preset

    return {key: value for key, value in asdict(load_preset(name)).items() if key != "name"}
