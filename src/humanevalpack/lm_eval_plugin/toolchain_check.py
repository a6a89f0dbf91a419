"""Whether a task's programs can be judged here: asked before the model is, and a task may be left out."""

from collections.abc import Iterable, Sequence

from humanevalpack.errors import ToolchainMissing
from humanevalpack.lm_eval_plugin.asking import Asking, announce_once
from humanevalpack.lm_eval_plugin.options import Options
from humanevalpack.sandbox import Toolchain, check_toolchains, choose_sandbox
from humanevalpack.scenarios import parse_task


def judged_here(task: str, asking: Asking) -> dict[str, str]:
    """Return sandbox, toolchain and image of a task; a language without a toolchain is left out if the user says so.

    Raises ToolchainMissing if the user does not, SandboxFault if no sandbox works here.
    """
    options, language = asking.options, asking.language
    sandbox, toolchain = _found(language, options)
    facts = {"sandbox": sandbox, "toolchain": toolchain.version, "image": toolchain.image}
    if toolchain.available:
        asking.judged_with = sandbox
        return facts
    problem = _problem(toolchain)
    if options.missing_toolchains == "error":
        raise _missing(task, toolchain)
    asking.left_out = problem
    _say_left_out(toolchain)
    return facts | {"left_out": problem}


def check_before_loading(tasks: Sequence[str], options: Options) -> None:
    """Raise ToolchainMissing, before a model is loaded in vain, where a task cannot be judged, or nothing is left."""
    found = {
        task: _found(parse_task(task)[1], options)[1] for task in tasks if parse_task(task)[0] != "explaindescribe"
    }
    missing = {task: toolchain for task, toolchain in found.items() if not toolchain.available}
    if missing and (options.missing_toolchains == "error" or len(missing) == len(tasks)):
        raise _missing(*next(iter(missing.items())))


def still_left_out(languages: Iterable[str], options: Options) -> bool:
    """Whether none of the languages can be judged here and the user has them left out; says so of each."""
    if options.missing_toolchains != "skip":
        return False
    found = [_found(language, options)[1] for language in languages]
    if any(toolchain.available for toolchain in found):
        return False
    for toolchain in found:
        _say_left_out(toolchain)
    return True


def _found(language: str, options: Options) -> tuple[str, Toolchain]:
    """Return the kind of sandbox and the toolchain; raises SandboxFault if no sandbox works here."""
    sandbox = choose_sandbox(options.sandbox, [language], workers=options.workers)
    return sandbox, _toolchain(language, sandbox, options.workers)


def _missing(task: str, toolchain: Toolchain) -> ToolchainMissing:
    return ToolchainMissing(
        f"{task}: {_problem(toolchain)}. Install it: {toolchain.install}. "
        "Or leave the language out of every score: missing_toolchains=skip"
    )


def _problem(toolchain: Toolchain) -> str:
    return f"{toolchain.language} programs cannot be judged here: {'; '.join(toolchain.missing)}"


def _say_left_out(toolchain: Toolchain) -> None:
    announce_once(f"{_problem(toolchain)}: left out of every score. Install it: {toolchain.install}")


def _toolchain(language: str, sandbox: str, workers: int | str | None) -> Toolchain:
    """Look once for what is here: five tasks need the same; what is missing may have been installed meanwhile."""
    key = (language, sandbox, workers)
    if key in _available:
        return _available[key]
    found = check_toolchains([language], sandbox=sandbox, workers=workers)[language]
    if found.available:
        _available[key] = found
    return found


_available: dict[tuple[str, str, int | str | None], Toolchain] = {}
