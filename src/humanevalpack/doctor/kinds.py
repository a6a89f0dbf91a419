"""Which kinds of sandbox work here, and why the others do not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from humanevalpack.doctor.facts import Fact, Level
from humanevalpack.doctor.machine import container, refused_namespaces
from humanevalpack.errors import EnvironmentFault
from humanevalpack.resources import resource_dir
from humanevalpack.sandbox import check_toolchains, choose_sandbox, namespaces
from humanevalpack.sandbox.engine import build_command, connect

_PRIVILEGED = (
    "this container refuses namespaces: start it with `docker run --privileged` (or --cap-add SYS_ADMIN --security-opt "
    "seccomp=unconfined --security-opt apparmor=unconfined), or judge outside of it"
)


def kind_facts(wanted: str, languages: Sequence[str]) -> list[Fact]:
    """Try every kind; one that does not work is a problem only if it is the one that is wanted by name."""
    return [*_docker(wanted, languages), _local(wanted), _process()]


def _docker(wanted: str, languages: Sequence[str]) -> list[Fact]:
    level: Level = "problem" if wanted == "docker" else "note"
    try:
        with closing(connect()) as client:
            version = client.version()
        toolchains = check_toolchains(languages, sandbox="docker")
    except EnvironmentFault as error:
        return [Fact("sandbox docker", f"does not work: {_short(error)}", level, _mend_engine(error))]
    engine = f"{version['Version']}, API {version['ApiVersion']}, {version['Os']}/{version['Arch']}"
    facts = [Fact("Docker engine", engine)]
    unfit = {language: toolchain for language, toolchain in toolchains.items() if not toolchain.available}
    if unfit:
        said = "; ".join(missing for toolchain in unfit.values() for missing in toolchain.missing)
        return [*facts, Fact("sandbox docker", f"does not work: {said}", level, build_command(" ".join(unfit)))]
    return [*facts, Fact("sandbox docker", "works")]


def _mend_engine(error: Exception) -> str:
    if "Permission denied" in str(error):
        return 'sudo usermod -aG docker "$USER", then log in again'
    if shutil.which("dockerd") or shutil.which("docker"):
        return "start it: sudo systemctl start docker (or Docker Desktop), or name another: export DOCKER_HOST=..."
    return f"sudo {resource_dir('sandboxes') / 'engine' / 'install.sh'}, or https://docs.docker.com/engine/install/"


def _local(wanted: str) -> Fact:
    try:
        choose_sandbox("local")
    except (EnvironmentFault, OSError) as error:
        why = str(error).partition("What failed: ")[2] or str(error)
        return Fact(
            "sandbox local",
            f"does not work: {why}",
            "problem" if wanted == "local" else "note",
            "; ".join(_mend_local()),
        )
    return Fact("sandbox local", "works")


def _mend_local() -> list[str]:
    if not Path(namespaces.BWRAP).exists():
        return ["sudo apt-get install bubblewrap"]
    refusals = [] if os.geteuid() == 0 else [mend for _, mend in refused_namespaces()]
    if container():
        refusals.append(_PRIVILEGED)
    return refusals or [f"see what `{namespaces.BWRAP} --unshare-all --ro-bind / / true` says; or use sandbox docker"]


def _process() -> Fact:
    said = "works when asked for by name; no namespaces: the network, files and processes of this machine are in reach"
    return Fact("sandbox process", said)


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
