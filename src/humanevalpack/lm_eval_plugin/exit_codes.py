"""Our errors end the ``lm_eval`` command with our exit codes: 2 for wrong usage or input, 3 for the environment."""

import sys
from types import TracebackType

from humanevalpack.errors import HumanEvalPackError


def install() -> None:
    """Install the hook in a process that is the lm_eval command; scripts and notebooks keep their tracebacks."""
    before = sys.excepthook
    if "lm_eval._cli" not in sys.modules or getattr(before, "humanevalpack", False):
        return

    def end(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if not isinstance(error, HumanEvalPackError):
            before(kind, error, traceback)
            return
        sys.stderr.write(f"humanevalpack: error: {error}\n")
        raise SystemExit(error.exit_code)

    end.humanevalpack = True  # type: ignore[attr-defined]
    sys.excepthook = end
