"""Settings by dotted names: which there are, and how nested values become a flat table of them."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo

from octopack_data.settings import Settings
from octopack_train.recipes.origins import Leaf


def section_of(field: FieldInfo) -> type[Settings] | None:
    """Return the class of a field that is a section, whether or not it can be switched off."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, Settings):
            return None if get_origin(field.annotation) in (dict, tuple) else kind
    return None


def dotted_names(kind: type[Settings], prefix: str = "") -> Iterator[str]:
    """Yield the dotted name of every setting that is no section."""
    for name, field in kind.model_fields.items():
        if (section := section_of(field)) is not None:
            yield from dotted_names(section, f"{prefix}{name}.")
        else:
            yield prefix + name


def find_field(kind: type[Settings], key: str) -> FieldInfo | None:
    """Return the field, section or not, that a dotted name means; None if there is none."""
    name, _, rest = key.partition(".")
    field = kind.model_fields.get(name)
    if field is None or not rest:
        return field
    if (section := section_of(field)) is not None:
        return find_field(section, rest)
    return None


def nearest(kind: type[Settings], key: str) -> list[str]:
    """Return names of settings and sections like ``key``: with the same last part elsewhere, or spelt alike."""
    names = list(dotted_names(kind))
    last = key.rpartition(".")[2]
    same = [name for name in names if name.rpartition(".")[2] == last]
    parts = {name.rpartition(".")[2]: name for name in reversed(names)}
    alike = [parts[part] for part in get_close_matches(last, parts, n=3, cutoff=0.7)]
    sections = {name.rpartition(".")[0] for name in names} - {""}
    whole = get_close_matches(key, [*names, *sorted(sections)], n=3, cutoff=0.7)
    return list(dict.fromkeys([*same, *alike, *whole]))[:4]


def unknown(kind: type[Settings], key: str) -> str:
    """Return what to say about a name that is no setting."""
    near = nearest(kind, key)
    said = f"; near it: {', '.join(near)}" if near else ""
    return f"no setting {key!r}{said} (all: octopack-train recipes show RECIPE)"


def flatten(kind: type[Settings], values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted names and what stands there; a name that is no field is yielded as it is."""
    for name, value in values.items():
        field = kind.model_fields.get(str(name))
        section = section_of(field) if field is not None else None
        if isinstance(value, Mapping) and section is not None:
            yield from flatten(section, value, f"{prefix}{name}.")
        elif value is not None or section is None:  # a section in which every line is a comment has its defaults
            yield prefix + str(name), value


def nested(leaves: Mapping[str, Leaf]) -> dict[str, Any]:
    """Return a flat table of leaves as nested plain values."""
    values: dict[str, Any] = {}
    for key, leaf in leaves.items():
        *sections, name = key.split(".")
        place = values
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = leaf.value
    return values
