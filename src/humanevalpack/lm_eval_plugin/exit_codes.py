"""Our errors end the ``lm_eval`` command with our exit codes: 2 for wrong usage or input, 3 for the environment."""

import sys
from types import TracebackType

from humanevalpack.errors import HumanEvalPackError, UsageError

# lm_eval's words where a task is unsafe (ours: in the process sandbox) and the user has not confirmed it.
_UNCONFIRMED = "which is marked as unsafe"


def install() -> None:
    """Install the hook in a process that is the lm_eval command; scripts and notebooks keep their tracebacks."""
    before = sys.excepthook
    if "lm_eval._cli" not in sys.modules or getattr(before, "humanevalpack", False):
        return

    def end(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if isinstance(error, ValueError) and _UNCONFIRMED in str(error):
            error = UsageError(
                "sandbox=process runs generated programs without namespaces; if that is acceptable (a throw-away "
                f"machine or container), confirm it: --confirm_run_unsafe_code. (lm_eval: {error})"
            )
        if not isinstance(error, HumanEvalPackError):
            before(kind, error, traceback)
            return
        sys.stderr.write(f"humanevalpack: error: {error}\n")
        raise SystemExit(error.exit_code)

    end.humanevalpack = True  # type: ignore[attr-defined]
    sys.excepthook = end
