"""Groups of commands that are imported when they are called: the settings of all of them take longer than all else."""

from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

Commands = Mapping[str, tuple[str, str]]
"""Name of a command -> where it is (module:function, or module:app of a group), and what its group's help says of it.

The module stands in this package; a function has its examples beside it, as ``EPILOG``.
"""


def late_app(commands: Commands, **facts: Any) -> typer.Typer:
    """Return a group that knows its commands' names and lines, and imports the one that is called."""

    class LateGroup(TyperGroup):
        def resolve_command(self, *arguments: Any) -> Any:
            name, _, left = super().resolve_command(*arguments)
            return name, load(name, commands[name][0]) if name else None, left

    app = typer.Typer(cls=LateGroup, rich_markup_mode=None, no_args_is_help=True, **facts)
    for name, (_, line) in commands.items():
        app.command(name, help=line)(_later)
    return app


def _later() -> None:
    """Stands for a command that is not imported yet."""


def load(name: str, place: str) -> Any:
    """Import a command and return it as typer has it."""
    module = f"{__package__}.{place.partition(':')[0]}"
    found, one = resolve_name(f"{__package__}.{place}"), typer.Typer(rich_markup_mode=None, add_completion=False)
    if isinstance(found, typer.Typer):
        one.add_typer(found, name=name)
    else:
        one.command(name, epilog=resolve_name(f"{module}:EPILOG"))(found)
    return get_group(one).commands[name]
