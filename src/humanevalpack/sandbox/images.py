"""Images made and moved: built from the Dockerfiles in sandboxes/, exported as files, pushed and pulled.

What is built is named by a hash of everything it is built from, so that an unchanged image is not built again.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import EnvironmentFault, SandboxFault, UsageError
from humanevalpack.resources import resource_dir
from humanevalpack.sandbox.engine import LABEL, Image, described, find_image, image_name, require_image
from humanevalpack.sandbox.roots import contents
from humanevalpack.sandbox.toolchains import toolchain_folders
from humanevalpack.sandbox.workers import SUPERVISOR
from humanevalpack.version import __version__

if TYPE_CHECKING:
    from docker import DockerClient

BASE = "debian:bookworm-slim"
FORMS = ("folder", "tar", "image")
"""How an image is exported: its root file system as a folder or a tar file, or the whole image as an archive."""
_SHARED_FILES = ("toolchain.sh", "image.sh", "humanevalpack-sandbox")
_FETCHED = "node_modules"


def build(
    client: DockerClient,
    language: str,
    arguments: Mapping[str, str],
    say: Callable[[str], None],
    *,
    fresh: bool = False,
) -> Image:
    """Build a language's image and return it, or return what is there if nothing that it is built from has changed.

    ``arguments`` are those of the Dockerfile (BASE, SNAPSHOT, …), ``say`` gets the lines of progress, ``fresh`` uses
    nothing of an earlier build. Raises SandboxFault with the line of the build that failed.
    """
    files = _context(language)
    inputs = _inputs(client, files, arguments)
    if not fresh and (there := find_image(client, language)) is not None and there.inputs == inputs:
        return there
    options = {"dockerfile": f"sandboxes/{language}/Dockerfile", "buildargs": dict(arguments), "nocache": fresh}
    built = _run_build(client, language, _tar(files), options, say)
    known = described(client, built)
    # labels can only be told after the build has shown what they say
    labels = {f"{LABEL}{key}": str(known[key]) for key in ("language", "toolchain", "supervisor", "digest")}
    labels |= {f"{LABEL}inputs": inputs, f"{LABEL}version": __version__}
    only_labels = _tar({"Dockerfile": (f"FROM {built}\n".encode(), 0o644)})
    _run_build(client, language, only_labels, {"tag": image_name(language), "labels": labels}, say)
    return require_image(client, language)


def _context(language: str) -> dict[str, tuple[bytes, int]]:
    """Return what the Dockerfile copies, as name -> (content, mode), under the names of a checkout."""
    sandboxes = resource_dir("sandboxes")
    paths = {f"sandboxes/{name}": sandboxes / name for name in _SHARED_FILES}
    paths |= dict(_files(sandboxes / language, f"sandboxes/{language}"))
    paths |= dict(_files(SUPERVISOR, "src/humanevalpack/sandbox/supervisor"))
    fetched = toolchain_folders().get(language, Path("/nowhere")) / _FETCHED
    if fetched.is_dir():  # so that the build needs no registry of packages of its own
        paths |= dict(_files(fetched, f"sandboxes/{language}/{_FETCHED}"))
    return {name: (path.read_bytes(), 0o755 if path.stat().st_mode & 0o100 else 0o644) for name, path in paths.items()}


def _files(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.parent.name != "__pycache__":
            yield f"{name}/{path.relative_to(folder)}", path


def _inputs(client: DockerClient, files: Mapping[str, tuple[bytes, int]], arguments: Mapping[str, str]) -> str:
    from docker.errors import ImageNotFound

    digest = hashlib.sha256(json.dumps(dict(sorted(arguments.items()))).encode())
    try:
        digest.update(str(client.images.get(arguments.get("BASE", BASE)).id).encode())
    except ImageNotFound:  # the engine will fetch it
        pass
    for name, (content, mode) in sorted(files.items()):
        if f"/{_FETCHED}/" not in name:  # the lock file pins them
            digest.update(f"{name} {mode:o} {hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


def _tar(files: Mapping[str, tuple[bytes, int]]) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, (content, mode) in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            archive.addfile(member, io.BytesIO(content))
    packed.seek(0)
    return packed


def _run_build(
    client: DockerClient, language: str, context: io.BytesIO, options: Mapping[str, Any], say: Callable[[str], None]
) -> str:
    """Run a build to its end; return the image's id."""
    steps = client.api.build(
        fileobj=context, custom_context=True, rm=True, forcerm=True, decode=True, timeout=3600, **options
    )
    built, lines = "", deque[str](maxlen=20)
    for step in steps:
        for line in step.get("stream", "").splitlines():
            if line.strip():
                say(line.rstrip())
                lines.append(line.rstrip())
        if "error" in step:
            said = "\n  ".join(lines)
            raise SandboxFault(f"the image of {language} cannot be built: {step['error'].strip()}\n  {said}")
        built = step.get("aux", {}).get("ID", built)
    return built


