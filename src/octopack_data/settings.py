"""Typed settings: one frozen class a stage, with a YAML file, a command's options and a manifest as its forms."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from humanevalpack.errors import InputError, UsageError
from octopack_data.records import Mode
from octopack_data.rows import RowFormat

if TYPE_CHECKING:
    from yaml import Node


class Settings(BaseModel):
    """Base of every stage's settings: a field has a type, a default where there is a sensible one, a description."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _empty_sections(cls, values: Any) -> Any:
        """A section of a YAML file in which every line is a comment is null there: it has its defaults."""
        if not isinstance(values, dict):
            return values
        empty: dict[str, Any] = {
            name: {} for name, kind in _sections(cls).items() if name in values and values[name] is None
        }
        return values | empty


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
        details = [detail for detail in error.errors() if not _of_another_alternative(detail)]
        # A list whose items are all wrong is said to be empty, too.
        told = [one for one in details if one["type"] != "too_short" or not _is_inside(one["loc"], details)]
        raise UsageError("\n".join(_said(kind, detail, source) for detail in told)) from error


def _of_another_alternative(detail: Any) -> bool:
    """A section that is given need not be told that it could have been switched off."""
    return detail["type"] == "literal_error" and isinstance(detail["input"], dict)


def _is_inside(place: tuple[int | str, ...], details: Sequence[Any]) -> bool:
    return any(len(one["loc"]) > len(place) and one["loc"][: len(place)] == place for one in details)


def _said(kind: type[Settings], detail: Any, source: str) -> str:
    place = f"{source}: " if source else ""
    key = ".".join(_fields(kind, detail["loc"]))
    if detail["type"] == "extra_forbidden":
        names = _names(kind, detail["loc"][:-1])
        near = get_close_matches(str(detail["loc"][-1]), names, n=3)
        meant = f" (near it: {', '.join(near)})" if near else ""
        return f"{place}no setting {key!r}; there are {', '.join(names)}{meant}"
    if detail["type"] == "missing":
        return f"{place}setting {key!r} is missing"
    if detail["type"] == "value_error":  # of a check of ours, which names what it is about
        return f"{place}{key}: {detail['ctx']['error']}" if key else f"{place}{detail['ctx']['error']}"
    return f"{place}setting {key!r} is {detail['input']!r}: {_KINDS.get(detail['type'], detail['msg'])}"


_KINDS = {"tuple_type": "must be a list, as in [a, b]", "model_type": "must be a section, as in {name: value}"}
"""What pydantic would say of a file in the words of Python."""


def _fields(kind: type[Settings], path: tuple[int | str, ...]) -> Iterator[str]:
    """Yield a path's parts without what names an alternative, where a section may also be switched off."""
    for part in path:
        name, here = str(part), _sections(kind).get(str(part))
        # A class with a check of its own is called function-after[_check(), Class].
        if name not in (kind.__name__, "literal[False]") and not name.endswith(f" {kind.__name__}]"):
            yield name
        kind = here or kind


def _names(kind: type[Settings], path: tuple[int | str, ...]) -> list[str]:
    """Return the settings that stand beside a key: of the class itself, or of the one nested under ``path``."""
    for name in path:
        # Where a section may also be switched off, pydantic's path names the alternative, too: that is no field.
        kind = _sections(kind).get(str(name), kind)
    return list(kind.model_fields)


def _sections(kind: type[Settings]) -> dict[str, type[Settings]]:
    """Return the fields that are settings themselves, whether or not they can be switched off."""
    found = {}
    for name, field in kind.model_fields.items():
        for one in (field.annotation, *get_args(field.annotation)):
            if isinstance(one, type) and issubclass(one, Settings):
                found[name] = one
    return found


def read_settings(kind: type[Some], path: Path) -> Some:
    """Read settings from a YAML file; raises InputError or UsageError that name the file and the key."""
    return make_settings(kind, read_yaml(path), str(path))


def load_yaml(path: Path, *, as_written: bool = False) -> Any:
    """Return what a YAML (or JSON) file holds; raises InputError, also for a key that stands twice in one mapping.

    ``as_written``: numbers and words such as ``yes`` stay texts (YAML reads 012 as 10 and 1:30 as 90).
    """
    import yaml

    try:
        text = path.read_text("utf-8")
        values = yaml.load(text, yaml.BaseLoader if as_written else yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: not a YAML file that can be read ({error})") from error
    check_keys(text, str(path))
    return values


def check_keys(text: str, source: str) -> None:
    """Raise InputError for a key that stands twice in one mapping of a YAML text, which can be read.

    PyYAML takes the second one and says nothing: rows or lines of the first would be missing.
    """
    import yaml

    for key in _repeated_keys(yaml.compose(text, yaml.SafeLoader)):
        raise InputError(f"{source}, line {key.start_mark.line + 1}: {key.value!r} is there already: name it once")


def _repeated_keys(tree: "Node | None") -> "Iterator[Node]":
    """Yield the keys that stand again in one mapping."""
    import yaml

    waiting, seen = [tree], set[int]()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:  # an alias is its anchor's node
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            names = [(key.tag, key.value) for key in keys]
            yield from (key for place, key in enumerate(keys) if names[place] in names[:place])
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping, or nothing; raises InputError."""
    values = load_yaml(path)
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise InputError(f"{path}: must hold a mapping, not {values!r}")
    return values


def written_settings(settings: Settings) -> dict[str, Any]:
    """Return settings as plain values, all of them, for a manifest or a YAML file."""
    return settings.model_dump(mode="json")


def narrowed(kind: type[Some], settings: Settings) -> Some:
    """Return those of some settings that another kind has, too."""
    values = written_settings(settings)
    return kind.model_validate({name: values[name] for name in kind.model_fields})


def commented_yaml(settings: Settings) -> str:
    """Return settings as YAML that reads back the same: each with its meaning above it, those not set as comments."""
    return "\n".join(_yaml_lines(settings, "", mark="#")) + "\n"


def _yaml_lines(settings: Settings, indent: str, mark: str) -> Iterator[str]:
    """Yield lines; ``mark`` begins a field that is not set: nothing where the section itself is a comment."""
    import yaml

    sections = _sections(type(settings))
    for name, field in type(settings).model_fields.items():
        own = "" if name in settings.model_fields_set else mark
        value = getattr(settings, name)
        if indent == "":
            yield ""
        yield from (f"{indent}# {line}" for line in (field.description or "").splitlines())
        if name in sections and (value is not False or own):
            yield f"{indent}{own}{name}:"
            shown = value if isinstance(value, Settings) else sections[name]()
            yield from (own + line for line in _yaml_lines(shown, indent + "  ", "" if own else mark))
        else:
            text = yaml.safe_dump(written_settings(settings)[name], default_flow_style=True, width=10_000)
            yield f"{indent}{own}{name}: {text.removesuffix('...' + chr(10)).strip()}"
