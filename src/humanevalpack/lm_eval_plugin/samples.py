"""What is known of one sample: what was asked, what came back, what became of it; its form in the sample log."""

import json
from dataclasses import dataclass, replace
from typing import Any

from humanevalpack.results.rows import GENERATED
from humanevalpack.sandbox.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One answer of a model, as it came: the text after the prompt."""

    prompt: str
    text: str
    status: str = GENERATED
    """``generated``, ``prompt_too_long`` (the model was not asked: the prompt leaves no room) or ``skipped``."""
    description: str | None = None
    """explainsynthesize: the description that the prompt holds."""
    prompt_tokens: int | None = None
    budget: int | None = None
    """Tokens that the answer could have."""
    finish: str | None = None
    """Why the model stopped: ``stop``, ``length``, ``refusal`` or ``empty``; None where its server does not say it."""

    def with_description(self, description: str | None) -> "Generation":
        """Return the same generation, made for this description."""
        return replace(self, description=description)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A generation and what was made of it; ``verdict`` is None where nothing was executed."""

    number: int
    generation: Generation
    completion: str
    """The candidate program, patch or description that the generation holds."""
    verdict: Verdict | None = None
    extraction: str = ""
    """How the code was found in a chat's answer (``completions.EXTRACTIONS``); empty where nothing has to be found."""
    emptied: bool = False
    """explaindescribe: the text was lost to the rule that takes code out of descriptions."""

    @property
    def status(self) -> str:
        """The verdict's status, else the generation's."""
        return self.verdict.status if self.verdict else self.generation.status

    def with_verdict(self, verdict: Verdict | None) -> "Sample":
        """Return the same sample with what its program did."""
        return replace(self, verdict=verdict)

    def to_json(self) -> str:
        """Return the sample as the log keeps it: JSON text, which unlike a dictionary survives lm_eval's ``str()``."""
        generation = self.generation
        record = {
            "sample": self.number,
            "description": generation.description,
            "prompt": generation.prompt,
            "generation": generation.text,
            "finish": generation.finish,
            "completion": self.completion,
            "extraction": self.extraction,
            "status": self.status,
            "verdict": self.verdict.to_dict() if self.verdict else None,
            "emptied": self.emptied,
            "prompt_tokens": generation.prompt_tokens,
            "budget": generation.budget,
        }
        return json.dumps(record)


def prompt_text(prompt: Any) -> str:
    """Return a prompt as text; a chat API's prompt (lm_eval's JsonChatStr) is its messages as JSON."""
    return prompt if isinstance(prompt, str) else str(prompt.prompt)
