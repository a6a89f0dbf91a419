"""What a mixture is made of: its file of settings, the ones that ship, and how many rows each source gives."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from humanevalpack.errors import InputError, UsageError
from octopack_data.examples import Columns, format_of
from octopack_data.formats import FormatOptions
from octopack_data.pairs import ExampleSettings
from octopack_data.records import Mode
from octopack_data.rows import RowFormat
from octopack_data.settings import Settings, make_settings, read_yaml

FOLDER = Path(__file__).parent / "data" / "mixtures"
AS_THEY_ARE = "pairs"
"""Form of a source whose rows are prompts and completions already."""
Text = Literal["raw", "question-answer"]
"""What stands around a prompt and its completion: nothing, or OctoCoder's "Question: …" and "Answer:"."""
MOST_ROUNDS = 100
"""How often the rows of a source come at most where no number of rows asks for more."""
RECORDED = ("source", "lang", "row_id")
"""Columns that say where a row is from, and its programming language."""


class FormSettings(ExampleSettings):
    """How rows become examples, commits or what are pairs already."""

    form: str = AS_THEY_ARE
    """pairs: the rows are prompts and completions; else a training format for rows of commits."""

    def options(self, mode: Mode, seed: int) -> FormatOptions:
        """Return the options of the format; raises UsageError."""
        if self.form != AS_THEY_ARE:
            return super().options(mode, seed)
        for name, field in ExampleSettings.model_fields.items():
            if name != "form" and getattr(self, name) != field.default:
                raise UsageError(f"{name} is for rows of commits, not for form {AS_THEY_ARE}")
        return FormatOptions(mode, seed=seed)


class MixSource(FormSettings):
    """One source of a mixture."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    """Name in the column ``source`` of the rows."""
    source: str = Field(min_length=1)
    """Folder, file or hub id with rows."""
    revision: str | None = None
    """Revision, if the source is a hub id."""
    prompt_column: str = ""
    """Of form pairs; none: prompt, inputs or input, whichever is there with its completion column."""
    completion_column: str = ""
    """Of form pairs, beside a prompt column that is named; none: completion, targets or output."""
    id_column: str = ""
    """Column that names a row; none: its commit, else a hash of the row."""
    deduplicate: bool = True
    """Use equal examples of this source once."""
    weight: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Share of the mixture's rows, beside the other sources' weights; all sources have one or none."""
    rows: int | None = Field(default=None, gt=0)
    """Rows to take, in place of a weight; fewer there: what ``shortage`` says."""
    most_rows: int | None = Field(default=None, gt=0)
    """Cap: no other rows than this many are there to be taken."""
    most_bytes: int | None = Field(default=None, gt=0)
    """Cap on their text, in bytes of UTF-8."""
    unverified: tuple[str, ...] = ()
    """Settings above whose values nobody has checked against their source; they are said at every run."""

    @field_validator("unverified")
    @classmethod
    def _named(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in names if name not in cls.model_fields]:
            raise ValueError(f"no setting {unknown[0]!r} of a source")
        return names

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.weight is not None and self.rows is not None:
            raise ValueError(f"{self.name} has a weight and rows: give one of them")
        if bool(self.prompt_column) != bool(self.completion_column):
            raise ValueError(f"{self.name} names one of prompt_column and completion_column: name both, or none")
        return self

    def options(self, mode: Mode, seed: int) -> FormatOptions:
        """Return the options of the format; raises UsageError that names the source."""
        try:
            return super().options(mode, seed)
        except UsageError as error:
            raise UsageError(f"source {self.name}: {error}") from error


class MixSettings(Settings):
    """A mixture: settings of ``mix``, read from a YAML file."""

    sources: tuple[MixSource, ...] = Field(min_length=1)
    """What is mixed."""
    mode: Mode = "fixed"
    """fixed: the formats are mended, and what teaches nothing or holds a mark is left out; published: the release's."""
    seed: int = 0
    """Of the choice of rows, their order, the split and the draw of file names."""
    rows: int | None = Field(default=None, gt=0)
    """Rows of the whole; without it, what the sources give: all, or (with weights) as many as keep the shares."""
    shortage: Literal["error", "repeat", "less"] = "error"
    """A source has fewer rows than asked for: an error, its rows again from the first, or fewer. More than 100 times is
    refused without a number of rows."""
    columns: Columns = "prompt-completion"
    """Of the written rows."""
    text: Text = "raw"
    """raw: prompt and completion as they are, the text around them is the trainer's; question-answer: OctoCoder's,
    "Question: …", a blank line, "Answer:" in the prompt, and a space before the completion."""
    provenance: bool = True
    """Say in the columns ``source``, ``lang`` (empty if its row has none) and ``row_id`` where each row is from."""
    valid: float = Field(default=0.0, ge=0, lt=1)
    """Share of the examples, drawn by their hash, that become validation data."""
    format: RowFormat = "jsonl"
    """Format of the rows that are written."""

    @model_validator(mode="after")
    def _sources(self) -> Self:
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise ValueError(f"two sources have one name: {', '.join(names)}")
        weighted = [source.name for source in self.sources if source.weight is not None]
        if weighted and len(weighted) < len(names):
            raise ValueError(f"only {', '.join(weighted)} of {', '.join(names)} have a weight: give it to all or none")
        numbered = [source.name for source in self.sources if source.rows is not None]
        if self.rows is not None and numbered:
            raise ValueError(f"rows of the whole and of {numbered[0]}: give one of them")
        return self

    def check(self) -> None:
        """Raise UsageError for formats and options that do not exist or do not go together."""
        for source in self.sources:
            source.options(self.mode, self.seed)
            whole = source.form != AS_THEY_ARE and not format_of(source.form).has_input
            if whole and (self.columns != "text" or self.text != "raw"):
                raise UsageError(f"source {source.name}: form {source.form} is one text: columns: text, text: raw")


