"""``octopack-train recipes``: which there are, what is in one, how two differ."""

import json
from typing import Annotated

import typer

app = typer.Typer(help="Recipes: list, show, diff.", rich_markup_mode=None, no_args_is_help=True)

RecipeArgument = Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name, or a YAML file.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a setting by its dotted name; several times.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]


@app.command("list", epilog="EXAMPLE: octopack-train recipes list")
def list_recipes(as_json: JsonOption = False) -> None:
    """Print the recipes that ship with the package."""
    from octopack_train.recipes.reading import read_recipe, recipe_names

    found = [read_recipe(name) for name in recipe_names()]
    if as_json:
        typer.echo(json.dumps({recipe.name: recipe.about for recipe in found}, indent=2))
        return
    widest = max(len(recipe.name) for recipe in found)
    for recipe in found:
        typer.echo(f"{recipe.name:{widest}} {recipe.about}")


@app.command(
    "show",
    epilog="EXAMPLES: (1) octopack-train recipes show octocoder  (2) octopack-train recipes show octocoder > mine.yaml "
    "writes a file to begin with",
)
def show(recipe: RecipeArgument, settings: SetOption = None, as_json: JsonOption = False) -> None:
    """Print every setting of a recipe with its meaning, its value and where the value comes from.

    What is printed is a recipe itself. A file of yours may also say `extends: octocoder` and name what it changes.
    """
    from octopack_train.recipes.reading import read_recipe
    from octopack_train.recipes.writing import all_values, resolved_yaml

    whole = read_recipe(recipe, settings or ())
    if as_json:
        values = {key: {"value": value, "origin": whole.origin(key)} for key, value in all_values(whole).items()}
        typer.echo(json.dumps(values, indent=2))
    else:
        typer.echo(resolved_yaml(whole, meanings=True), nl=False)


@app.command("diff", epilog="EXAMPLE: octopack-train recipes diff octocoder octogeex")
def diff(left: RecipeArgument, right: RecipeArgument, as_json: JsonOption = False) -> None:
    """Print the settings in which two recipes differ."""
    from octopack_train.recipes.reading import read_recipe
    from octopack_train.recipes.writing import differences

    found = differences(read_recipe(left), read_recipe(right))
    if as_json:
        typer.echo(
            json.dumps({key: dict(zip((left, right), sides, strict=True)) for key, sides in found.items()}, indent=2)
        )
        return
    for key, sides in found.items():
        typer.echo(f"{key}\n  {left}: {sides[0]}\n  {right}: {sides[1]}")
