"""A plan for the terminal."""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from octopack_train.config.model import LoraSettings
from octopack_train.memory import GIB
from octopack_train.plans import Plan
from octopack_train.recipes.writing import resolved_yaml

_WIDTH = 110


def plan_text(plan: Plan) -> str:
    """Return all of a plan: settings with origins, what must be known, sizes, memory, learning rates, commands."""
    settings = plan.recipe.settings
    parts = [
        _section("Settings", resolved_yaml(plan.recipe).splitlines()),
        _section("To be known", [line for note in plan.recipe.notes for line in _item(note)]),
        _section("Sizes", _sizes(plan)),
        _section(f"Memory of one of {plan.devices} devices, GiB (an estimate)", _memory(plan)),
        _section("Learning rate", _table(("after step", "learning rate"), _rates(plan))),
        _section("Start", [line for name, command in plan.commands for line in (f"# {name}", command)]),
    ]
    if settings.data.path is None and not settings.data.mixture:
        parts.insert(1, _section("Missing", ["data: --set data.path=FILE, or data.mixture"]))
    return "\n".join(part for part in parts if part)


def _section(title: str, lines: Iterable[str]) -> str:
    text = "\n".join(lines)
    return f"{title}\n{'-' * len(title)}\n{text}\n" if text else ""


def _item(text: str) -> list[str]:
    return wrap(text, _WIDTH, initial_indent="- ", subsequent_indent="  ")


def _sizes(plan: Plan) -> Iterator[str]:
    settings, counts = plan.recipe.settings, plan.counts
    batch, length = settings.batch, settings.sequence.length
    if counts is None:
        yield from _item(f"parameters: not counted: {plan.uncounted}")
    else:
        share = counts.trainable / counts.total
        yield f"parameters    {counts.total:,}, of which {counts.trainable:,} are trained ({share:.3%})".replace(
            "(100.000%)", "(all)"
        )
        for target in counts.unmatched:
            yield f"              adapter.targets: {target} names no module of this architecture"
        if length > counts.shape.positions:
            positions = counts.shape.positions
            yield f"              sequence.length {length} is longer than the model's {positions} positions"
    yield f"base weights  {plan.weights.said}"
    if isinstance(settings.adapter, LoraSettings):
        adapter = settings.adapter
        yield f"adapter       rank {adapter.rank}, scaled by {adapter.alpha / adapter.rank:g}"
    shared = f"{batch.per_device} a device x {plan.accumulation} accumulated x {plan.devices} devices"
    yield f"a step        {batch.rows} rows ({shared}), at most {plan.tokens_per_step:,} tokens"
    yield f"the run       {settings.schedule.steps:,} steps, at most {plan.tokens:,} tokens"


def _memory(plan: Plan) -> Iterator[str]:
    settings = plan.recipe.settings
    here = settings.distributed.kind
    rows = [
        (
            f"{one.kind}{' (chosen)' if one.kind == here else ''}",
            *(
                _gib(value)
                for value in (
                    one.weights,
                    one.gradients,
                    one.optimizer,
                    one.activations,
                    one.activations_checkpointed,
                    one.total(checkpointing=False),
                    one.total(checkpointing=True),
                )
            ),
        )
        for one in plan.memory
    ]
    names = ("", "weights", "gradients", "optimizer", "activations", "checkpointed", "total", "total checkpointed")
    if rows:
        yield from _table(names, rows)
        state = "on" if settings.activation_checkpointing else "off"
        yield f"activation_checkpointing is {state}; CUDA, fragments and buffers of communication come on top."


def _gib(value: float) -> str:
    return f"{value / GIB:,.2f}" if value < 100 * GIB else f"{value / GIB:,.0f}"


def _rates(plan: Plan) -> list[tuple[str, str]]:
    schedule = plan.recipe.settings.schedule
    marks = {schedule.schedule_steps: " (horizon)", schedule.steps: " (end)"}
    return [(f"{step:,}{marks.get(step, '')}", f"{rate:.4e}") for step, rate in plan.learning_rates]


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[place]) for row in (names, *rows)) for place in range(len(names))]
    return [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (names, *rows)
    ]