def read_mixture(said: str, instead: Mapping[str, Any] | None = None) -> MixSettings:
    """Read a file, or what ships under a name, with values ``instead`` of its own; raises InputError and UsageError."""
    path = mixture_file(said)
    settings = make_settings(MixSettings, read_yaml(path) | dict(instead or {}), str(path))
    settings.check()
    return settings


def mixture_file(said: str) -> Path:
    """Return the file of a mixture; raises InputError that names those that ship."""
    path = FOLDER / f"{said}.yaml" if said in shipped() else Path(said)
    if not path.is_file():
        raise InputError(f"{said}: no such file, and none of the mixtures that ship: {', '.join(shipped())}")
    return path


def shipped() -> list[str]:
    """Return the names of the mixtures that ship."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def quotas(settings: MixSettings, there: Mapping[str, int]) -> dict[str, int]:
    """Return how many rows each source gives, where ``there`` says how many it has.

    More than it has if rows are repeated. Raises InputError for a source that is empty or too short, or that nobody
    has asked to repeat so often.
    """
    if empty := [name for name, rows in there.items() if not rows]:
        raise InputError(f"source {empty[0]} has no example, or none within its most_bytes")
    asked = _asked(settings, there)
    if settings.shortage == "repeat" and settings.rows is None:
        _check_rounds(settings, there, asked)
    for name, wanted in asked.items():
        if wanted > there[name] and settings.shortage == "error":
            raise InputError(
                f"source {name} has {there[name]:,} rows, {wanted:,} are asked for: lower its rows or weight, or the "
                "rows of the whole, or say shortage: repeat or less"
            )
    return {n: min(wanted, there[n]) if settings.shortage == "less" else wanted for n, wanted in asked.items()}


def _check_rounds(settings: MixSettings, there: Mapping[str, int], asked: Mapping[str, int]) -> None:
    """A small weight of a large source makes the others' rows come again and again, until it has given all it has."""
    name = max(asked, key=lambda name: Fraction(asked[name], there[name]))
    rounds, own = -(-asked[name] // there[name]), next(one.rows for one in settings.sources if one.name == name)
    if rounds > MOST_ROUNDS and own is None:
        whole = max(asked, key=lambda name: Fraction(there[name], asked[name]))
        raise InputError(
            f"shortage: repeat would make {sum(asked.values()):,} rows: until {whole} has given its {there[whole]:,}, "
            f"the {there[name]:,} of {name} come {rounds:,} times (at most {MOST_ROUNDS} unless you say so): give the "
            f"rows of the whole (rows: or --rows), raise the weight of {whole}, or cap it (most_rows)"
        )


def _asked(settings: MixSettings, there: Mapping[str, int]) -> dict[str, int]:
    weights = {source.name: source.weight for source in settings.sources}
    if settings.rows is None and None in weights.values():
        return {source.name: source.rows or there[source.name] for source in settings.sources}
    # Without weights, each source's part of the whole is what it is of all that is there.
    exact = {name: Fraction(str(weight)) if weight else Fraction(there[name]) for name, weight in weights.items()}
    shares = {name: value / sum(exact.values()) for name, value in exact.items()}
    total = settings.rows
    if total is None:
        fill = [there[name] / share for name, share in shares.items()]
        # No source is asked for more than it has; or, if rows may come again, each gives all it has.
        total = -int(-max(fill) // 1) if settings.shortage == "repeat" else int(min(fill))
    return largest_remainders(shares, total)


def largest_remainders(shares: Mapping[str, Fraction], total: int) -> dict[str, int]:
    """Return whole numbers that add up to ``total``, each less than 1 from its share of it."""
    found = {name: int(share * total) for name, share in shares.items()}
    left = total - sum(found.values())
    for name in sorted(shares, key=lambda name: (found[name] - shares[name] * total, name))[:left]:
        found[name] += 1
    return found
