"""Which sandbox is used here."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, partial

from humanevalpack.errors import SandboxFault, UsageError
from humanevalpack.sandbox import engine, namespaces
from humanevalpack.sandbox.supervisor.languages import LANGUAGES

_KINDS = ("auto", "docker", "local", "process")


def check_name(name: str) -> None:
    """Raise UsageError for a sandbox that does not exist."""
    if name not in _KINDS:
        raise UsageError(f"unknown sandbox {name!r}; the sandboxes are {', '.join(_KINDS)}")


def choose_sandbox(
    name: str = "auto", languages: Iterable[str] | None = None, *, workers: int | str | None = None
) -> str:
    """Return the kind of sandbox that ``name`` means here for ``languages`` (None: all six).

    ``auto`` is ``docker`` if an engine answers that has the images of these languages, which are never built on the
    way, else ``local``. ``workers="ray"``: what it means on a node of the Ray cluster. Raises UsageError for an unknown
    name, EnvironmentFault if it does not work here; the message names what does.
    """
    check_name(name)
    if name == "process":
        return name
    if workers == "ray":
        from humanevalpack.sandbox.connection import on_a_node

        return on_a_node(partial(choose_sandbox, name, None if languages is None else list(languages)))
    if name == "docker":
        engine.connect().close()
        return name
    if name == "auto" and engine.has_images(LANGUAGES if languages is None else languages):
        return "docker"
    try:
        _try_local()
    except SandboxFault as fault:
        if name == "local":
            raise
        raise SandboxFault(f"{fault}. For docker: {engine.build_command('')}") from fault
    return "local"


@cache
def _try_local() -> None:
    """Start and end one worker; raises SandboxFault (and is tried again next time) if that fails."""
    namespaces.start({}, None).worker.close()
