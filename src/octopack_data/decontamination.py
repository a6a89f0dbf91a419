"""Decontamination: rows that hold a problem of HumanEvalPack are left out, with the problem's name.

``published`` is the release's rule (its older variant, 8.4 of the specification): new contents with a whole prompt.
``fixed`` also finds solutions, docstrings and parts of them, in old and new contents, re-indented, in another kind of
comment or with other punctuation. All patterns are looked for in one pass of Aho-Corasick over a text's normal forms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field

from humanevalpack.errors import InputError
from humanevalpack.languages import LANGUAGES
from humanevalpack.problems import Problem, content_hash, load_problems
from octopack_data.exclusions import Excluded, ExclusionSettings, write_kept
from octopack_data.parts import PartResult, Stage
from octopack_data.records import Mode
from octopack_data.rows import text_rows
from octopack_data.sampling import Sample, make_sample
from octopack_data.settings import written_settings
from octopack_data.sources import Part

_SHORT = 40
"""Characters without white space under which a text is no evidence: ``return a + b`` is everybody's."""
_TELLING = 5
"""Different words of three letters or more that a run of words must have: rows of numbers are everybody's, too."""
_WORDS = bytes(byte if chr(byte).isalnum() or byte > 127 else 32 for byte in range(256))


class DecontaminateSettings(ExclusionSettings):
    """Settings of ``commitpack decontaminate``."""

    problems: str = "hub"
    """HumanEvalPack: hub, mini, or a folder with <language>.jsonl."""
    problems_revision: str = ""
    """Revision of HumanEvalPack on the hub."""
    words: int = Field(default=13, ge=5)
    """Fixed mode: so many words in a row of a docstring are a find."""


@dataclass(frozen=True)
class Evidence:
    """What of which problem a text holds."""

    problem: str
    """Its task_id: ``Python/3``."""
    what: str
    """prompt, solution or docstring."""


def squeezed(text: str) -> bytes:
    """Return a text without white space: it survives re-indentation and line breaks."""
    return "".join(text.split()).encode()


def worded(text: str) -> bytes:
    """Return a text as lower-case words between single spaces: it survives comment signs and punctuation, too."""
    return b" " + b" ".join(text.lower().encode().translate(_WORDS).split()) + b" "


@dataclass(frozen=True)
class _Patterns:
    """Patterns on one normal form of a text, each with the first problem that has it."""

    found: dict[bytes, Evidence]
    _automaton: Any = field(init=False, repr=False)
    _evidence: tuple[Evidence, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        import ahocorasick_rs

        object.__setattr__(self, "_automaton", ahocorasick_rs.BytesAhoCorasick(list(self.found)))
        object.__setattr__(self, "_evidence", tuple(self.found.values()))

    def first(self, text: bytes) -> Evidence | None:
        """Return the evidence that ends first in a text."""
        matches = self._automaton.find_matches_as_indexes(text)
        return self._evidence[matches[0][0]] if matches else None


class Detector:
    """Finds the given problems in texts."""

    def __init__(self, problems: Iterable[Problem], mode: Mode = "fixed", words: int = 13) -> None:
        raw: dict[bytes, Evidence] = {}
        code: dict[bytes, Evidence] = {}
        prose: dict[bytes, Evidence] = {}
        for problem in problems:
            raw.setdefault(problem.prompt.encode(), Evidence(problem.task_id, "prompt"))
            for pattern, what in _code(problem):
                code.setdefault(pattern, Evidence(problem.task_id, what))
            for pattern in _prose(problem.docstring, words):
                prose.setdefault(pattern, Evidence(problem.task_id, "docstring"))
        self._published = mode == "published"
        if self._published:
            self._raw = _Patterns(raw)
        else:
            self._code, self._prose = _Patterns(code), _Patterns(prose)

    def find(self, row: dict[str, Any]) -> tuple[str, Evidence] | None:
        """Return the column of a row that holds a problem, and what it holds; None for a clean row."""
        for column in ("new_contents",) if self._published else ("new_contents", "old_contents"):
            evidence = self.find_in(row[column])
            if evidence is not None:
                return column, evidence
        return None

    def find_in(self, text: str) -> Evidence | None:
        """Return what a text holds."""
        if self._published:
            return self._raw.first(text.encode())
        return self._code.first(squeezed(text)) or self._prose.first(worded(text))


def _code(problem: Problem) -> Iterator[tuple[bytes, str]]:
    """A prompt and a solution; a short solution with the line that declares the function."""
    yield squeezed(problem.prompt), "prompt"
    solution = squeezed(problem.canonical_solution)
    if len(solution) < 1.5 * _SHORT:
        solution = squeezed(problem.declaration.strip().rpartition("\n")[2]) + solution
    if len(solution) >= _SHORT:
        yield solution, "solution"


def _prose(docstring: str, words: int) -> Iterator[bytes]:
    """Every run of so many words; a shorter docstring as a whole."""
    said = worded(docstring).split()
    for start in range(max(1, len(said) - words + 1)):
        run = said[start : start + words]
        if len({word for word in run if len(word) > 2 and word.isalpha()}) >= _TELLING and len(run) >= 8:
            yield b" " + b" ".join(run) + b" "


@dataclass(frozen=True)
class _Decontaminate:
    settings: DecontaminateSettings
    sample: Sample
    problems_sha256: str

    def __call__(self, part: Part, output: Path) -> PartResult:
        detector = _detector(self.settings, self.problems_sha256)

        def judge(row: dict[str, Any]) -> dict[str, Any] | Excluded:
            found = detector.find(row)
            if found is None:
                return row
            column, evidence = found
            details = {"problem": evidence.problem, "what": evidence.what, "column": column}
            return Excluded("humanevalpack", details)

        counts: Counter[str] = Counter(rows=0, kept=0)
        rows = text_rows(part.path, ("commit", "old_contents", "new_contents"), every=True)
        return write_kept(part, output, self.settings, self.sample.rows(rows, counts), judge, counts)


def _problems(settings: DecontaminateSettings) -> tuple[Problem, ...]:
    # Python first: a docstring that all languages share is named by its origin.
    names = sorted(LANGUAGES, key=lambda name: (name != "python", name))
    revision = settings.problems_revision or None
    return tuple(problem for name in names for problem in load_problems(name, settings.problems, revision=revision))


@lru_cache(maxsize=1)
def _detector(settings: DecontaminateSettings, problems_sha256: str) -> Detector:
    """Return what every part is looked through with: read once in each process, and the same in all of them."""
    problems = _problems(settings)
    if content_hash(problems) != problems_sha256:
        raise InputError(
            f"{settings.problems}: the problems were changed while a run with them was on: put back what they were, or "
            "start anew with --overwrite"
        )
    return Detector(problems, settings.mode, settings.words)


def decontaminate_stage(parts: Sequence[Part], output: Path, settings: DecontaminateSettings) -> Stage:
    """Return the stage that leaves out rows that hold a problem of HumanEvalPack; ``excluded/`` names the problem.

    Memory: one row and the patterns (100 MB). Raises what loading the problems raises.
    """
    digest = content_hash(_problems(settings))
    work = _Decontaminate(settings, make_sample(settings.sample, parts), digest)
    said = written_settings(settings) | {"problems_sha256": digest}
    return Stage("decontaminate", work, tuple(parts), output, said)
