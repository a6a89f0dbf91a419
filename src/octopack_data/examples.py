"""From a row to the example that a trainer gets: the format by name, options checked, columns named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from humanevalpack.errors import UsageError
from octopack_data.formats import (
    END_OF_TEXT,
    FORMATS,
    SANTA_FILE_NAME,
    Example,
    Format,
    FormatOptions,
    Row,
    base_name,
)

Columns = Literal["prompt-completion", "inputs-targets", "text"]
_NAMES: Mapping[Columns, tuple[str, ...]] = {
    "prompt-completion": ("prompt", "completion"),
    "inputs-targets": ("inputs", "targets"),
    "text": ("text",),
}


def format_of(name: str) -> Format:
    """Return a format; raises UsageError that names them all."""
    if name not in FORMATS:
        raise UsageError(f"there is no format {name!r}; there are {', '.join(FORMATS)}")
    return FORMATS[name]


def settled(name: str, options: FormatOptions) -> FormatOptions:
    """Return options with the place of the instruction filled in; raises UsageError for what the format has not."""
    form = format_of(name)
    place = options.instruction_in or ("inputs" if options.mode == "fixed" else form.published)
    if options.file_name and not form.santa:
        raise UsageError(f"format {name} takes no file name; these do: {_listed(santa=True)}")
    if options.template != "tags" and not _has_template(form):
        raise UsageError(f"format {name} has no template; these have: {_listed(template=True)}")
    if options.template != "tags" and place == "targets":
        raise UsageError("the template instructions has the instruction in the inputs: leave out instruction_in")
    if place not in form.ids and not _replaced_by_rewrite(form, options):
        others = ", ".join(other.name for other in FORMATS.values() if place in other.ids)
        raise UsageError(f"format {name} has no form with the instruction in the {place}; these have: {others}")
    return replace(options, instruction_in=place)


def _replaced_by_rewrite(form: Format, options: FormatOptions) -> bool:
    """The release ignored its switch for line diffs where the instruction was in the target."""
    return options.mode == "published" and form.name.startswith("line-diff")


def _has_template(form: Format) -> bool:
    return form.santa and "subject" in form.columns


def _listed(*, santa: bool = False, template: bool = False) -> str:
    return ", ".join(
        form.name for form in FORMATS.values() if (santa and form.santa) or (template and _has_template(form))
    )


def columns_of(name: str, options: FormatOptions) -> tuple[str, ...]:
    """Return the columns of a row that a format reads."""
    columns = format_of(name).columns
    return (*columns, "old_file") if options.file_name else columns


def make_example(name: str, row: Row, options: FormatOptions | None = None) -> Example:
    """Return the example of a row in a format; raises UsageError, and KeyError for a row without its columns."""
    options = settled(name, options or FormatOptions())
    example = FORMATS[name].make(row, options)
    if options.file_name:  # M1
        return Example(f"{SANTA_FILE_NAME}\n{base_name(row['old_file'])}\n{example.input}", example.target)
    return example


def refusal(name: str, row: Row, example: Example, options: FormatOptions) -> str:
    """Return why a row is no good as an example, or "": nothing to learn, or a text that holds a mark of the format.

    Published: never.
    """
    if options.mode == "published":
        return ""
    form = format_of(name)
    if any(mark in row[column] for column in columns_of(name, options) for mark in form.marks):
        return "mark_in_text"
    return "" if example.target.removesuffix(END_OF_TEXT if form.ends else "").strip() else "empty_target"


def example_row(example: Example, columns: Columns, *, ends: bool = False) -> dict[str, str]:
    """Return an example as the columns of a file; ``ends``: its format has written END_OF_TEXT.

    Rows for supervised fine-tuning carry no such mark: their trainer appends its own.
    """
    target = example.target
    if ends and columns == "prompt-completion":
        target = target.removesuffix(END_OF_TEXT)
    values = (example.input + target,) if columns == "text" else (example.input, target)
    return dict(zip(column_names(columns), values, strict=True))


def column_names(columns: Columns) -> tuple[str, ...]:
    """Return the names of the columns of a file."""
    return _NAMES[columns]
