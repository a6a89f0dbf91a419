"""A stage's settings as options of its command: written once, in the settings class."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic.fields import FieldInfo

from humanevalpack.errors import UsageError
from octopack_data.settings import Settings, Some, make_settings, read_settings, written_settings


def with_settings(kind: type[Some]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one option for each field of ``kind``, and ``--config FILE``; the command gets ``settings``.

    An option that is given wins over the file, the file over the default.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def run(*, config: Path | None = None, **options: Any) -> None:
            given = {name: options.pop(name) for name in kind.model_fields if name in options}
            said = {name: value for name, value in given.items() if value is not None and value != []}
            from_file = written_settings(read_settings(kind, config)) if config is not None else {}
            _check_required(kind, from_file | said)
            command(settings=make_settings(kind, from_file | said), **options)

        own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "settings"]
        added = [_option(name, field) for name, field in kind.model_fields.items()]
        parameters = [*(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own), *added, _config()]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        return run

    return decorate


def _check_required(kind: type[Settings], given: Mapping[str, Any]) -> None:
    for name, field in kind.model_fields.items():
        if field.is_required() and name not in given:
            said = (field.description or "").split(". ")[0].rstrip(".")
            raise UsageError(f"{_flag(name)} is missing: {' '.join(said.split())}")


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    default = field.get_default(call_default_factory=True)
    said = f"{field.description or ''} [{'required' if field.is_required() else f'default: {_shown(default)}'}]"
    flag = _flag(name)
    names = [f"{flag}/--no-{flag[2:]}"] if field.annotation is bool else [flag]
    annotation: Any = Annotated[_optional(field.annotation), typer.Option(*names, help=said, show_default=False)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _optional(kind: Any) -> Any:
    """An option that is not given must be told from one that is given with the default's value."""
    if getattr(kind, "__origin__", None) is tuple:  # tuple[str, ...]: the option may be given several times
        return list[kind.__args__[0]] | None
    return kind | None


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None or value == "" else str(value).lower() if isinstance(value, bool) else str(value)


def _config() -> inspect.Parameter:
    annotation = Annotated[Path | None, typer.Option("--config", help="YAML file with these settings.", metavar="FILE")]
    return inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
