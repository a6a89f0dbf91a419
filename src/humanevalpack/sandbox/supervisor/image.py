"""What an image of one language can do: ``worker`` (frames), ``evaluate`` (lines), ``describe``, and once ``prepare``.

``prepare`` runs while the image is built: it makes the language's warm files and writes down what the image holds.
"""

from __future__ import annotations

import compileall
import hashlib
import json
import os
import py_compile
import subprocess
import sys
from typing import Any

from .cage import Cage
from .evaluate import evaluate
from .job import HOME, Setting, prepare
from .languages import LANGUAGES
from .main import serve

CONTENTS = f"{HOME}/image.json"
_USAGE = """usage: docker run -i IMAGE [worker | evaluate [--workers N] [--time-limit SECONDS] | describe]
  worker    serve the frames of humanevalpack's own pool on stdin and stdout (the default)
  evaluate  read one program a line (JSON), write one verdict a line and a summary; evaluate --help says how
  describe  print what this image holds, as JSON
"""


def main() -> None:
    """Do what the first argument says; exits with 2 for an unknown one."""
    role, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("worker", [])
    if role == "prepare" and len(arguments) == 1:
        _prepare(arguments[0])
    elif role == "describe" and not arguments:
        print(json.dumps(contents(), indent=1))
    elif role == "evaluate":
        check_room()
        sys.exit(evaluate(arguments, contents()["language"]))
    elif role == "worker" and not arguments:
        check_room()
        serve(Setting.of_image(contents()["language"]))
    else:
        sys.stderr.write(_USAGE)
        sys.exit(0 if role in ("--help", "-h") else 2)


def contents(home: str = HOME) -> dict[str, Any]:
    """Return what ``prepare`` wrote down: language, toolchain (its version), packages, supervisor, digest."""
    with open(os.path.join(home, "image.json"), encoding="ascii") as file:
        known: dict[str, Any] = json.load(file)
    return known


def check_room() -> None:
    """Exit with 3 if programs cannot be built and run in /tmp, as under ``docker run --read-only --tmpfs /tmp``."""
    flags = os.statvfs("/tmp").f_flag
    if flags & (os.ST_RDONLY | os.ST_NOEXEC):
        said = "read-only" if flags & os.ST_RDONLY else "noexec"
        sys.stderr.write(f"/tmp is {said}, but programs are built and run there: docker run --tmpfs /tmp:exec ...\n")
        sys.exit(3)


def sources_digest(folder: str) -> str:
    """Return a hash of the supervisor's sources: host and image must have the same."""
    return _files_digest(folder)


def _files_digest(folder: str) -> str:
    digest = hashlib.sha256()
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            path = os.path.join(place, name)
            digest.update(f"{os.path.relpath(path, folder)}\n".encode("utf-8", "surrogateescape"))
            if os.path.islink(path):
                digest.update(os.readlink(path).encode())
                continue
            with open(path, "rb") as file:
                digest.update(hashlib.sha256(file.read()).digest())
    return digest.hexdigest()


def _prepare(name: str) -> None:
    """Make the warm files of the language and write the image's contents; exits with the tool's message if it fails."""
    language = LANGUAGES[name]
    setting = Setting.of_image(name)
    places = setting.places(name, name)
    os.makedirs(places.warm, mode=0o755)
    trouble = prepare(language, places, Cage(places.warm, None, namespaces=False, counts_own_processes=False))
    if trouble:
        sys.exit(f"{name} cannot be prepared: {trouble}")
    after = f"{HOME}/build/{name}/prepared.sh"
    if os.path.exists(after):
        subprocess.run(["/bin/bash", after], check=True)
    # a container cannot keep what it compiles, and does not look at the sources again
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(f"{HOME}/supervisor", quiet=2, force=True, invalidation_mode=unchecked)
    told = subprocess.run(language.version, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"})
    known: dict[str, Any] = {
        "language": name,
        "toolchain": f"{(told.stdout or told.stderr).strip().splitlines()[0]} {language.way(places.warm)}".strip(),
        "supervisor": sources_digest(f"{HOME}/supervisor"),
        "own_parts": _files_digest(places.toolchain),
        "packages": _packages(),
    }
    # what judges a program: equal digests mean equal toolchains and an equal supervisor, whoever built the image
    known["digest"] = "sha256:" + hashlib.sha256(json.dumps(known, sort_keys=True).encode("ascii")).hexdigest()
    with open(CONTENTS, "w", encoding="ascii") as file:
        json.dump(known, file, indent=1)


def _packages() -> list[str]:
    """Return "name version" of every system package, where dpkg manages them."""
    if not os.path.exists("/usr/bin/dpkg-query"):
        return []
    listed = subprocess.run(
        ["/usr/bin/dpkg-query", "--show", "--showformat", "${Package} ${Version}\n"],
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(listed.stdout.splitlines())
