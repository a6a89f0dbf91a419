"""Which sandbox is used here."""

from __future__ import annotations

from functools import cache

from humanevalpack.errors import EnvironmentFault, UsageError
from humanevalpack.sandbox import namespaces

_KINDS = ("auto", "docker", "local", "process")


def choose_sandbox(name: str = "auto") -> str:
    """Return the kind of sandbox that ``name`` means here: ``local`` or ``process``.

    Raises UsageError for an unknown name, EnvironmentFault if it does not work here; the message names what does.
    """
    if name not in _KINDS:
        raise UsageError(f"unknown sandbox {name!r}; the sandboxes are {', '.join(_KINDS)}")
    if name == "docker":
        raise EnvironmentFault("sandbox 'docker' is not part of this release; use local, or process by name")
    if name == "process":
        return name
    _try_local()
    return "local"


@cache
def _try_local() -> None:
    """Start and end one worker; raises SandboxFault (and is tried again next time) if that fails."""
    namespaces.start({}, None).worker.close()
