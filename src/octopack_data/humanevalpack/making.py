"""HumanEvalPack's files: from a folder of solutions, bugs and entry points to one file of rows a language."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, UsageError
from humanevalpack.languages import LANGUAGES, get_language
from humanevalpack.problems import hash_difference, problems_from_rows, published_task_ids
from humanevalpack.sources import file_rows
from octopack_data.humanevalpack.rows import BUG_COLUMNS, Created, Sheet, create_rows
from octopack_data.humanevalpack.template import bug_template, unedited
from octopack_data.manifests import (
    MANIFEST,
    FileFacts,
    file_facts,
    input_facts,
    new_manifest,
    read_manifest,
    write_manifest,
)
from octopack_data.rows import PART

ENTRY_POINTS = "HumanEval.jsonl"
STAGE = "humanevalpack create"


@dataclass(frozen=True, slots=True)
class Made:
    """One file of rows that was written, and what to say of it."""

    language: str
    path: Path
    rows: int
    corrected: tuple[str, ...]
    warnings: tuple[str, ...]
    published: str
    """How rows with HumanEvalPack's task_ids differ from the published ones; "the published rows"; "" for others."""


def languages_in(folder: Path, wanted: Sequence[str] | None = None) -> list[str]:
    """Return the languages whose solutions a folder holds, or all of ``wanted``; raises UsageError."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder: it must hold <language>.jsonl, <language>.bugs.json, {ENTRY_POINTS}")
    there = [language for language in LANGUAGES if (folder / f"{language}.jsonl").is_file()]
    missing = [language for language in wanted or () if language not in there]
    if missing or not there:
        names = ", ".join(f"{language}.jsonl" for language in missing or LANGUAGES)
        raise UsageError(f"{folder}: no {names}; there is {', '.join(f'{name}.jsonl' for name in there) or 'none'}")
    return list(wanted or there)


def write_template(solutions: Path, output: Path, *, labels: bool | None = None, overwrite: bool = False) -> int:
    """Write the template of one language's solutions; return how many entries it has.

    ``labels``: None means those of Python only, which hold for every language. Raises InputError and UsageError.
    """
    _check_free(output, overwrite=overwrite)
    sources = _solutions(solutions)
    prefix = str(sources.rows[0].get("task_id", "")).rpartition("/")[0]
    wanted = prefix == get_language("python").task_prefix if labels is None else labels
    entries = bug_template(sources, labels=wanted)
    _write(output, json.dumps(entries, indent=4) + "\n")
    return len(entries)


def create(
    folder: Path,
    output: Path,
    *,
    languages: Sequence[str] | None = None,
    entry_points: Path | None = None,
    labels: Path | None = None,
    overwrite: bool = False,
) -> Iterator[Made]:
    """Write <language>.jsonl of every language into ``output``, yield what was written, one by one; then the manifest.

    ``folder`` holds <language>.jsonl (columns as in HumanEval-X) and <language>.bugs.json (the edited templates);
    ``entry_points`` (default: HumanEval.jsonl in it) the functions' names, ``labels`` (default: python.bugs.json in
    it, else each language's own file) the kinds of bugs. Rows belong together by position.

    Raises InputError that names file, row and column, UsageError for a file that is missing or must not be replaced.
    """
    names = languages_in(folder, languages)
    if languages is None:
        _refuse_strangers(folder)
    paths = {language: output / f"{language}.jsonl" for language in names}
    for path in paths.values():
        _check_free(path, overwrite=overwrite)
    originals = _rows_of(entry_points or folder / ENTRY_POINTS)
    shared = labels or folder / "python.bugs.json"
    read, made = [entry_points or folder / ENTRY_POINTS], []
    for language, path in paths.items():
        own = folder / f"{language}.bugs.json"
        sources, bugs = _solutions(folder / f"{language}.jsonl"), read_bugs(own)
        labelled = read_bugs(shared) if labels is not None or shared.is_file() else bugs
        read += [folder / f"{language}.jsonl", own, *([shared] if shared.is_file() else [])]
        created = create_rows(language, sources, bugs, labelled, originals)
        problems = problems_from_rows(created.rows, language, where=str(sources.path))
        published = ""
        if [problem.task_id for problem in problems] == published_task_ids(language):
            published = hash_difference(problems) or "the published rows"
        text = "".join(json.dumps(row) + "\n" for row in created.rows)
        warnings = _warnings(created, bugs.path)
        made.append((text, Made(language, path, len(created.rows), created.corrected, warnings, published)))
    written = []
    for text, one in made:  # when all are made: wrong rows of one language leave no files of the others
        _write(one.path, text)
        written.append(file_facts(one.path, one.path.name, one.rows))
        yield one
    _write_manifest(output, read, written)


def _write_manifest(output: Path, read: Sequence[Path], written: Sequence[FileFacts]) -> None:
    """Write what the rows were made of; languages that an earlier run made here stay in it."""
    earlier: Mapping[str, Any] = read_manifest(output) if (output / MANIFEST).is_file() else {"stage": ""}
    facts = [input_facts(path) for path in dict.fromkeys(read)]
    if earlier["stage"] == STAGE:
        before, sources = ([FileFacts(**row) for row in earlier[name]] for name in ("outputs", "inputs"))
        names, paths = {one.path for one in written}, {one.path for one in facts}
        written = [*(one for one in before if one.path not in names and (output / one.path).is_file()), *written]
        facts = [*(one for one in sources if one.path not in paths), *facts]
    rows = sum(one.rows or 0 for one in written)
    languages = sorted(Path(one.path).stem for one in written)
    manifest = new_manifest(STAGE, {"languages": languages}, facts, written, {"rows": rows, "kept": rows})
    write_manifest(output, manifest)


def _refuse_strangers(folder: Path) -> None:
    for path in sorted(folder.glob("*.bugs.json")):
        name = path.name.removesuffix(".bugs.json")
        if name not in LANGUAGES:
            raise UsageError(
                f"{path}: {name!r} is no language of this package; there are {', '.join(LANGUAGES)}: rename the file, "
                "or name the languages that are to be made (--languages)"
            )


def _warnings(created: Created, bugs: Path) -> tuple[str, ...]:
    same = [created.rows[n]["task_id"] for n in unedited(created.rows)]
    told = f"{bugs}: buggy_solution still is the canonical one: {', '.join(same)}: plant a bug in each"
    return (*created.warnings, *((told,) if same else ()))


def read_bugs(path: Path) -> Sheet:
    """Read an edited template; raises InputError, and UsageError if it is missing."""
    _existing(path)
    try:
        entries: Any = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # JSON, UTF-8
        raise InputError(f"{path}: not valid JSON ({error})") from error
    if not isinstance(entries, list):
        raise InputError(f"{path}: must be a JSON list of objects with {', '.join(BUG_COLUMNS)}, not {entries!r:.60}")
    sheet = Sheet(path, entries)
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise InputError(
                f"{sheet.place(number)}: must be an object with {', '.join(BUG_COLUMNS)}, not {entry!r:.60}"
            )
    return sheet


def _solutions(path: Path) -> Sheet:
    sheet = _rows_of(path)
    if not sheet.rows:
        raise InputError(f"{path}: no rows; expected one JSON object a line, with columns as in HumanEval-X")
    return sheet


def _rows_of(path: Path) -> Sheet:
    return Sheet(path, list(file_rows(_existing(path))))


def _existing(path: Path) -> Path:
    if path.is_file():
        return path
    mend = ": octopack-data humanevalpack template writes it" if path.name.endswith(".bugs.json") else ""
    raise UsageError(f"{path} is missing{mend}")


def _check_free(path: Path, *, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise UsageError(f"{path} is there already: --overwrite replaces it")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + PART)
    part.write_text(text, "utf-8")
    part.replace(path)
