"""Where the data that ships with the package lies: inside an installed wheel, or beside ``src/`` in a checkout."""

from pathlib import Path

from humanevalpack.errors import EnvironmentFault

_PACKAGE = Path(__file__).resolve().parent


def resource_dir(name: str) -> Path:
    """Return the folder ``name`` (``prompts`` or ``sandboxes``); raises EnvironmentFault if it is missing."""
    for folder in (_PACKAGE / name, _PACKAGE.parents[1] / name):
        if folder.is_dir():
            return folder
    raise EnvironmentFault(
        f"the folder {name!r} is missing from this installation; mend it: pip install --force-reinstall humanevalpack"
    )
