"""The Docker Engine that answers here, and the images of ours that it has.

The engine is the one that Docker's own settings name: DOCKER_HOST, else the current context. ``docker`` is imported
where it is used: it takes longer than everything else here together.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import SandboxFault
from humanevalpack.version import __version__

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image as DockerImage

LABEL = "org.humanevalpack."
_NO_ENGINE = (
    "no Docker Engine answers ({error}). Start it, or name another one with DOCKER_HOST or `docker context use`; "
    "on Debian or Ubuntu `sudo sandboxes/engine/install.sh` brings one. Sandboxes without Docker: local, process"
)


@dataclass(frozen=True, slots=True)
class Image:
    """An image of ours: ``digest`` names what judges in it, the same wherever it was built; ``size`` is in bytes.

    ``supervisor`` is the hash of the supervisor's sources in it, ``inputs`` that of everything it was built from (""
    where `docker build` alone made it).
    """

    language: str
    name: str
    id: str
    digest: str
    toolchain: str
    supervisor: str
    inputs: str
    size: int
    created: str


def image_name(language: str) -> str:
    """Return the name under which the image of a language is built and looked for."""
    return f"humanevalpack/{language}:{__version__}"


def build_command(language: str) -> str:
    """Return the command that makes a language's image ("": all of them)."""
    return f"humanevalpack sandbox build {language}".rstrip()


def connect() -> DockerClient:
    """Return a client of the engine; close it. Raises SandboxFault that says what did not answer."""
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=600)
        client.ping()
    except (DockerException, OSError) as error:
        raise SandboxFault(_NO_ENGINE.format(error=error)) from error
    return client


def may_answer() -> bool:
    """False if nothing on this machine names an engine: then there is no need to import ``docker`` and ask."""
    config = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker", "config.json")
    named = os.environ.get("DOCKER_HOST") or os.environ.get("DOCKER_CONTEXT") or config.exists()
    return bool(named) or Path("/var/run/docker.sock").exists()


def find_image(client: DockerClient, language: str) -> Image | None:
    """Return the language's image, or None if the engine has none of this version. Raises SandboxFault."""
    from docker.errors import DockerException, ImageNotFound

    try:
        found = client.images.get(image_name(language))
        labels = found.labels
        if f"{LABEL}digest" not in labels:  # made by `docker build`, which cannot know them
            labels = {f"{LABEL}{key}": str(value) for key, value in described(client, str(found.id)).items()}
    except ImageNotFound:
        return None
    except (DockerException, OSError) as error:
        raise SandboxFault(f"the engine cannot tell of the image {image_name(language)}: {error}") from error
    return _image(language, found, labels)


def _image(language: str, found: DockerImage, labels: dict[str, str]) -> Image:
    return Image(
        language,
        image_name(language),
        str(found.id),
        labels[f"{LABEL}digest"],
        labels[f"{LABEL}toolchain"],
        labels[f"{LABEL}supervisor"],
        labels.get(f"{LABEL}inputs", ""),
        found.attrs["Size"],
        found.attrs["Created"],
    )


def described(client: DockerClient, image: str) -> dict[str, Any]:
    """Return what an image says of itself (its id never changes, nor does this)."""
    if image not in _DESCRIBED:
        said = client.containers.run(
            image, ["describe"], remove=True, network_mode="none", labels={f"{LABEL}worker": "describe"}
        )
        _DESCRIBED[image] = json.loads(said)
    return _DESCRIBED[image]


_DESCRIBED: dict[str, dict[str, Any]] = {}


def require_image(client: DockerClient, language: str) -> Image:
    """Return the language's image; raises SandboxFault, with the building command, if it is missing or out of date."""
    image = find_image(client, language)
    if image is None:
        raise SandboxFault(f"the image {image_name(language)} is missing; make it: {build_command(language)}")
    if not is_current(image):
        raise SandboxFault(
            f"the image {image.name} holds another release of the supervisor; make it anew: {build_command(language)}"
        )
    return image


def is_current(image: Image) -> bool:
    """Whether the image judges as this release does."""
    from humanevalpack.sandbox.warm import supervisor_digest

    return image.supervisor == supervisor_digest()


def has_images(languages: Iterable[str]) -> bool:
    """Whether an engine answers here that has current images of all these languages."""
    if not may_answer():
        return False
    try:
        client = connect()
    except SandboxFault:
        return False
    with closing(client):
        images = [find_image(client, language) for language in languages]
    return all(image is not None and is_current(image) for image in images)


def image_digests(languages: Iterable[str]) -> dict[str, str]:
    """Return the digest of each language's image, for the record of a run; raises SandboxFault for a missing one."""
    with closing(connect()) as client:
        return {language: require_image(client, language).digest for language in languages}
