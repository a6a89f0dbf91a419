"""Template files: what a prompt template is, and how one is read from ``prompts/`` or a user's own file."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

from humanevalpack.errors import InputError, UsageError
from humanevalpack.resources import resource_dir
from humanevalpack.scenarios import SCENARIOS, check_scenario

AnswerKind = Literal["code", "patch", "hunk", "fenced"]
ContextOrder = Literal["instruction-first", "context-first"]
StopMode = Literal["add", "replace"]

PROMPT_AUTO, PROMPT_CHAT = RESERVED_NAMES = ("auto", "chat")
"""What option ``prompt`` takes beside a template: a choice by the model's name; the model's own chat template."""
PLACEHOLDERS = ("input", "instruction", "context", "base", "entry_point", "extension")
PLACEHOLDER = re.compile(r"\{([a-z_]+)(\|strip)?\}")
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

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, for ``recorded_template``."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @property
    def sha256(self) -> str:
        """The hash of everything in it."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    def check_supports(self, scenario: str) -> None:
        """Raise UsageError if this template cannot ask for ``scenario``."""
        if check_scenario(scenario) not in self.scenarios:
            working = [name for name in template_names() if scenario in load_template(name).scenarios]
            raise UsageError(
                f"prompt {self.name!r} does not support scenario {scenario!r} (only {', '.join(self.scenarios)}); "
                f"prompts that do: {', '.join(working)}"
            )


def template_names() -> list[str]:
    """Return the names of the templates that ship with the package, in alphabetical order."""
    return sorted(path.stem for path in resource_dir("prompts").glob("*.yaml"))


def chat_template(*, prefilled: bool = True) -> PromptTemplate:
    """Return what the user's turn of a chat holds: the input; the function's head begins the answer if ``prefilled``.

    A model that begins its answer freely is told the head where the input does not hold it.
    """
    told = {} if prefilled else {"explainsynthesize": "{input}\n\nStart your code with:\n{base}"}
    return PromptTemplate(
        name=PROMPT_CHAT,
        since="later",
        models=(),
        source="the model's own chat template",
        scenarios=SCENARIOS,
        context_order="instruction-first",
        templates=dict.fromkeys(SCENARIOS, "{input}") | told,
        encoder_template=None,
        stop_mode="add",
        stop_words=(),
        answer="fenced",
    )


def load_template(prompt: str | Path | PromptTemplate) -> PromptTemplate:
    """Return a template by name or by the path of a user's file; raises UsageError or InputError."""
    if isinstance(prompt, PromptTemplate):
        return prompt
    if prompt == PROMPT_CHAT:
        return chat_template()
    if isinstance(prompt, Path) or prompt.endswith((".yaml", ".yml")) or "/" in prompt:
        path = Path(prompt).expanduser()
        if not path.is_file():
            raise UsageError(f"prompt file {str(prompt)!r} does not exist; shipped: {', '.join(template_names())}")
        return parse_template(path)
    if prompt not in template_names():
        raise UsageError(f"prompt {prompt!r} is not known; use a template file or {', '.join(template_names())}")
    return _shipped_template(prompt)


def recorded_template(record: object) -> PromptTemplate:
    """Return the template whose ``to_dict`` a manifest holds; raises InputError."""
    names = [field.name for field in fields(PromptTemplate)]
    if not isinstance(record, dict) or set(record) != set(names):
        raise InputError(f"a recorded prompt template must have the fields {', '.join(names)}; found {record!r:.80}")
    values: dict[str, Any] = {name: tuple(item) if isinstance(item, list) else item for name, item in record.items()}
    return PromptTemplate(**values)


@cache
def _shipped_template(name: str) -> PromptTemplate:
    return parse_template(resource_dir("prompts") / f"{name}.yaml")


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
    if not scenarios:
        raise InputError(f"{path}: scenarios is empty; allowed: {', '.join(SCENARIOS)}")
    for scenario in scenarios:
        _one_of(scenario, SCENARIOS, "scenarios", path)
    stop = data.get("stop_words", {"mode": "add", "words": []})
    if not isinstance(stop, dict) or set(stop) != {"mode", "words"}:
        raise InputError(f"{path}: stop_words needs exactly the fields mode and words, found {stop!r}")
    encoder = data.get("encoder_template")
    if encoder is not None:
        _check_text(encoder, "encoder_template", path)
    return PromptTemplate(
        name=_name(data["name"], path),
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
        raise InputError(f"{path}: template must be text, or texts by scenario and 'default'; found {value!r:.80}")
    for key, text in value.items():
        _check_text(text, f"template.{key}", path)
    lacking = [scenario for scenario in scenarios if scenario not in value and "default" not in value]
    if lacking:
        raise InputError(f"{path}: template has no text for {', '.join(lacking)} and no 'default'")
    return {scenario: str(value.get(scenario, value.get("default"))) for scenario in scenarios}


def _check_text(text: object, field: str, path: Path) -> None:
    for name, _ in PLACEHOLDER.findall(_text(text, field, path)):
        _one_of(name, PLACEHOLDERS, f"placeholder in {field}", path)


def _text(value: object, field: str, path: Path) -> str:
    if not isinstance(value, str) or not value:
        raise InputError(f"{path}: {field} must be text that is not empty, found {value!r}")
    return value


def _name(value: object, path: Path) -> str:
    name = _text(value, "name", path)
    if name in RESERVED_NAMES:
        raise InputError(f"{path}: name is {name!r}, which option prompt takes for something else; choose another name")
    return name


def _texts(value: object, field: str, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise InputError(f"{path}: {field} must be a list of texts, found {value!r}")
    return tuple(_text(item, field, path) for item in value)


def _one_of(value: object, allowed: tuple[str, ...], field: str, path: Path) -> str:
    if value not in allowed:
        raise InputError(f"{path}: {field} is {value!r}; allowed: {', '.join(allowed)}")
    return str(value)
