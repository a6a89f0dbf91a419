"""What a user can set: one typed, frozen object, made in one place and checked before anything is loaded or generated.

Sources, strongest first: ``--metadata`` (or ``simple_evaluate(metadata=...)``), ``options:`` in a task file, the
environment (``HUMANEVALPACK_<OPTION>``), the preset, the default. docs/lm_eval.md has the table of all options; a test
keeps both equal.
"""

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, get_args

from humanevalpack.errors import UsageError
from humanevalpack.languages import Profile
from humanevalpack.lm_eval_plugin import values
from humanevalpack.presets import model_presets
from humanevalpack.templates import PROMPT_AUTO

ENVIRONMENT_PREFIX = "HUMANEVALPACK_"
DEFAULT_KS = (1, 10, 100)

PRESETS: dict[str, dict[str, Any]] = {
    # OctoPack (arXiv 2308.07124): 20 samples, temperature 0.2, top_p 0.95, 2048 tokens with the prompt.
    "octopack-paper": {"n_samples": 20, "temperature": 0.2, "top_p": 0.95, "top_k": 0, "total_length": 2048},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings of one task."""

    dataset: str = "hub"
    """``hub``, ``mini`` or a path to a folder or JSONL file."""
    dataset_revision: str | None = None
    """Branch, tag or commit of the hub dataset. (Not ``revision``: lm_eval merges the model's arguments in.)"""
    prompt: str = PROMPT_AUTO
    """A template's name, a path to a template file, ``auto`` or ``chat`` (the model's chat template)."""
    chat_prefill: str = "auto"
    """How a chat's answer is begun: ``head`` (the function's head), ``fence`` (with an opened fence), ``none``, or
    ``auto``: ``head``, but ``none`` for providers whose servers begin every answer anew."""
    preset: str | None = None
    """``octopack-paper``, or a model's name: what the paper's release has set for it (presets.py)."""
    n_samples: int = 1
    k: tuple[int, ...] = ()
    """The k of pass@k; empty: 1 and each of 10 and 100 that is not above n_samples."""
    temperature: float = 0.0
    """0 is greedy."""
    top_p: float = 1.0
    top_k: int = 0
    """0 is off."""
    max_new_tokens: int = 1024
    """Answer budget in tokens."""
    total_length: int | None = None
    """Tokens of prompt and answer together; replaces max_new_tokens."""
    profile: Profile = "reference"
    sandbox: str = "auto"
    workers: int | str | None = None
    """Programs that run at once; None: every core of this machine, shared between the ranks; ray: of a Ray cluster."""
    time_limit: float | None = None
    """Seconds for running one program; None: the language's own limit."""
    missing_toolchains: str = "error"
    confirm_run_unsafe_code: bool = False
    descriptions: str | None = None
    """File or folder with the descriptions of an earlier explaindescribe run."""
    generations: str | None = None
    """File or folder of kept generations that are scored instead of asking the model."""
    run_folder: str | None = None
    """Folder of the run: every generation and verdict is appended there as it comes, and the same run goes on there."""
    price_in: float | None = None
    """Price of a million tokens of prompts, in any currency."""
    price_out: float | None = None
    """Price of a million tokens of answers."""
    max_cost: float | None = None
    """The run does not start if it may cost more."""
    max_tokens_total: int | None = None
    """The run does not start if it may need more tokens, of prompts and answers."""

    origins: Mapping[str, str] = field(default_factory=dict)
    """Where each option that is not the default was set; not an option."""

    @property
    def given(self) -> frozenset[str]:
        """Names of the options that the user, a task file or a preset set."""
        return frozenset(self.origins)

    def scored_ks(self, n_samples: int) -> tuple[int, ...]:
        """Return the k of pass@k that ``n_samples`` samples a problem allow."""
        return tuple(k for k in (self.k or DEFAULT_KS) if k <= n_samples)

    def check_ks(self, n_samples: int) -> None:
        """Raise UsageError if the user asked for a k above ``n_samples``, the samples of a problem."""
        for k in self.k:
            if k > n_samples:
                raise UsageError(
                    f"k is {k}, but pass@{k} needs at least that many samples a problem: "
                    f"set n_samples={k} or more (it is {n_samples})"
                )

    def recorded(self) -> dict[str, Any]:
        """Return the options as the results record them."""
        values = {name: getattr(self, name) for name in OPTIONS}
        return values | {"k": list(self.scored_ks(self.n_samples))}


OPTIONS = tuple(item.name for item in fields(Options) if item.name != "origins")

_CHECKS: dict[str, Callable[[Any], Any]] = {
    "dataset": values.text,
    "dataset_revision": values.text,
    "prompt": values.text,
    "chat_prefill": values.one_of("auto", "head", "fence", "none"),
    "preset": lambda value: values.one_of(*PRESETS, *model_presets())(value),
    "n_samples": values.whole_number(least=1),
    "k": values.whole_numbers(least=1),
    "temperature": values.number(least=0),
    "top_p": values.number(above=0, most=1),
    "top_k": values.whole_number(least=0),
    "max_new_tokens": values.whole_number(least=1),
    "total_length": values.whole_number(least=2),
    "profile": values.one_of(*get_args(Profile)),
    "sandbox": values.one_of("auto", "docker", "local", "process"),
    "workers": values.worker_count,
    "time_limit": values.number(above=0),
    "missing_toolchains": values.one_of("error", "skip"),
    "confirm_run_unsafe_code": values.yes_or_no,
    "descriptions": values.existing_path,
    "generations": values.existing_path,
    "run_folder": values.writable_folder,
    "price_in": values.number(least=0),
    "price_out": values.number(least=0),
    "max_cost": values.number(least=0),
    "max_tokens_total": values.whole_number(least=1),
}


def read_options(
    metadata: Mapping[str, Any],
    task_file: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    scenario: str = "synthesize",
    place: str = "--metadata",
) -> Options:
    """Read and check the options; raises UsageError that names the option, its value, where it stands and what works.

    ``metadata`` may hold other keys (lm_eval merges the model's arguments in): only one that is nearly an option's name
    is taken for a slip; ``place`` is what errors call it. ``task_file`` is the mapping ``options:`` of a task or group
    file. A model's preset may differ by ``scenario``.
    """
    environment = os.environ if environment is None else environment
    _refuse_slips(metadata, place)
    for name in task_file or {}:
        if name not in OPTIONS:
            raise UsageError(
                f"options: {name!r} in the task file is not an option; the options are {', '.join(OPTIONS)}"
            )
    from_environment = {
        name: environment[variable]
        for name in OPTIONS
        if (variable := ENVIRONMENT_PREFIX + name.upper()) in environment
    }
    sources = ((place, metadata), ("the task file", task_file or {}), ("the environment", from_environment))
    given: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, source in reversed(sources):
        found = {
            name: _checked(name, source[name], origin)
            for name in OPTIONS
            if name in source and source[name] is not None
        }
        given |= found
        origins |= dict.fromkeys(found, origin)
    return _consistent(given, origins, scenario)


def _consistent(given: dict[str, Any], origins: dict[str, str], scenario: str) -> Options:
    name = given.get("preset", "")
    preset = dict(PRESETS.get(name, {})) or (model_presets()[name].options(scenario) if name else {})
    if "max_new_tokens" in given:
        preset.pop("total_length", None)
    origins = dict.fromkeys(preset, f"preset {name}") | origins
    options = replace(Options(), **(preset | given), origins=origins)
    if "max_new_tokens" in given and "total_length" in given:
        raise UsageError("max_new_tokens and total_length both set the answer budget: give one of them")
    if options.max_cost is not None and (options.price_in is None or options.price_out is None):
        raise UsageError("max_cost needs price_in and price_out (per million tokens), or set max_tokens_total instead")
    if options.descriptions is None:
        options.check_ks(options.n_samples)
    if options.run_folder is not None and options.generations is not None:
        raise UsageError(
            "run_folder is where a model's answers are kept, and generations holds kept ones already: score those with "
            "humanevalpack evaluate"
        )
    if options.dataset_revision is not None and options.dataset != "hub":
        raise UsageError(
            f"dataset_revision needs dataset=hub, but dataset is {options.dataset!r}: leave one of them out"
        )
    return options


def _checked(name: str, value: object, place: str) -> object:
    try:
        return _CHECKS[name](value)
    except ValueError as error:
        raise UsageError(f"option {name} is {value!r} (from {place}): {error}") from None


def _refuse_slips(metadata: Mapping[str, Any], place: str) -> None:
    for name in metadata:
        if name in OPTIONS or not isinstance(name, str):
            continue
        near = difflib.get_close_matches(name, OPTIONS, n=1, cutoff=0.85)
        if near:
            raise UsageError(f"option {name!r} (from {place}) is not known: did you mean {near[0]}?")
