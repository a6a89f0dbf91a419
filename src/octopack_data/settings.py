"""Typed settings: one frozen class a stage, with a YAML file, a command's options and a manifest as its forms."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from humanevalpack.errors import InputError, UsageError
from octopack_data.records import Mode
from octopack_data.rows import RowFormat


class Settings(BaseModel):
    """Base of every stage's settings: a field has a type, a default where there is a sensible one, a description."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class RowSettings(Settings):
    """What the settings of every stage have that reads and writes rows."""

    mode: Mode = "fixed"
    """published: what the released data went through, defects included; fixed: the same, mended."""
    format: RowFormat = "jsonl.zst"
    """Format of the rows that are written."""
    sample: str = ""
    """Work on a part of the commits, the same at every stage: a share (0.01), or a number (1000), for which the
    commits of the source are read once more."""


Some = TypeVar("Some", bound=Settings)


def make_settings(kind: type[Some], values: dict[str, Any], source: str = "") -> Some:
    """Return checked settings; raises UsageError that names each wrong key, its value and what is allowed."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise UsageError("\n".join(_said(kind, detail, source) for detail in error.errors())) from error


def _said(kind: type[Settings], detail: Any, source: str) -> str:
    place = f"{source}: " if source else ""
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{place}no setting {key!r}; there are {', '.join(_names(kind, detail['loc'][:-1]))}"
    if detail["type"] == "missing":
        return f"{place}setting {key!r} is missing"
    return f"{place}setting {key!r} is {detail['input']!r}: {detail['msg']}"


def _names(kind: type[Settings], path: tuple[int | str, ...]) -> list[str]:
    """Return the settings that stand beside a key: of the class itself, or of the one nested under ``path``."""
    for name in path:
        nested = kind.model_fields[str(name)].annotation if str(name) in kind.model_fields else None
        if not (isinstance(nested, type) and issubclass(nested, Settings)):
            return []
        kind = nested
    return list(kind.model_fields)


def read_settings(kind: type[Some], path: Path) -> Some:
    """Read settings from a YAML file; raises InputError or UsageError that name the file and the key."""
    import yaml

    try:
        values = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: not a YAML file that can be read ({error})") from error
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise InputError(f"{path}: must hold a mapping of settings, not {values!r}")
    return make_settings(kind, values, str(path))


def written_settings(settings: Settings) -> dict[str, Any]:
    """Return settings as plain values, all of them, for a manifest or a YAML file."""
    return settings.model_dump(mode="json")
