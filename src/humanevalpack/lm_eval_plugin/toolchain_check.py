"""Whether a task's programs can be judged here: asked before the model is, and a task may be left out."""

from humanevalpack.errors import ToolchainMissing
from humanevalpack.lm_eval_plugin.asking import Asking, announce_once
from humanevalpack.sandbox import Toolchain, check_toolchains, choose_sandbox


def judged_here(task: str, asking: Asking) -> dict[str, str]:
    """Return sandbox, toolchain and image of a task; a language without a toolchain is left out if the user says so.

    Raises ToolchainMissing if the user does not, SandboxFault if no sandbox works here.
    """
    options, language = asking.options, asking.language
    sandbox = choose_sandbox(options.sandbox, [language], workers=options.workers)
    toolchain = _toolchain(language, sandbox, options.workers)
    facts = {"sandbox": sandbox, "toolchain": toolchain.version, "image": toolchain.image}
    if toolchain.available:
        asking.judged_with = sandbox
        return facts
    problem = f"{language} programs cannot be judged here: {'; '.join(toolchain.missing)}"
    if options.missing_toolchains == "error":
        raise ToolchainMissing(
            f"{task}: {problem}. Install it: {toolchain.install}. "
            "Or leave the language out of every score: missing_toolchains=skip"
        )
    asking.left_out = problem
    announce_once(f"{problem}: left out of every score. Install it: {toolchain.install}")
    return facts | {"left_out": problem}


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
