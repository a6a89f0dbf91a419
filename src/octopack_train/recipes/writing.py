"""A recipe written out: whole as YAML that reads back equal, and two of them side by side."""

from collections.abc import Iterator
from typing import Any

from octopack_data.settings import Settings, written_settings
from octopack_train.recipes.fields import flatten, section_of
from octopack_train.recipes.origins import plain, tagged
from octopack_train.recipes.reading import Recipe


def resolved_yaml(recipe: Recipe, meanings: bool = False) -> str:
    """Return every setting with its origin, as YAML that reads back equal; ``meanings`` puts each field's above it."""
    lines = [f"about: {plain(recipe.about)}", "notes:" if recipe.notes else "notes: []"]
    lines += [f"  - {plain(note)}" for note in recipe.notes]
    lines.append(f"lineage: {plain(list(recipe.lineage))}")
    if recipe.trainer != "trl":
        lines.append(f"trainer: {recipe.trainer}")
    lines += _lines(recipe, recipe.checked, "", "", meanings)
    return "\n".join(lines) + "\n"


def _lines(recipe: Recipe, settings: Settings, prefix: str, indent: str, meanings: bool) -> Iterator[str]:
    for name, field in type(settings).model_fields.items():
        value, key = getattr(settings, name), prefix + name
        if meanings:
            yield from (f"{indent}# {line}" for line in (field.description or "").splitlines())
        if section_of(field) is not None and isinstance(value, Settings):
            yield f"{indent}{name}:"
            yield from _lines(recipe, value, f"{key}.", indent + "  ", meanings)
        else:
            yield f"{indent}{name}: {tagged(written_settings(settings)[name], recipe.origin(key))}"


def all_values(recipe: Recipe) -> dict[str, Any]:
    """Return every setting by its dotted name, defaults too."""
    return dict(flatten(type(recipe.checked), written_settings(recipe.checked)))


def differences(left: Recipe, right: Recipe) -> dict[str, tuple[str, str]]:
    """Return the settings in which two recipes differ, each side with its origin; ``-`` where one has no such field."""
    sides = (all_values(left), all_values(right))
    found = {}
    for key in dict.fromkeys([*sides[0], *sides[1]]):
        if key not in sides[0] or key not in sides[1] or sides[0][key] != sides[1][key]:
            said = [
                f"{plain(side[key])} ({recipe.origin(key)})" if key in side else "-"
                for side, recipe in zip(sides, (left, right), strict=True)
            ]
            found[key] = (said[0], said[1])
    return found
