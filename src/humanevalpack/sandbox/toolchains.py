"""Which languages can be judged on this machine: Debian's tools by absolute path, and what is missing of them.

A PATH may shadow these tools (rustup, NodeSource, pyenv); only the absolute paths are used and recorded.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from humanevalpack.errors import EnvironmentFault, ToolchainMissing, UsageError
from humanevalpack.resources import resource_dir
from humanevalpack.sandbox.engine import Image, build_command, connect, find_image, image_name, is_current
from humanevalpack.sandbox.roots import contents, root_of
from humanevalpack.sandbox.supervisor.languages import LANGUAGES
from humanevalpack.sandbox.supervisor.languages.base import Need
from humanevalpack.sandbox.warm import supervisor_digest

_OWN = "toolchain:"


@dataclass(frozen=True, slots=True)
class Toolchain:
    """What was found of one language's toolchain.

    ``paths`` are the files and folders it consists of, ``missing`` names what it lacks, ``install`` is the command
    that brings it. ``image`` is the digest of the image that holds it, "" for this machine's own tools.
    """

    language: str
    available: bool
    version: str
    paths: tuple[str, ...]
    missing: tuple[str, ...]
    install: str
    image: str = ""

    def require(self) -> None:
        """Raise ToolchainMissing, with the installing command, if programs of this language cannot be judged."""
        if not self.available:
            raise ToolchainMissing(
                f"{self.language} programs cannot be judged here: {'; '.join(self.missing)}. Install it: {self.install}"
            )


def check_toolchains(
    languages: Iterable[str], *, sandbox: str = "auto", workers: int | str | None = None
) -> dict[str, Toolchain]:
    """Look for the toolchains of ``languages`` where ``sandbox`` has them: on this machine, or in images.

    ``workers="ray"``: on a node of the Ray cluster. Raises UsageError for a language or sandbox that does not exist,
    SandboxFault if no Docker Engine answers.
    """
    if sandbox not in ("auto", "docker", "local", "process"):
        raise UsageError(f"sandbox {sandbox!r}: toolchains can be checked for auto, docker, local and process")
    names = [_known(language) for language in languages]
    if workers == "ray":
        from humanevalpack.sandbox.connection import on_a_node

        return on_a_node(partial(check_toolchains, names, sandbox=sandbox))
    if sandbox == "docker":
        return _in_images(names)
    return {language: (_in_root(language) if sandbox != "process" else None) or _check(language) for language in names}


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise UsageError(f"unknown language {language!r}; the languages are {', '.join(sorted(LANGUAGES))}")
    return language


def _in_images(languages: Sequence[str]) -> dict[str, Toolchain]:
    with closing(connect()) as client:
        images = {language: find_image(client, language) for language in languages}
    return {language: _in_image(language, image) for language, image in images.items()}


def _in_image(language: str, image: Image | None) -> Toolchain:
    name, install = image_name(language), build_command(language)
    if image is None:
        return Toolchain(language, False, "", (), (f"the image {name} is missing",), install)
    missing = () if is_current(image) else (f"the image {name} holds another release of the supervisor",)
    return Toolchain(language, not missing, image.toolchain, (name,), missing, install, image.digest)


def _in_root(language: str) -> Toolchain | None:
    root = root_of(language)
    if root is None:
        return None
    known = contents(root)
    install = f"humanevalpack sandbox export {language} --output {root}"
    current = known["supervisor"] == supervisor_digest()
    missing = () if current else (f"{root} holds another release of the supervisor",)
    return Toolchain(language, current, known["toolchain"], (str(root),), missing, install, known["digest"])


@cache
def _check(language: str) -> Toolchain:
    needs = LANGUAGES[language].needs
    paths = [_path(need, language) for need in needs]
    missing = [f"{need.what} is missing ({path})" for need, path in zip(needs, paths, strict=True) if not path.exists()]
    version = "" if missing else _version(language)
    if not missing and not version:
        missing = [f"`{' '.join(LANGUAGES[language].version)}` does not work"]
    found = tuple(str(path) for path in paths if path.exists())
    return Toolchain(language, not missing, version, found, tuple(missing), _install_command(language))


def toolchain_folders() -> dict[str, Path]:
    """Return the folder of what an install script has built, for each language that has one."""
    folders = {language: _folder(language) for language in LANGUAGES}
    return {language: folder for language, folder in folders.items() if folder is not None}


def _folder(language: str) -> Path | None:
    own = [need.path.removeprefix(_OWN) for need in LANGUAGES[language].needs if need.path.startswith(_OWN)]
    places = [place / language for place in _places()]
    return next((place for place in places if own and all((place / path).exists() for path in own)), None)


def _places() -> list[Path]:
    chosen = os.environ.get("HUMANEVALPACK_TOOLCHAINS")
    if chosen:
        return [Path(chosen).absolute()]
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "humanevalpack", "toolchains")
    return [cached, Path("/usr/local/lib/humanevalpack")]


def _path(need: Need, language: str) -> Path:
    if not need.path.startswith(_OWN):
        return Path(need.path)
    folder = _folder(language) or _places()[-1] / language
    return folder / need.path.removeprefix(_OWN)


def _version(language: str) -> str:
    try:
        done = subprocess.run(
            LANGUAGES[language].version,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={"PATH": "/usr/bin"},
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    version = (done.stdout or done.stderr).strip().splitlines()[0]
    return f"{version} {LANGUAGES[language].way()}".strip()


def _install_command(language: str) -> str:
    try:
        script = resource_dir("sandboxes") / language / "install.sh"
    except EnvironmentFault:
        script = Path("sandboxes", language, "install.sh")
    return f"sudo {script}  (as root, on Debian or Ubuntu)"
