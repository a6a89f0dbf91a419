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
from octopack_data.humanevalpack.rows import BUG_COLUMNS, Created, create_rows
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
    rows = _solutions(solutions)
    prefix = str(rows[0].get("task_id", "")).rpartition("/")[0]
    wanted = prefix == get_language("python").task_prefix if labels is None else labels
    entries = bug_template(rows, labels=wanted)
    _write(output, json.dumps(entries, indent=4) + "\n", overwrite=overwrite)
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
    originals = list(file_rows(_existing(entry_points or folder / ENTRY_POINTS)))
    shared = labels or folder / "python.bugs.json"
    read, written = [entry_points or folder / ENTRY_POINTS], []
    for language in names:
        own = _existing(folder / f"{language}.bugs.json")
        sources, bugs = _solutions(folder / f"{language}.jsonl"), read_bugs(own)
        labelled = read_bugs(shared) if labels is not None or shared.is_file() else bugs
        read += [folder / f"{language}.jsonl", own, *([shared] if shared.is_file() else [])]
        created = create_rows(language, sources, bugs, labelled, originals)
        path = output / f"{language}.jsonl"
        problems = problems_from_rows(created.rows, language, where=f"{language}, as created")
        _write(path, "".join(json.dumps(row) + "\n" for row in created.rows), overwrite=overwrite)
        published = ""
        if [problem.task_id for problem in problems] == published_task_ids(language):
            published = hash_difference(problems) or "the published rows"
        written.append(file_facts(path, path.name, len(created.rows)))
        yield Made(language, path, len(created.rows), created.corrected, _warnings(created), published)
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


def _warnings(created: Created) -> tuple[str, ...]:
    same = [created.rows[n]["task_id"] for n in unedited(created.rows, created.rows)]
    told = (f"buggy_solution still is the canonical one: {', '.join(same)}",) if same else ()
    return (*created.warnings, *told)


def read_bugs(path: Path) -> list[Mapping[str, str]]:
    """Read an edited template; raises InputError."""
    try:
        entries: Any = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # JSON, UTF-8
        raise InputError(f"{path}: not valid JSON ({error})") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"{path}: must be a JSON list of objects with {', '.join(BUG_COLUMNS)}")
    return entries


def _solutions(path: Path) -> list[Mapping[str, Any]]:
    rows = list(file_rows(_existing(path)))
    if not rows:
        raise InputError(f"{path}: no rows; expected one JSON object a line, with columns as in HumanEval-X")
    return rows


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UsageError(f"{path} is missing")
    return path


def _write(path: Path, text: str, *, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise UsageError(f"{path} is there already: --overwrite replaces it")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + PART)
    part.write_text(text, "utf-8")
    part.replace(path)
