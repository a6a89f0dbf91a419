"""The text that is trained on: where it lies, how a row becomes input and target, how often each is drawn."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from humanevalpack.errors import UsageError
from octopack_data.mixture_settings import AS_THEY_ARE, FormSettings, MixSettings, Text
from octopack_data.records import Mode
from octopack_data.settings import Settings


class LanguageDraw(Settings):
    """How often rows of each programming language are drawn: n_language ** tau, unless a table says so.

    A pass has as many rows as there are within the cap; those of a language that is drawn more often come again.
    """

    tau: float = Field(default=1.0, ge=0, le=10)
    """1: as many as there are; 0: all languages alike."""
    weights: dict[str, Annotated[float, Field(ge=0)]] = Field(default={})
    """Weight of each language by name, instead of tau; a language that is not named is left out."""
    most_rows: int | None = Field(default=None, gt=0)
    """At most so many rows of a language; null: no limit."""


class DataSettings(FormSettings):
    """Rows, and how one becomes input and target; ``form`` and what belongs to it are those of octopack-data."""

    path: str | None = None
    """File, folder or hub id with rows; mini: the problems that ship with the package; null: a mixture is named."""
    mixture: MixSettings | Literal[False] = False
    """Several sources, as octopack-data mix has them, instead of a path; false: none."""
    source_rows: dict[str, int | None] = Field(default={})
    """Rows of each source inside the path, where they are known."""
    mode: Mode = "fixed"
    """Of the form: published (as in the release, defects included) or fixed; a mixture has its own."""
    text: Text = "raw"
    """raw: input and target as they are; question-answer: OctoCoder's text around them."""
    boundary: Literal["space_in_completion", "space_in_prompt"] = "space_in_completion"
    """Where the blank between `Answer:` and the answer belongs; in the prompt, prompt tokens are no prefix of all."""
    language_draw: LanguageDraw = LanguageDraw()
    """How often each programming language is drawn."""
    test_path: str | None = None
    """Rows to evaluate the loss on; null: the source's own test split, or a share of the rows."""
    test_share: float = Field(default=0.0, ge=0, lt=1)
    """Share of the rows that is held out where there is no test split; 0: none."""
    test_seed: int = 42
    """Of the draw of held out rows."""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.path is not None and self.mixture is not False:
            raise ValueError("path and mixture are both named: one of them says where the rows are")
        try:
            self.options(self.mode, seed=0)
            if self.mixture:
                self.mixture.check()
        except UsageError as error:
            raise ValueError(str(error)) from error
        if self.mixture and self.form != AS_THEY_ARE:
            raise ValueError("form is said by each source of a mixture")
        if self.mixture and self.mixture.columns != "prompt-completion":
            raise ValueError(f"mixture.columns is {self.mixture.columns}: a run reads prompt-completion")
        if self.mixture and "raw" not in (self.text, self.mixture.text):
            raise ValueError("text and mixture.text would both write Question and Answer: leave one of them raw")
        if self.mixture and not self.mixture.provenance:
            raise ValueError("mixture.provenance is off: a run reports what it drew of each source")
        return self

    @property
    def question_answer(self) -> bool:
        """Whether OctoCoder's text stands around prompt and completion."""
        return "question-answer" in (self.text, self.mixture.text if self.mixture else "")
