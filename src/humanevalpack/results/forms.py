"""What a text of another harness is: the answer alone, the prompt with the answer, or a program that is finished.

The reference harness saves programs (``form`` program), or with ``--postprocess``, which switches that off, prompt and
answer (``full``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from humanevalpack.errors import InputError, UsageError
from humanevalpack.languages import get_language
from humanevalpack.problems import Problem
from humanevalpack.prompts import render_prompt
from humanevalpack.results.heads import other_language
from humanevalpack.results.rows import COMPLETION, PROGRAM
from humanevalpack.scenarios import FIX_SCENARIOS, scenario_base
from humanevalpack.templates import PromptTemplate

Form = Literal["auto", "completion", "full", "program"]
# Stands for the description that a prompt holds and that is not known.
_UNKNOWN = "\ue000description\ue000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text of a file, with the problem that its place stands for."""

    place: str
    problem: Problem
    sample: int
    text: str
    description: str | None = None
    prompt: str = ""
    form: str = COMPLETION
    finish: str | None = None


class Recognizer:
    """Knows what texts look like in one scenario with one template."""

    def __init__(self, scenario: str, template: PromptTemplate) -> None:
        self.scenario = scenario
        self.template = template
        template.check_supports(scenario)
        self._prompts: dict[str, tuple[str, str | None]] = {}

    @property
    def is_code(self) -> bool:
        """Whether a finished answer is a program, not a description, patch or hunk."""
        return self.template.answer not in ("patch", "hunk") and self.scenario != "explaindescribe"

    def without_prompt(self, text: Text) -> Text | None:
        """Return the answer alone of a text that begins with its prompt; None if it does not."""
        start, end = self._prompt(text.problem)
        if not text.text.startswith(start):
            return None
        if end is None:
            return replace(text, prompt=start, text=text.text[len(start) :])
        place = text.text.find(end, len(start))
        if place < 0:
            return None
        description, stop = text.text[len(start) : place], place + len(end)
        return replace(text, prompt=text.text[:stop], text=text.text[stop:], description=description)

    def is_program(self, text: str, problem: Problem) -> bool:
        """Whether a text begins as every program of the reference does: with the problem's own head."""
        if not self.is_code:
            return False
        base = scenario_base(problem, self.scenario) if self.scenario in FIX_SCENARIOS else problem.prompt
        return text.startswith(base.rstrip())

    def fits(self, text: str, problem: Problem) -> bool:
        """Whether a text begins with the prompt, or the head, of this problem."""
        known = Text(place="", problem=problem, sample=0, text=text)
        return self.is_program(text, problem) or self.without_prompt(known) is not None

    def _prompt(self, problem: Problem) -> tuple[str, str | None]:
        """Return the prompt, in two pieces where a description stands between them."""
        if problem.task_id not in self._prompts:
            if self.scenario == "explainsynthesize":
                rendered = render_prompt(problem, self.scenario, prompt=self.template, description=_UNKNOWN)
                start, _, end = rendered.partition(_UNKNOWN)
                self._prompts[problem.task_id] = start, end
            else:
                self._prompts[problem.task_id] = render_prompt(problem, self.scenario, prompt=self.template), None
        return self._prompts[problem.task_id]


def check_form(form: str) -> Form:
    """Return ``form`` if it is one; raises UsageError that lists the names."""
    for known in get_args(Form):
        if form == known:
            return known  # type: ignore[no-any-return]
    raise UsageError(f"form is {form!r}; allowed: {', '.join(get_args(Form))}")


def settle(texts: Sequence[Text], form: Form, recognizer: Recognizer, *, mixed: bool) -> tuple[list[Text], str]:
    """Return the texts with prompts taken off and their form set, and a note that says what they were taken for.

    ``auto`` looks at all texts that are not empty: does each begin with its prompt, or each with its problem's head?
    If none does they are answers (or, where an answer is no code, finished patches and descriptions). In a ``mixed``
    file some answers may begin so by chance; else InputError names the first text that differs from the others.
    """
    filled = [text for text in texts if text.text.strip()]
    if form == "auto":
        form, note = _found(filled, recognizer, mixed=mixed)
    else:
        note = f"taken for form {form!r}, as asked for"
    if form != "full":
        return [replace(text, form=PROGRAM if form == "program" else COMPLETION) for text in texts], note
    settled = []
    for text in texts:
        answer = recognizer.without_prompt(text) if text.text.strip() else text
        if answer is None:
            raise InputError(
                f"{text.place}: does not begin with the prompt of {text.problem.task_id} "
                f"(prompt {recognizer.template.name!r}), which form 'full' expects; found {text.text!r:.60}"
            )
        settled.append(answer)
    return settled, note


def _found(filled: Sequence[Text], recognizer: Recognizer, *, mixed: bool) -> tuple[Form, str]:
    name = recognizer.template.name
    other = other_language([text.text for text in filled], filled[0].problem.language) if filled else None
    if other and recognizer.is_code:
        raise InputError(
            f"{filled[0].place}: every text has a head in {get_language(other).title}, and the task is one in "
            f"{get_language(filled[0].problem.language).title}: another task? If the model wrote that, give the form "
            "(completion, full or program)"
        )
    full = [recognizer.without_prompt(text) is not None for text in filled]
    program = [recognizer.is_program(text.text, text.problem) for text in filled]
    if filled and all(full):
        return "full", f"every text begins with its prompt ({name}): taken for prompt and answer, not post-processed"
    if filled and all(program):
        return "program", "every text begins with its problem's head: taken for post-processed programs"
    fitting = [a or b for a, b in zip(full, program, strict=True)]
    if not any(fitting) or mixed:
        usual: Form = "completion" if mixed or recognizer.is_code else "program"
        repeated = f"; {sum(program)} of {len(filled)} repeat the head" if any(program) else ""
        return usual, f"taken for form {usual!r}: not every text begins with its prompt ({name}) or head{repeated}"
    odd = filled[fitting.index(False)] if not all(fitting) else filled[full.index(not full[0])]
    raise InputError(
        f"{odd.place}: begins neither with the prompt {name!r} of {odd.problem.task_id} nor with its head, as "
        f"{sum(fitting)} of {len(filled)} texts of this file do; found {odd.text!r:.60}. Say what the texts are: "
        "form (completion, full or program); or is it another prompt, dataset or limit_start?"
    )
