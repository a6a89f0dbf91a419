"""Makes Go's warm folder: testify compiled, where every package is, what vet knows of each, and our testmain.

Runs as a program of its own in the folder (its only argument); trusted, before any program to be judged.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

GO = "/usr/bin/go"
GUARD = "a/guard"
"""The import path of guard.go, choice.go and tasks.go, for testmain.go only."""
MOST = 40
"""Programs in one binary."""
PACKAGES = ("std", "github.com/stretchr/testify/assert", "github.com/stretchr/testify/require")
"""What a program may import: the standard library and testify (its own dependencies only through it)."""


def main() -> None:
    """Fill the folder, which is the working directory, too."""
    folder = sys.argv[1]
    work = os.path.join(folder, "work")
    os.makedirs(work)
    os.makedirs(os.path.join(folder, "packages"))
    fields = "ImportPath,Export,GoFiles,Dir,ImportMap,Imports,Standard"
    listed = _go("list", "-export", "-deps", f"-json={fields}", *PACKAGES)
    packages = [package for package in _records(listed) if package.get("Export")]
    for number, package in enumerate(packages):
        if not package.get("Standard"):
            package["Kept"] = os.path.join("packages", f"{number}.a")
            shutil.copy(package["Export"], os.path.join(folder, package["Kept"]))
    files = {package["ImportPath"]: package["Export"] for package in packages}
    facts: dict[str, str] = {}
    vet = _go("tool", "-n", "vet").strip()
    for number, package in enumerate(packages):
        output = os.path.join("packages", f"{number}.vetx")
        if package.get("GoFiles"):
            _vet(vet, package, files, facts, output, work)
        if os.path.exists(output):  # not for a package with C code, whose generated files vet lacks here
            facts[package["ImportPath"]] = output
    importable = [path for path in files if _importable(path)]
    _compile_guard(folder, files, work)
    shared = _shares(folder, {**files, GUARD: os.path.join(folder, "packages", "guard.a")}, work)
    # relative paths lie in this folder: another sandbox sees it at another place
    kept = {package["ImportPath"]: package.get("Kept", package["Export"]) for package in packages}
    kept[GUARD] = os.path.join("packages", "guard.a")
    with open(os.path.join(folder, "packages.json"), "w", encoding="ascii") as file:
        json.dump({"files": kept, "facts": facts, "importable": importable, "vet": vet, "shared": shared}, file)
    _go("build", "-o", os.path.join(folder, "testmain"), os.path.join(folder, "testmain.go"))
    shutil.rmtree(work)


def _importable(path: str) -> bool:
    own = not path.startswith(("github.com/", "gopkg.in/")) or path in PACKAGES
    return own and not {"internal", "vendor"} & set(path.split("/"))


def _compile_guard(folder: str, files: dict[str, str], work: str) -> None:
    names = [f"program_{number}" for number in range(MOST)]
    linked = "".join(f"//go:linkname {name} {name}..inittask\nvar {name} uintptr\n\n" for name in names)
    listed = "".join(f'\t{{"{name}", &{name}}},\n' for name in names)
    tasks = f'package guard\n\nimport _ "unsafe"\n\n{linked}var tasks = []task{{\n{listed}}}\n'
    _write(os.path.join(folder, "tasks.go"), tasks)
    sources = [os.path.join(folder, name) for name in ("guard.go", "choice.go", "tasks.go")]
    _compile(GUARD, files, f"{folder}/packages/guard.a", work, *sources)


def _compile(path: str, files: dict[str, str], output: str, work: str, *sources: str) -> None:
    config = os.path.join(work, "import.cfg")
    _write(config, "".join(f"packagefile {name}={where}\n" for name, where in files.items()))
    compiler = _go("tool", "-n", "compile").strip()
    subprocess.run(
        [compiler, "-complete", "-pack", "-importcfg", config, "-p", path, "-o", output, *sources], check=True
    )


def _shares(folder: str, files: dict[str, str], work: str) -> bool:
    """Whether, with this release of Go, a chosen program is initialised and another one in the binary is not."""
    imports = "\t".join(f'_ "program_{number}"\n' for number in (1, 0))
    main = f'package main\n\nimport (\n\t"a/guard"\n\t{imports})\n\nfunc main() {{ print(guard.Chosen) }}\n'
    try:
        for number in (0, 1):
            files[f"program_{number}"] = os.path.join(work, f"program_{number}.a")
            source = os.path.join(work, f"program_{number}.go")
            _write(
                source, f"package main\n\nvar value = initial()\n\nfunc initial() int {{ print({number}); return 1 }}\n"
            )
            _compile(f"program_{number}", files, files[f"program_{number}"], work, source)
        _write(os.path.join(work, "main.go"), main)
        _compile("main", files, os.path.join(work, "main.a"), work, os.path.join(work, "main.go"))
        binary = os.path.join(work, "both")
        linker = _go("tool", "-n", "link").strip()
        subprocess.run(
            [linker, "-importcfg", os.path.join(work, "import.cfg"), "-o", binary, f"{work}/main.a"], check=True
        )
        said = [_said(binary, f"program_{number}") for number in (0, 1)]
    except subprocess.CalledProcessError:
        return False
    return said == ["0program_0", "1program_1"]


def _said(binary: str, chosen: str) -> str:
    env = {"HUMANEVALPACK_PROGRAM": chosen}
    return subprocess.run([binary], env=env, check=True, stderr=subprocess.PIPE, encoding="utf-8").stderr


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _vet(
    vet: str, package: dict[str, Any], files: dict[str, str], facts: dict[str, str], output: str, work: str
) -> None:
    """Write what vet's printf check has to know of a package (which functions are wrappers of Printf)."""
    config = {
        "Compiler": "gc",
        "Dir": package["Dir"],
        "ImportPath": package["ImportPath"],
        "GoFiles": [os.path.join(package["Dir"], name) for name in package.get("GoFiles", [])],
        "ImportMap": {**{name: name for name in package.get("Imports", [])}, **package.get("ImportMap", {})},
        "PackageFile": files,
        "PackageVetx": facts,
        "VetxOnly": True,
        "VetxOutput": output,
        "SucceedOnTypecheckFailure": True,
    }
    path = os.path.join(work, "vet.cfg")
    with open(path, "w", encoding="ascii") as file:
        json.dump(config, file)
    subprocess.run([vet, "-printf", path], check=True)


def _go(*arguments: str) -> str:
    return subprocess.run([GO, *arguments], check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def _records(text: str) -> list[dict[str, Any]]:
    decoder, records, at = json.JSONDecoder(), [], 0
    while at < len(text.rstrip()):
        record, at = decoder.raw_decode(text, at)
        records.append(record)
        at += len(text[at:]) - len(text[at:].lstrip())
    return records


if __name__ == "__main__":
    main()
