"""What a run is going to be: every setting and where it came from, before anything is loaded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from humanevalpack.lm_eval_plugin.arguments import model_arguments
from humanevalpack.lm_eval_plugin.options import OPTIONS, Options
from humanevalpack.lm_eval_plugin.selection import Shard, limited
from humanevalpack.results.model_arguments import telling
from humanevalpack.scenarios import parse_task

ARGUMENTS = "the arguments"
DEFAULT = "default"
CHAT_SERVERS = ("chat-completions", "-chat")
"""How the names of lm_eval's classes for chat servers end."""


class Setting(NamedTuple):
    """A value and where it came from."""

    value: Any
    origin: str = DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run, decided on and not begun."""

    model: Any
    """A name, or a model object of lm_eval."""
    model_name: str | None
    """None for an object without one."""
    model_args: Mapping[str, Setting]
    """What lm_eval makes the model from; empty for an object."""
    lm_eval: Mapping[str, Setting]
    """lm_eval's own settings (LM_EVAL_SETTINGS)."""
    names: Setting
    """Tasks and groups as they were asked for: a sequence of names."""
    tasks: Sequence[str]
    """The tasks behind them; with a shard by task or language, those of the shard."""
    whole: bool
    """Whether ``tasks`` are all tasks behind the names."""
    options: Mapping[str, Options]
    """Scenario to the options of its tasks, of all shards: a model's preset may differ by scenario."""
    metadata: Mapping[str, Any]
    """The options as lm_eval's tasks are given them."""
    shard: Shard | None
    folder: Path
    remarks: str
    """What the model's preset says beside its settings."""

    def value(self, name: str) -> Any:
        """Return one of lm_eval's own settings."""
        return self.lm_eval[name].value

    @property
    def arguments(self) -> dict[str, Any]:
        """The values that the model is made from."""
        return {name: item.value for name, item in self.model_args.items()}

    @property
    def common(self) -> Options:
        """The options of the first task: most hold for all."""
        return next(iter(self.options.values()))

    @property
    def languages(self) -> list[str]:
        """The languages of the tasks."""
        return list(dict.fromkeys(parse_task(task)[1] for task in self.tasks))

    def problems(self, counts: Mapping[str, int]) -> dict[str, list[int]]:
        """Return, per task, the places of the problems that are asked; ``counts`` is language to number of problems."""
        found = {}
        for task in self.tasks:
            count = limited(counts[parse_task(task)[1]], self.value("limit"))
            found[task] = self.shard.problems(count) if self.shard else list(range(count))
        return found

    def settings(self) -> Iterator[tuple[str, Setting]]:
        """Yield every setting by its name, for people: the model's, lm_eval's, then the tasks' options."""
        yield "model", self.model_args.get(_named_by(self), Setting(self.model_name, ARGUMENTS))
        yield "backend", self.lm_eval["backend"]
        yield from ((f"model_args {name}", item) for name, item in self.model_args.items() if name != _named_by(self))
        yield "tasks", Setting(", ".join(self.names.value), self.names.origin)
        yield "shard", Setting(None) if self.shard is None else Setting(str(self.shard), ARGUMENTS)
        yield from ((name, item) for name, item in self.lm_eval.items() if name != "backend")
        for name in OPTIONS:
            if name not in _NOT_SHOWN:
                yield name, self._option(name)

    def _option(self, name: str) -> Setting:
        """Return an option's value, by scenario where it differs."""
        values = {scenario: getattr(options, name) for scenario, options in self.options.items()}
        if name == "max_new_tokens" and self.common.total_length is not None:
            return Setting(None, "total_length is set")
        origin = self.common.origins.get(name, DEFAULT)
        same = len({repr(value) for value in values.values()}) == 1
        return Setting(next(iter(values.values())) if same else values, origin)

    def facts(self) -> dict[str, Any]:
        """Return what the manifest records of the plan; ``asked`` is what a run that goes on must have in common."""
        asked = {
            "model": self.model_name,
            **{f"model_args {name}": value for name, value in telling(model_arguments(self.arguments)).items()},
            **{name: self.value(name) or None for name in _LM_EVAL_ASKED},
            **{name: self._option(name).value for name in _OPTIONS_ASKED},
            "tasks": sorted(self.tasks),
            "shard": None if self.shard is None else str(self.shard),
        }
        shard = self.shard and {"number": self.shard.number, "of": self.shard.of, "by": self.shard.by}
        return {
            "limit": self.value("limit"),
            "shard": shard,
            "asked": {name: value for name, value in asked.items() if value is not None},
        }


_LM_EVAL_ASKED = ("backend", "limit", "seed", "gen_kwargs", "system_instruction", "apply_chat_template")
_OPTIONS_ASKED = (
    *("dataset", "dataset_revision", "profile", "prompt", "chat_prefill", "descriptions"),
    *("n_samples", "temperature", "top_p", "top_k", "max_new_tokens", "total_length"),
)


# They are the plan's folder, and no options of a run.
_NOT_SHOWN = ("run_folder", "generations")


def _named_by(plan: Plan) -> str:
    return "model" if "model" in plan.model_args else "pretrained"
