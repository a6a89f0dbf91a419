"""Options that several commands have, with one meaning (evaluation defaults)."""

from collections.abc import Callable
from typing import Annotated

import typer

DatasetOption = Annotated[
    str, typer.Option("--dataset", help="hub, mini (ships with the package), a .jsonl file or a folder of them.")
]
PromptOption = Annotated[str, typer.Option("--prompt", help="A prompt's name, or the path of a template file.")]
ProfileOption = Annotated[
    str, typer.Option("--profile", help="reference (as the reference harness) or fixed (its known faults mended).")
]
WorkersOption = Annotated[
    str | None, typer.Option("--workers", metavar="N", help="Programs at a time (default: all cores), or ray.")
]
ConfirmUnsafeOption = Annotated[
    bool,
    typer.Option("--confirm-run-unsafe-code", "--confirm_run_unsafe_code", help="Needed for --sandbox process."),
]
BeginAnewOption = Annotated[bool, typer.Option("--overwrite", help="Begin anew in a folder that holds a run.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def at_least(least: int) -> Callable[[str], int]:
    """Return a parser for whole numbers; its message, unlike Typer's own, names the value."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise typer.BadParameter(f"{text!r} is not a whole number of at least {least}")
        return number

    return parse


def chosen_workers(text: str | None) -> int | str | None:
    """Read a number of workers, or ``ray``; None stays None. Raises UsageError."""
    from humanevalpack.errors import UsageError

    if text is None or text == "ray":
        return text
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise UsageError(f"--workers is {text!r}; it must be a whole number of at least 1, or ray")
    return int(text)


def chosen_languages(names: str | None) -> list[str]:
    """Read ``python,go``; None means all six. Raises UsageError for an unknown or missing name."""
    from humanevalpack.errors import UsageError
    from humanevalpack.languages import LANGUAGES, get_language

    if names is None:
        return list(LANGUAGES)
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if not wanted:
        raise UsageError(f"--languages names no language; use one or more of {', '.join(LANGUAGES)}")
    return [get_language(name).name for name in dict.fromkeys(wanted)]
