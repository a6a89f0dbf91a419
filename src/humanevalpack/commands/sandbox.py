"""``humanevalpack sandbox``: the images of the languages are built, listed, exported, pushed and pulled."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from humanevalpack.commands.options import JsonOption

if TYPE_CHECKING:
    from docker import DockerClient

app = typer.Typer(
    help="The Docker images in which programs are judged, one a language. They are built by this command only, "
    "never on the way.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

LanguagesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[LANGUAGE]...", help="cpp, go, java, js, python, rust; none: all six.")
]
RegistryOption = Annotated[
    str, typer.Option("--registry", help="Where the images are kept: HOST/PATH, e.g. ghcr.io/your-name.")
]


@app.command("build", epilog="Example: humanevalpack sandbox build python rust")
def build(
    languages: LanguagesArgument = None,
    base: Annotated[str | None, typer.Option("--base", help="The image to start from: debian:bookworm-slim.")] = None,
    snapshot: Annotated[
        str | None, typer.Option("--snapshot", help="Packages as Debian's archive had them: 20250520T000000Z.")
    ] = None,
    snapshot_archive: Annotated[
        str | None, typer.Option("--snapshot-archive", metavar="URL", help="For --snapshot: where such an archive is.")
    ] = None,
    crates: Annotated[
        str | None, typer.Option("--crates", help="Rust's crates: debian, or registry (the real rand 0.4).")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Use nothing of an earlier build.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show every line of the builds.")] = False,
) -> None:
    """Build images; one that nothing has changed for is left as it is. A build needs Debian's packages."""
    from humanevalpack.errors import UsageError
    from humanevalpack.sandbox.images import build as build_image

    if crates not in (None, "debian", "registry"):
        raise UsageError(f"--crates is {crates!r}; allowed: debian, registry")
    if (snapshot is None) != (snapshot_archive is None):
        raise UsageError("--snapshot and --snapshot-archive belong together: a time, and the archive that knows it")
    given = {"BASE": base, "SNAPSHOT": snapshot, "SNAPSHOT_ARCHIVE": snapshot_archive, "CRATES": crates}
    with _client() as client:
        for language in _chosen(languages):
            arguments = {
                key: value
                for key, value in given.items()
                if value is not None and (key != "CRATES" or language == "rust")
            }
            with _progress(f"building {language}", verbose=verbose) as say:
                image = build_image(client, language, arguments, say, fresh=fresh)
            typer.echo(f"{image.name}  {_megabytes(image.size)}  {image.toolchain}  {image.digest}")


@app.command("list", epilog="Example: humanevalpack sandbox list --json")
def list_images(json_output: JsonOption = False) -> None:
    """List the images: what is there, what judges in it, and what is missing. Exit code 3 if no engine answers."""
    import json
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from humanevalpack.languages import LANGUAGES
    from humanevalpack.sandbox.engine import build_command, find_image, is_current

    with _client() as client:
        found = {language: find_image(client, language) for language in LANGUAGES}
    states = {
        language: "missing" if image is None else "ready" if is_current(image) else "out of date"
        for language, image in found.items()
    }
    if json_output:
        images = {
            language: {"state": states[language]} | (asdict(image) if image else {})
            for language, image in found.items()
        }
        typer.echo(json.dumps(images, indent=1))
        return
    table = Table("language", "state", "size", "toolchain", "digest")
    for language, image in found.items():
        facts = (_megabytes(image.size), image.toolchain, image.digest[:19]) if image else ("", "", "")
        table.add_row(language, states[language], *facts)
    Console().print(table)
    wanted = [language for language, state in states.items() if state != "ready"]
    if wanted:
        typer.echo(f"To have all of them: {build_command(' '.join(wanted))}")


@app.command("export", epilog="Example: humanevalpack sandbox export python --output roots/python")
def export(
    language: Annotated[str, typer.Argument(help="One language.")],
    output: Annotated[
        Path, typer.Option("--output", help="The folder or file to write; an earlier export is replaced.")
    ],
    form: Annotated[
        str, typer.Option("--as", help="folder or tar (the root file system), or image (podman load, apptainer build).")
    ] = "folder",
) -> None:
    """Write an image's content for machines without Docker.

    A folder ROOTS/LANGUAGE serves the local sandbox there: HUMANEVALPACK_ROOTS=ROOTS.
    """
    from humanevalpack.sandbox.images import export as export_image

    (name,) = _chosen([language])
    with _client() as client, _progress(f"exporting {name}", verbose=False):
        written = export_image(client, name, output, form)
    typer.echo(str(written))


@app.command("push", epilog="Example: humanevalpack sandbox push python --registry ghcr.io/your-name")
def push(registry: RegistryOption, languages: LanguagesArgument = None) -> None:
    """Push images to a registry, as REGISTRY/humanevalpack-LANGUAGE:VERSION; log in with `docker login` first."""
    from humanevalpack.sandbox.images import push as push_image

    with _client() as client:
        for language in _chosen(languages):
            with _progress(f"pushing {language}", verbose=False):
                name = push_image(client, language, registry)
            typer.echo(name)


@app.command("pull", epilog="Example: humanevalpack sandbox pull python --registry ghcr.io/your-name")
def pull(registry: RegistryOption, languages: LanguagesArgument = None) -> None:
    """Pull images of this version from a registry; its content is trusted with the verdicts."""
    from humanevalpack.sandbox.images import pull as pull_image

    with _client() as client:
        for language in _chosen(languages):
            with _progress(f"pulling {language}", verbose=False):
                image = pull_image(client, language, registry)
            typer.echo(f"{image.name}  {_megabytes(image.size)}  {image.toolchain}  {image.digest}")


@contextmanager
def _client() -> "Iterator[DockerClient]":
    from contextlib import closing

    from humanevalpack.sandbox.engine import connect

    with closing(connect()) as client:
        yield client


@contextmanager
def _progress(title: str, *, verbose: bool) -> Iterator[Callable[[str], None]]:
    """Show what is done, with its latest line, on stderr; ``verbose`` prints every line."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True)
    with console.status(title) as status:

        def say(line: str) -> None:
            if verbose:
                console.print(line, markup=False, highlight=False)
            status.update(f"{title}: {escape(line[: max(10, console.width - len(title) - 6)])}")

        yield say


def _chosen(languages: list[str] | None) -> list[str]:
    from humanevalpack.commands.options import chosen_languages

    return chosen_languages(",".join(languages) if languages else None)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
