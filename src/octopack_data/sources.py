"""Where a stage's input lies: a folder of an earlier stage, a folder of the published layout, one file, or a hub id."""

import re
from dataclasses import dataclass
from pathlib import Path

from humanevalpack.errors import EnvironmentFault, InputError
from octopack_data.manifests import MANIFEST, MARKS, read_manifest, stage_above
from octopack_data.rows import ENDINGS
from octopack_data.selection_folder import DATA, WORK

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Part:
    """One file of rows, worked on by one worker at a time; or several that a stage joins (``more`` after ``path``).

    ``name`` is its path below the source, without the ending and without a leading ``data/``: ``python/data``,
    ``part-0003``. A stage writes the output of a part under the same name.
    """

    name: str
    path: Path
    more: tuple[Path, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files of the part, in order."""
        return (self.path, *self.more)

    @property
    def bytes(self) -> int:
        """Size of the part on disk."""
        return sum(path.stat().st_size for path in self.paths)


def find_parts(source: str | Path, *, revision: str | None = None) -> list[Part]:
    """Return the parts of a source in the order of their names.

    ``source`` is a file, a folder (of a stage or of the published layout ``data/<language>/*.jsonl``) or a hub id
    (``bigcode/commitpackft``; downloaded into the hub's cache, resumed if broken off).
    Raises InputError (nothing there) and EnvironmentFault (the hub cannot be reached).
    """
    path = Path(source)
    if not path.exists() and _HUB_ID.fullmatch(str(source)):
        path = _downloaded(str(source), revision)
    if path.is_file():
        return [Part(_name(path.name), path)]
    folder = path / "data" if (path / "data").is_dir() else path
    # No hidden folders: marks of completion and caches are ours.
    found = [
        Part(_name(file.relative_to(folder).as_posix()), file)
        for file in sorted(folder.rglob("*"))
        if file.name.endswith(ENDINGS) and file.is_file() and not _hidden(file.relative_to(folder))
    ]
    if _is_stage(folder):  # its rows are in data/ (or train/data, valid/data): reports and dropped rows lie beside them
        found = [part for part in found if DATA in part.path.relative_to(folder).parts]
        if not found:
            raise InputError(
                f"{source}: no row is left there. Where they went: octopack-data commitpack stats funnel {source}"
                if (folder / MANIFEST).is_file()
                else _not_finished(folder)
            )
    if not found:
        raise InputError(f"{source}: no file or folder with files that end with {', '.join(ENDINGS)}")
    _check_stage(folder.absolute(), [part.path.absolute() for part in found])
    names = [part.name for part in found]
    double = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if double is not None:
        raise InputError(f"{source}: {double} is there in two formats; keep one of them")
    return sorted(found, key=lambda part: part.name)


def _check_stage(source: Path, files: list[Path]) -> None:
    """Raise InputError if files of a stage are not, or not any more, what it makes: rows would be lost or added.

    ``source`` is the stage's folder or at most two below it (``data``, ``train/data``).
    """
    near = (source, *source.parents[:2])
    stage = next((folder for folder in near if (folder / MARKS / "stage.json").is_file()), None)
    selection = source.parent if source.name == DATA else source
    if stage is None and (selection / WORK).is_dir():
        stage = selection
    if stage is None:
        return
    if not (stage / MANIFEST).is_file():
        raise InputError(_not_finished(stage))
    listed = {stage / file["path"]: file["bytes"] for file in read_manifest(stage)["outputs"]}
    mine = {file: size for file, size in listed.items() if file.is_relative_to(source)}
    found = {file: file.stat().st_size for file in files}
    wrong = next((file for file in (mine | found) if mine.get(file) != found.get(file)), None) if mine else None
    if wrong is not None:
        raise InputError(
            f"{wrong} is not as in {stage / MANIFEST} ({mine.get(wrong, 'no')} bytes there, {found.get(wrong, 'no')} "
            "now): files were added, taken away or changed. Run the stage again with --overwrite"
        )


def _is_stage(folder: Path) -> bool:
    return (folder / MARKS / "stage.json").is_file() or stage_above(folder / MANIFEST) == folder.absolute()


def _not_finished(stage: Path) -> str:
    return f"{stage}: the run that writes it is not finished: give its command again, it goes on"


def _name(path: str) -> str:
    return path.removesuffix(next(end for end in sorted(ENDINGS, key=len, reverse=True) if path.endswith(end)))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _downloaded(hub_id: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    wanted = [f"*{end}" for end in ENDINGS]
    try:
        return Path(snapshot_download(hub_id, repo_type="dataset", revision=revision, allow_patterns=wanted))
    except (OSError, HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise EnvironmentFault(
            f"{hub_id}: no such file or folder here, and the hub did not give it ({error}). "
            "Name a folder, or download it first: hf download --repo-type dataset " + hub_id
        ) from error
