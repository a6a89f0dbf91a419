"""Reads commands that a page names but that do not run in tests: their options, tasks and settings must exist."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from page_session import Wrong, console_parts
from pages import Block, Page

OURS = ("humanevalpack", "lm_eval", "make", "octopack-data", "octopack-train")
TOOLS = (
    "pip",
    "docker",
    "python",
    "accelerate",
    "torchrun",
    "ray",
    "bash",
    "sudo",
    "export",
    "git",
    "sandboxes/install.sh",
)
_ONLY_NAMED = ("MissingParameter", "BadOptionUsage", "NoArgsIsHelpError")
"""What is wrong with a command that a sentence names without its arguments."""
_ENDS = ("|", ">", ">>", "<", "&&", "||", ";", "2>&1", "&", "done", "then")


def commands_of(block: Block) -> Iterator[list[str]]:
    """Yield the words of every command of a block: without assignments before it, redirections and comments."""
    if block.kind == "console":
        script = "\n".join(command for command, _ in console_parts(block.text))
    else:
        script = block.text
    for line in script.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words and (re.match(r"^\w+=", words[0]) or words[0] in ("sudo", "do", "then", "time")):
            words.pop(0)
        end = next((place for place, word in enumerate(words) if word in _ENDS), len(words))
        if words[:end]:
            yield words[:end]


def commands_of_prose(page: Page) -> Iterator[list[str]]:
    """Yield the words of every command of ours that a sentence or a table names; ``a|b`` stands for two commands."""
    for text in re.findall(r"`([^`]+)`", page.prose):
        named = text.startswith(tuple(f"{name} " for name in OURS)) and text.count("'") % 2 == 0
        words = shlex.split(text, comments=True) if named else []
        if len(words) < 2:
            continue
        for choice in re.split(r"\\?\|", words[-1]):
            yield [*words[:-1], choice]


def check(words: list[str], project: Path) -> None:
    """Raise Wrong if a command of ours (or pip for a package of ours) has an option or a name that does not exist."""
    name, arguments = words[0], words[1:]
    if "…" in " ".join(words):
        return
    if name in ("humanevalpack", "octopack-data", "octopack-train"):
        _check_ours(name, arguments)
    elif "octopack_train.commands" in words:
        _check_ours("octopack-train", words[words.index("octopack_train.commands") + 1 :])
    elif "humanevalpack.commands" in words:  # behind a launcher of several processes
        _check_ours("humanevalpack", words[words.index("humanevalpack.commands") + 1 :])
    elif name == "lm_eval" or words[:3] == ["accelerate", "launch", "-m"]:
        _check_lm_eval(arguments if name == "lm_eval" else words[words.index("lm_eval") + 1 :])
    elif name == "make":
        targets = set(re.findall(r"^([a-z-]+):", (project / "Makefile").read_text("utf-8"), re.MULTILINE))
        if missing := {word for word in arguments if "=" not in word} - targets:
            raise Wrong(f"make has no target {missing}")
    elif words[:2] == ["pip", "install"]:
        extras = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
        for extra in re.findall(r"(?:humanevalpack|\.)\[([\w,]+)\]", " ".join(arguments)):
            if missing := set(extra.split(",")) - set(extras):
                raise Wrong(f"humanevalpack has no extra {missing}")


def _check_ours(package: str, arguments: list[str]) -> None:
    from typer.core import TyperGroup
    from typer.main import get_command

    command: Any = get_command(import_module(f"{package.replace('-', '_')}.commands").app)
    name: str | None = package
    context = None
    while True:
        try:
            context = command.make_context(name, list(arguments), parent=context)
            if not isinstance(command, TyperGroup):
                return
            name, command, arguments = command.resolve_command(context, [*context._protected_args, *context.args])
        except Exception as error:
            if type(error).__name__ in _ONLY_NAMED:
                return
            raise Wrong(f"{package} {shlex.join(arguments)}: {getattr(error, 'message', error)}") from error


def _check_lm_eval(arguments: list[str]) -> None:
    from lm_eval.utils import simple_parse_args_string

    from humanevalpack.lm_eval_plugin.options import read_options

    try:
        given = _parser().parse_args(arguments if arguments[:1] == ["run"] else ["run", *arguments])
    except SystemExit as error:
        raise Wrong(f"lm_eval {shlex.join(arguments)}: see above") from error
    tasks = [task for word in given.tasks or [] for task in word.split(",") if "$" not in task]  # a loop's variable
    if unknown := set(tasks) - names():
        raise Wrong(f"lm_eval --tasks: {unknown} are no tasks of ours")
    settings = given.metadata or {}
    given_options = simple_parse_args_string(settings) if isinstance(settings, str) else dict(settings)
    for name in ("descriptions", "generations"):  # files that an earlier command of the page would have made
        given_options.pop(name, None)
    read_options(given_options, {}, {})


@cache
def _parser() -> Any:
    from lm_eval._cli import HarnessCLI

    return HarnessCLI()._parser


@cache
def names() -> frozenset[str]:
    """Every task and group of ours."""
    from lm_eval_runs import task_manager

    return frozenset(task_manager().all_tasks)
