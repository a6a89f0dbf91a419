"""The stage ``stats languages``: the programming languages of instruction data, by any detector, counted."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from humanevalpack.errors import EnvironmentFault, HumanEvalPackError, InputError, UsageError
from octopack_data.detectors import TextDetector, code_of, text_detector
from octopack_data.dialogues import content_id
from octopack_data.fence_languages import fence_language, language_called
from octopack_data.languages import display_name
from octopack_data.manifests import write_json
from octopack_data.parts import PartResult, Stage
from octopack_data.records import Mode
from octopack_data.rows import numbered_rows, numbered_text_rows, place, text_rows
from octopack_data.sampling import Sample, make_sample, sample_of_number, share_of
from octopack_data.settings import Settings, written_settings
from octopack_data.sources import Part

_COUNT = "language."
NOT_DETECTED, NO_BLOCK = "not detected", "no fenced block"
"""What texts are counted as whose language is not known."""
_FENCE = "fence"


class LanguageSettings(Settings):
    """What is counted."""

    column: str = "completion"
    """Column with the texts."""
    detector: str = _FENCE
    """fence (the first fence's tag), magika (a library), an entry point of octopack_data.detectors, or
    package.module:function of a function that takes a text and returns a name."""
    inside_fence: bool = False
    """Give the detector the first fenced block alone, without the line of its tag."""
    mode: Mode = "fixed"
    """published: fences and their names are read as in the release; fixed: as in Markdown, with more names."""
    sample: str = ""
    """Work on a part of the rows, chosen by their ids (or texts): a share (0.01) or a number (1000)."""


def languages_stage(parts: Sequence[Part], output: Path, settings: LanguageSettings) -> Stage:
    """Return the stage; then :func:`write_languages`. Raises UsageError for settings that cannot work."""
    if settings.detector == _FENCE and settings.inside_fence:
        raise UsageError("the detector fence reads the tag of the block: give another --detector with --inside-fence")
    text_detector(settings.detector)  # a name that is wrong is said before any row is read
    _check_column(parts[0].path, settings.column)
    sample = _sample(parts, settings)
    return Stage("stats languages", LanguagesWork(settings, sample), tuple(parts), output, written_settings(settings))


def _check_column(path: Path, column: str) -> None:
    """Name the option where the first file has its texts in another column."""
    for number, row in islice(numbered_rows(path), 1):
        if column not in row:
            raise InputError(
                f"{place(path, number)}: no column {column!r}; there are {', '.join(row)}: which has the texts? "
                "--column NAME"
            )


def _sample(parts: Sequence[Part], settings: LanguageSettings) -> Sample:
    share = share_of(settings.sample)
    if not isinstance(share, int):
        return make_sample(settings.sample)
    rows = (row for part in parts for path in part.paths for row in text_rows(path, (settings.column,), every=True))
    return sample_of_number(share, (_id(row, settings.column) for row in rows))


def _id(row: Mapping[str, Any], column: str) -> str:
    return str(row["id"]) if row.get("id") is not None else content_id(row[column])


@dataclass(frozen=True)
class LanguagesWork:
    """The work of the stage on one file: counts alone, of constant memory."""

    settings: LanguageSettings
    sample: Sample

    def __call__(self, part: Part, output: Path) -> PartResult:
        """Count the rows of each language."""
        column = self.settings.column
        detector = text_detector(self.settings.detector)  # once: it looks through all packages that are installed
        counts: Counter[str] = Counter(rows=0, kept=0)
        for path in part.paths:
            for number, row in numbered_text_rows(path, (column,), every=True):
                counts["rows"] += 1
                if not self.sample.holds(_id(row, column)):
                    counts["dropped_sample"] += 1
                    continue
                counts.update(("kept", _COUNT + self._language(row[column], detector, place(path, number))))
        return PartResult((), counts)

    def _language(self, text: str, detector: TextDetector, where: str) -> str:
        settings = self.settings
        if settings.detector == _FENCE:
            return fence_language(text, settings.mode) or NOT_DETECTED
        code = code_of(text) if settings.inside_fence else text
        if code is None:
            return NO_BLOCK
        said = self._said(detector, code, where)
        return language_called(said or "", settings.mode) or (said or "").strip().lower() or NOT_DETECTED

    def _said(self, detector: TextDetector, code: str, where: str) -> str | None:
        """Ask a detector, which may be anybody's; raises InputError that names the row and its text."""
        name, column = self.settings.detector, self.settings.column
        mend = f"mend the function, or take the row out ({column} begins with {code[:60]!r})"
        try:
            said: object = detector(code)
        except HumanEvalPackError:  # ours say by themselves what is missing
            raise
        except Exception as error:
            words = " ".join(f"{type(error).__name__}: {error}".split())
            raise InputError(f"{where}: the detector {name} failed ({words}): {mend}") from error
        if said is not None and not isinstance(said, str):
            raise InputError(f"{where}: the detector {name} said {said!r:.60}, which is no text: {mend}")
        return said


def language_counts(manifest: Mapping[str, Any]) -> dict[str, int]:
    """Return the rows of each language (its folder's name), the most first, equal ones by name."""
    counts = manifest["counts"].items()
    found = {name.removeprefix(_COUNT): rows for name, rows in counts if name.startswith(_COUNT)}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def write_languages(output: Path, manifest: Mapping[str, Any]) -> list[Path]:
    """Write the counts as ``languages.csv``, ``languages.md`` and ``languages.json``; return their paths."""
    counts = language_counts(manifest)
    texts = {"languages.csv": languages_csv(counts), "languages.md": languages_markdown(counts)}
    for name, text in texts.items():
        try:
            (output / name).write_text(text, "utf-8")
        except OSError as error:
            raise EnvironmentFault(f"{output / name} cannot be written: {error}") from error
    write_json(output / "languages.json", counts)
    return [output / name for name in (*texts, "languages.json")]


def languages_csv(counts: Mapping[str, int]) -> str:
    """Return the counts as CSV: language, rows, share (0 to 1)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("language", "rows", "share"))
    total = sum(counts.values())
    writer.writerows((language, rows, f"{rows / total:.6f}") for language, rows in counts.items())
    return text.getvalue()


def languages_markdown(counts: Mapping[str, int]) -> str:
    """Return the counts as a Markdown table, the sum first."""
    total = sum(counts.values())
    lines = ["| language | rows | share |", "| --- | ---: | ---: |"]
    for language, rows in {"all": total, **counts}.items():
        share = f"{100 * rows / total:.2f} %" if total else ""
        lines.append(f"| {display_name(language)} | {rows:,} | {share} |")
    return "\n".join(lines) + "\n"
