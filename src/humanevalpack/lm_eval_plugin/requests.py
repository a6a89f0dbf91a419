"""A problem put to the model, as lm_eval's evaluator carries it from the task to the model and back."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lm_eval.api.instance import Instance

from humanevalpack.lm_eval_plugin.samples import Generation
from humanevalpack.problems import Problem
from humanevalpack.results.rows import KeptRow

if TYPE_CHECKING:
    from humanevalpack.lm_eval_plugin.asking import Asking
    from humanevalpack.lm_eval_plugin.recording import Recording

REQUEST_TYPE = "humanevalpack_answers"


@dataclass
class AnswerRequest(Instance):  # type: ignore[misc]  # lm_eval is untyped
    """A problem to be answered ``repeats`` times; ``generations`` holds what came back, in order."""

    asking: "Asking" = None  # type: ignore[assignment]  # the base class's fields have defaults
    problem: Problem = None  # type: ignore[assignment]
    description: str | None = None
    """explainsynthesize with given descriptions: the one that this request is about."""
    describes_first: bool = False
    """explainsynthesize without given descriptions: ``arguments`` ask for one, which then goes into the prompt."""
    generations: list[Generation] = field(default_factory=list)
    recording: "Recording | None" = field(default=None, repr=False)
    """The run's folder, if there is one."""
    everything: list[tuple[str, KeptRow]] = field(default_factory=list, repr=False)
    """Without it, all generations of this run (of every task and rank), each with its task's name in lm_eval: what has
    to be kept if scoring fails."""
    facts: dict[str, str] = field(default_factory=dict)
    """What the results record of the run, known once the model is."""