def export(client: DockerClient, language: str, output: Path, form: str) -> Path:
    """Write a language's image to ``output`` in one of FORMS, whole or not at all; return the path.

    Raises SandboxFault for a missing image, UsageError for a form that does not exist or something else in the way.
    """
    if form not in FORMS:
        raise UsageError(f"--as is {form!r}; an image is exported as one of {', '.join(FORMS)}")
    image = require_image(client, language)
    output = output.absolute()
    if output.exists():
        _check_replaceable(output, form)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{output.name}-", dir=output.parent) as place:
            made = Path(place) / "made"
            _write(client, image, made, form)
            if output.is_dir():
                output.rename(Path(place) / "old")
            made.rename(output)
    except OSError as error:
        raise EnvironmentFault(f"{output} cannot be written: {error}") from error
    return output


def _check_replaceable(output: Path, form: str) -> None:
    if output.is_dir() != (form == "folder"):
        raise UsageError(f"{output} is in the way: it is {'a folder' if output.is_dir() else 'a file'}")
    if form == "folder" and any(output.iterdir()):
        try:
            contents(output)
        except SandboxFault:
            raise UsageError(f"{output} is in the way: it is no image that was exported") from None


def _write(client: DockerClient, image: Image, made: Path, form: str) -> None:
    if form == "image":
        _store(client.api.get_image(image.name), made)
        return
    container = client.containers.create(image.id, network_mode="none", labels={f"{LABEL}worker": "export"})
    try:
        pieces: Any = container.export()
        if form == "tar":
            _store(pieces, made)
            return
        made.mkdir(mode=0o755)
        with tarfile.open(fileobj=io.BufferedReader(_Stream(pieces)), mode="r|") as archive:
            archive.extractall(made, filter="tar")
    finally:
        container.remove(force=True)


def _store(pieces: Iterable[bytes], path: Path) -> None:
    with path.open("wb") as file:
        for piece in pieces:
            file.write(piece)


class _Stream(io.RawIOBase):
    """Pieces of bytes, read as a file."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what is at hand."""
        self._rest = self._rest or next(self._pieces, b"")
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def push(client: DockerClient, language: str, registry: str) -> str:
    """Push a language's image to a registry (HOST/PATH); return its name there. Raises SandboxFault."""
    image, there = require_image(client, language), _remote(registry, language)
    client.images.get(image.id).tag(there, tag=__version__)
    _follow(client.api.push, there, "pushed")
    return f"{there}:{__version__}"


def pull(client: DockerClient, language: str, registry: str) -> Image:
    """Pull a language's image from a registry, under the name that is looked for here. Raises SandboxFault."""
    there = _remote(registry, language)
    _follow(client.api.pull, there, "pulled")
    client.images.get(f"{there}:{__version__}").tag(*image_name(language).split(":"))
    return require_image(client, language)


def _remote(registry: str, language: str) -> str:
    return f"{registry.strip('/')}/humanevalpack-{language}"


def _follow(move: Callable[..., Any], name: str, done: str) -> None:
    """Run a push or pull to its end."""
    from docker.errors import APIError

    error = ""
    try:
        for step in move(name, tag=__version__, stream=True, decode=True):
            error = step.get("error", error)
    except APIError as refused:
        error = str(refused.explanation or refused)
    if error:
        raise SandboxFault(f"{name}:{__version__} cannot be {done}: {error}")
