"""Prompt templates: data files in ``prompts/`` (or a user's own file), rendered for a problem and a scenario.

Texts and names as in the reference harness; a template needs no code, only a file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

from humanevalpack.errors import InputError, UsageError
from humanevalpack.languages import Profile, check_profile, get_language
from humanevalpack.problems import Problem
from humanevalpack.resources import resource_dir
from humanevalpack.scenarios import (
    SCENARIOS,
    answer_base,
    check_scenario,
    scenario_context,
    scenario_instruction,
)

AnswerKind = Literal["code", "patch", "hunk", "fenced"]
ContextOrder = Literal["instruction-first", "context-first"]
StopMode = Literal["add", "replace"]

END_OF_TEXT = "<|endoftext|>"
PLACEHOLDERS = ("input", "instruction", "context", "base", "entry_point", "extension")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)(\|strip)?\}")
_OPTIONAL = {"encoder_template", "models", "since", "source", "stop_words", "answer", "context_order"}
_FIELDS = {"name", "scenarios", "template"} | _OPTIONAL


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTemplate:
    """How a model wants to be asked."""

    name: str
    since: str
    """``paper`` (in the harness's paper branch of August 2023), ``later``, or whatever a user writes."""
    models: tuple[str, ...]
    """Shell patterns of model names (small letters) that ``prompt: auto`` gives this template."""
    source: str
    scenarios: tuple[str, ...]
    context_order: ContextOrder
    templates: Mapping[str, str]
    """Scenario to text with placeholders ``{input}``, ``{base}`` and others; ``|strip`` takes white space off."""
    encoder_template: str | None
    """What the encoder of an encoder-decoder model reads; its decoder starts from the whole prompt."""
    stop_mode: StopMode
    stop_words: tuple[str, ...]
    answer: AnswerKind

    def check_supports(self, scenario: str) -> None:
        """Raise UsageError if this template cannot ask for ``scenario``."""
        if check_scenario(scenario) not in self.scenarios:
            working = [name for name in template_names() if scenario in load_template(name).scenarios]
            raise UsageError(
                f"prompt {self.name!r} does not support scenario {scenario!r} (it supports {', '.join(self.scenarios)}); "
                f"prompts that do: {', '.join(working)}"
            )


@dataclass(frozen=True, slots=True)
class TemplateChoice:
    """A template and why it was chosen."""

    template: PromptTemplate
    reason: str


def template_names() -> list[str]:
    """Return the names of the templates that ship with the package, in alphabetical order."""
    return sorted(path.stem for path in resource_dir("prompts").glob("*.yaml"))


def load_template(prompt: str | Path | PromptTemplate) -> PromptTemplate:
    """Return a template by name or by the path of a user's file; raises UsageError or InputError."""
    if isinstance(prompt, PromptTemplate):
        return prompt
    if isinstance(prompt, Path) or prompt.endswith((".yaml", ".yml")) or "/" in prompt:
        path = Path(prompt).expanduser()
        if not path.is_file():
            raise UsageError(f"prompt file {str(prompt)!r} does not exist; shipped prompts: {', '.join(template_names())}")
        return parse_template(path)
    if prompt not in template_names():
        raise UsageError(f"prompt {prompt!r} is not known; use a path to a template file or {', '.join(template_names())}")
    return _shipped_template(prompt)


@lru_cache(maxsize=None)
def _shipped_template(name: str) -> PromptTemplate:
    return parse_template(resource_dir("prompts") / f"{name}.yaml")


def choose_template(model_name: str | None, scenario: str | None = None) -> TemplateChoice:
    """Choose the template whose patterns match a model's name; the longest pattern wins, ``instruct`` if none does.

    ``model_name`` is a hub id or a path; only its last part counts. A template that does not support ``scenario`` is
    passed over.
    """
    fallback = load_template("instruct")
    if not model_name:
        return TemplateChoice(fallback, "the model has no name: prompt 'instruct'")
    last = model_name.rstrip("/").rpartition("/")[2].lower()
    matches = [
        (len(pattern), pattern, load_template(name))
        for name in template_names()
        for pattern in load_template(name).models
        if fnmatchcase(last, pattern)
    ]
    for _, pattern, template in sorted(matches, key=lambda match: match[0], reverse=True):
        if scenario is None or scenario in template.scenarios:
            return TemplateChoice(template, f"model name {last!r} matches {pattern!r}: prompt {template.name!r}")
    return TemplateChoice(fallback, f"no template names a model like {last!r}: prompt 'instruct'")


def parse_template(path: Path) -> PromptTemplate:
    """Read and check one template file; raises InputError that names the file, the field and what is allowed."""
    import yaml

    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a YAML file in UTF-8: {error}") from error
    if not isinstance(data, dict):
        raise InputError(f"{path}: expected the fields {', '.join(sorted(_FIELDS))}, found {type(data).__name__}")
    unknown, missing = set(data) - _FIELDS, _FIELDS - _OPTIONAL - set(data)
    if unknown or missing:
        raise InputError(
            f"{path}: field {', '.join(repr(name) for name in sorted(map(str, unknown or missing)))} "
            f"{'is not known' if unknown else 'is missing'}; the fields are {', '.join(sorted(_FIELDS))}"
        )
    return _template(data, path)


def _template(data: dict[str, Any], path: Path) -> PromptTemplate:
    scenarios = _texts(data["scenarios"], "scenarios", path)
    for scenario in scenarios:
        _one_of(scenario, SCENARIOS, "scenarios", path)
    stop = data.get("stop_words", {"mode": "add", "words": []})
    if not isinstance(stop, dict) or set(stop) != {"mode", "words"}:
        raise InputError(f"{path}: stop_words needs exactly the fields mode and words, found {stop!r}")
    encoder = data.get("encoder_template")
    if encoder is not None:
        _check_text(encoder, "encoder_template", path)
    return PromptTemplate(
        name=_text(data["name"], "name", path),
        since=_text(data.get("since", "user"), "since", path),
        models=_texts(data.get("models", []), "models", path),
        source=_text(data.get("source", str(path)), "source", path),
        scenarios=scenarios,
        context_order=cast(
            ContextOrder,
            _one_of(data.get("context_order", "instruction-first"), get_args(ContextOrder), "context_order", path),
        ),
        templates=_templates(data["template"], scenarios, path),
        encoder_template=encoder,
        stop_mode=cast(StopMode, _one_of(stop["mode"], get_args(StopMode), "stop_words.mode", path)),
        stop_words=_texts(stop["words"], "stop_words.words", path),
        answer=cast(AnswerKind, _one_of(data.get("answer", "code"), get_args(AnswerKind), "answer", path)),
    )


def _templates(value: object, scenarios: tuple[str, ...], path: Path) -> dict[str, str]:
    if isinstance(value, str):
        value = {"default": value}
    if not isinstance(value, dict) or not set(value) <= {"default", *SCENARIOS}:
        raise InputError(f"{path}: template must be text, or texts under 'default' and scenario names; found {value!r:.80}")
    for key, text in value.items():
        _check_text(text, f"template.{key}", path)
    lacking = [scenario for scenario in scenarios if scenario not in value and "default" not in value]
    if lacking:
        raise InputError(f"{path}: template has no text for {', '.join(lacking)} and no 'default'")
    return {scenario: value.get(scenario, value.get("default")) for scenario in scenarios}


def _check_text(text: object, field: str, path: Path) -> None:
    for name, _ in _PLACEHOLDER.findall(_text(text, field, path)):
        _one_of(name, PLACEHOLDERS, f"placeholder in {field}", path)


def _text(value: object, field: str, path: Path) -> str:
    if not isinstance(value, str) or not value:
        raise InputError(f"{path}: {field} must be text that is not empty, found {value!r}")
    return value


def _texts(value: object, field: str, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise InputError(f"{path}: {field} must be a list of texts, found {value!r}")
    return tuple(_text(item, field, path) for item in value)


def _one_of(value: object, allowed: tuple[str, ...], field: str, path: Path) -> str:
    if value not in allowed:
        raise InputError(f"{path}: {field} is {value!r}; allowed: {', '.join(allowed)}")
    return str(value)


def render_prompt(
    problem: Problem,
    scenario: str,
    *,
    prompt: str | Path | PromptTemplate = "instruct",
    description: str | None = None,
) -> str:
    """Return the text that a model continues; ``description`` belongs to ``explainsynthesize``.

    White space around the whole is removed, so that a model starts at a natural token boundary.
    """
    template = load_template(prompt)
    template.check_supports(scenario)
    return _render(template, template.templates[scenario], problem, scenario, description)


def render_encoder_prompt(
    problem: Problem,
    scenario: str,
    *,
    prompt: str | Path | PromptTemplate = "instructcodet5p",
    description: str | None = None,
) -> str | None:
    """Return what the encoder of an encoder-decoder model reads; None if the template is for decoders only."""
    template = load_template(prompt)
    template.check_supports(scenario)
    if template.encoder_template is None:
        return None
    return _render(template, template.encoder_template, problem, scenario, description)


def _render(
    template: PromptTemplate, text: str, problem: Problem, scenario: str, description: str | None
) -> str:
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

    return _PLACEHOLDER.sub(fill, text).strip()


def stop_words(
    language: str, *, prompt: str | Path | PromptTemplate = "instruct", profile: Profile = "reference"
) -> list[str]:
    """Return the texts that end an answer, in the order in which they are looked for."""
    template = load_template(prompt)
    own = get_language(language).stop_words
    if check_profile(profile) == "fixed":
        own = tuple(word for word in own if word not in _CUT_TOO_EARLY.get(language, ()))
    words = template.stop_words if template.stop_mode == "replace" else own + template.stop_words
    return [*words, END_OF_TEXT]


# Words that cut correct answers (Go problems 72, 90, 158): a helper function, and `struct` inside a type.
_CUT_TOO_EARLY = {"go": ("struct", "\nfunc")}
