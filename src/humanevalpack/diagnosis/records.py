"""What a rule looks for in a run, and what was found."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from humanevalpack.results import ScoredSample

if TYPE_CHECKING:
    from humanevalpack.diagnosis.evidence import Evidence

Severity = Literal["note", "warning"]
EXAMPLES = 3
"""As many samples are shown with a finding."""
_LINES, _WIDTH = 6, 240

SEE_PROMPT = "see what it was asked: humanevalpack prompts preview SCENARIO LANGUAGE --prompt {prompt}"
"""A mend of several rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One sample that shows what was found."""

    task: str
    task_id: str
    sample: int
    sign: str
    """What was seen in it: a word, a message; may be empty."""
    excerpt: str
    """The begin of the generation, a few lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about a run that its reader should know before the scores are believed."""

    code: str
    severity: Severity
    tasks: Sequence[str]
    """The tasks that show it."""
    message: str
    """What was seen, with its numbers."""
    cause: str
    """What most often is behind it."""
    mend: str
    examples: Sequence[Example]
    explained_by: str | None = None
    """The code of the finding that is the cause of this one."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self) | {"tasks": list(self.tasks), "examples": [asdict(example) for example in self.examples]}


@dataclass(frozen=True, slots=True)
class Unit:
    """What a rule counts: a sample, the samples of a problem, those of a task. ``sign`` is None if nothing is wrong."""

    samples: Sequence[ScoredSample]
    sign: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing to look for. It is found where enough units show it, in a task or in several tasks together."""

    code: str
    severity: Severity
    units: "Callable[[Evidence], Iterable[Unit]]"
    share: float
    """Of the units, at least."""
    least: int
    """Of the problems, at least this many: a few odd samples are no finding."""
    why: str
    """Why these thresholds."""
    said: str
    """The message; ``{hits}`` of ``{total}`` units show it, ``{most}`` is what was seen most often."""
    cause: str
    mend: str
    is_symptom: bool = False
    """Its cause may be another finding, if that was made on the same samples."""


def excerpt(text: str) -> str:
    """Return the begin of a text."""
    lines = [line.rstrip() for line in text.strip("\n").rstrip().split("\n")]
    begin = "\n".join(lines[:_LINES])[:_WIDTH]
    return begin + ("…" if len(lines) > _LINES or len("\n".join(lines)) > _WIDTH else "")
