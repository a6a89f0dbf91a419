"""Prompts: the template for a model, rendered for a problem and a scenario, and the stop words that go with it.

Texts and names as in the reference harness.
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from humanevalpack.corrections import corrected
from humanevalpack.languages import Profile, check_profile, get_language
from humanevalpack.problems import Problem
from humanevalpack.scenarios import answer_base, scenario_context, scenario_instruction
from humanevalpack.templates import PLACEHOLDER, PromptTemplate, load_template, template_names

END_OF_TEXT = "<|endoftext|>"
NO_TEMPLATE = "no template names a model like"
"""How the reason of a choice begins where no template names the model."""
# Words that cut correct answers (Go problems 72, 90, 158): a helper function, and `struct` inside a type.
_CUT_TOO_EARLY = {"go": ("struct", "\nfunc")}


@dataclass(frozen=True, slots=True)
class TemplateChoice:
    """A template and why it was chosen."""

    template: PromptTemplate
    reason: str


def choose_template(model_name: str | None, scenario: str | None = None) -> TemplateChoice:
    """Choose the template whose patterns match a model's name; the longest pattern wins, ``instruct`` if none does.

    ``model_name`` is a hub id or a path; only its last part counts. A template that does not support ``scenario`` is
    passed over.
    """
    fallback = load_template("instruct")
    if not model_name:
        return TemplateChoice(fallback, "the model has no name")
    last = model_name.rstrip("/").rpartition("/")[2].lower()
    matches = [
        (len(pattern), pattern, load_template(name))
        for name in template_names()
        for pattern in load_template(name).models
        if fnmatchcase(last, pattern)
    ]
    for _, pattern, template in sorted(matches, key=lambda match: match[0], reverse=True):
        if scenario is None or scenario in template.scenarios:
            return TemplateChoice(template, f"model name {last!r} matches {pattern!r}")
    return TemplateChoice(fallback, f"{NO_TEMPLATE} {last!r}")


def render_prompt(
    problem: Problem,
    scenario: str,
    *,
    prompt: str | Path | PromptTemplate = "instruct",
    description: str | None = None,
    profile: Profile = "reference",
) -> str:
    """Return the text that a model continues; ``description`` belongs to ``explainsynthesize``.

    ``prompt`` is a template's name or a template file's path. White space around the whole is removed, so that a model
    starts at a natural token boundary. Raises UsageError for an unknown scenario, prompt or profile, a prompt that does
    not support the scenario, and a description that is missing or has no place; InputError for a wrong template file.
    """
    template = load_template(prompt)
    template.check_supports(scenario)
    return _render(template, template.templates[scenario], corrected(problem, profile), scenario, description)


def render_encoder_prompt(
    problem: Problem,
    scenario: str,
    *,
    prompt: str | Path | PromptTemplate = "instructcodet5p",
    description: str | None = None,
    profile: Profile = "reference",
) -> str | None:
    """Return what the encoder of an encoder-decoder model reads; None if the template is for decoders only."""
    template = load_template(prompt)
    template.check_supports(scenario)
    if template.encoder_template is None:
        return None
    return _render(template, template.encoder_template, corrected(problem, profile), scenario, description)


def _render(template: PromptTemplate, text: str, problem: Problem, scenario: str, description: str | None) -> str:
    instruction = scenario_instruction(problem, scenario)
    context = scenario_context(problem, scenario, description)
    parts = [context, instruction] if template.context_order == "context-first" else [instruction, context]
    values = {
        "input": "\n".join(parts) if scenario != "synthesize" else instruction,
        "instruction": instruction,
        "context": context,
        "base": answer_base(problem, scenario),
        "entry_point": problem.entry_point,
        "extension": get_language(problem.language).extension,
    }

    def fill(match: re.Match[str]) -> str:
        value = values[match[1]]
        return value.strip() if match[2] else value

    return PLACEHOLDER.sub(fill, text).strip()


def stop_words(
    language: str, *, prompt: str | Path | PromptTemplate = "instruct", profile: Profile = "reference"
) -> list[str]:
    """Return the texts that end an answer, in the order in which they are looked for.

    The language's own, then the template's (or these alone), then ``<|endoftext|>``. Raises UsageError for an unknown
    language, prompt or profile, InputError for a wrong template file.
    """
    template = load_template(prompt)
    # A chat writes before and behind its block of code what would end a bare answer.
    own = get_language(language).stop_words if template.answer != "fenced" else ()
    if check_profile(profile) == "fixed":
        own = tuple(word for word in own if word not in _CUT_TOO_EARLY.get(language, ()))
    words = template.stop_words if template.stop_mode == "replace" else own + template.stop_words
    return [*words, END_OF_TEXT]
