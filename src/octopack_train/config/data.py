"""The text that is trained on: where it lies, how it is mixed, how a row becomes input and target."""

from typing import Literal

from pydantic import Field, model_validator

from octopack_data.records import Mode
from octopack_data.settings import Settings

Format = Literal[
    "question_answer",
    "pairs",
    "preformatted",
    "given_diff",
    "rewrite",
    "line_diff_numbered",
    "line_diff",
    "instruction_template",
]
COMMIT_FORMATS: tuple[Format, ...] = (
    "given_diff",
    "rewrite",
    "line_diff_numbered",
    "line_diff",
    "instruction_template",
)
"""Formats of rows that are commits: they have an old path."""


class SourceSettings(Settings):
    """One source of a mixture."""

    path: str
    """File, folder or hub id."""
    weight: float | None = Field(default=None, gt=0)
    """Share of the rows drawn, relative to the other sources'; null: as many as it has rows."""
    rows: int | None = Field(default=None, gt=0)
    """At most so many rows, drawn with the mixture's seed; null: all."""


class MixtureSettings(Settings):
    """Several sources, drawn with weights."""

    sources: dict[str, SourceSettings] = Field(min_length=1)
    """Each source by a name of your own."""
    stop: Literal["first_exhausted", "all_exhausted"] = "all_exhausted"
    """With weights: end when the first source is used up, or draw from it again until all are."""
    seed: int = 0
    """Of the draws."""

    @model_validator(mode="after")
    def _all_or_none(self) -> "MixtureSettings":
        weighted = [name for name, source in self.sources.items() if source.weight is not None]
        if weighted and len(weighted) < len(self.sources):
            raise ValueError(f"only {', '.join(weighted)} of the sources have a weight: give it to all or to none")
        return self


class LanguageSettings(Settings):
    """How often rows of each programming language are drawn: n_language ** tau, unless a table says so.

    A pass has as many rows as there are within the cap; those of a language that is drawn more often come again.
    """

    tau: float = Field(default=1.0, ge=0)
    """1: as many as there are; 0: all languages alike."""
    weights: dict[str, float] = Field(default={})
    """Weight of each language by name, instead of tau; a language that is not named is left out."""
    cap: int | None = Field(default=None, gt=0)
    """At most so many rows of a language; null: no limit."""


class DataSettings(Settings):
    """Rows, and how one becomes input and target."""

    path: str | None = None
    """File, folder or hub id with rows; mini: the problems that ship with the package; null: a mixture is named."""
    mixture: MixtureSettings | Literal[False] = False
    """Several sources with weights, instead of a path; false: none."""
    source_rows: dict[str, int | None] = Field(default={})
    """Rows of each source inside the path, where they are known."""
    format: Format = "question_answer"
    """How a row becomes input and target: question_answer (OctoCoder's text around prompt and completion, or around a
    commit), pairs (prompt and completion as they are, or one text), or a format of commits."""
    mode: Mode = "fixed"
    """Formats of commits: published (as in the release, defects included) or fixed."""
    file_name: bool = False
    """Put the old file's name before the input of a commit."""
    instruction_in_target: bool = False
    """The commit's subject is trained, too: it stands in the target instead of the input."""
    boundary: Literal["space_in_completion", "space_in_prompt"] = "space_in_completion"
    """Where the blank between `Answer:` and the answer belongs; in the prompt, prompt tokens are no prefix of all."""
    languages: LanguageSettings = LanguageSettings()
    """How often each programming language is drawn."""
    test_path: str | None = None
    """Rows to evaluate the loss on; null: the source's own test split, or a share of the rows."""
    test_share: float = Field(default=0.0, ge=0, lt=1)
    """Share of the rows that is held out where there is no test split; 0: none."""
    test_seed: int = 42
    """Of the draw of held out rows."""

    @model_validator(mode="after")
    def _one_origin(self) -> "DataSettings":
        if self.path is not None and self.mixture is not False:
            raise ValueError("path and mixture are both named: one of them says where the rows are")
        if self.file_name and self.format not in COMMIT_FORMATS:
            raise ValueError(f"file_name needs rows that are commits (format {', '.join(COMMIT_FORMATS)})")
        if self.instruction_in_target and self.format not in ("given_diff", "rewrite"):
            raise ValueError("instruction_in_target is there for the formats given_diff and rewrite only")
        return self
