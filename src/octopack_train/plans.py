"""What a run would do, before it does it: sizes, batch, tokens, memory, learning rates, command."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from humanevalpack.errors import UsageError
from octopack_train.config.optimization import BatchSettings
from octopack_train.launching import launch_command
from octopack_train.memory import Memory, memory_table
from octopack_train.recipes.reading import Recipe
from octopack_train.schedules import learning_rate, shown_steps
from octopack_train.sizes import Counts, count
from octopack_train.weights import Decision, decide, obstacle_to_bitsandbytes


@dataclass(frozen=True)
class Plan:
    """A run that has not begun."""

    recipe: Recipe
    devices: int
    """All devices, of all machines."""
    accumulation: int
    """Times a device works on its rows before a step, so that a step has the recipe's rows."""
    weights: Decision
    counts: Counts | None
    uncounted: str
    """Why parameters are not counted; empty if they are."""
    memory: tuple[Memory, ...]
    learning_rates: tuple[tuple[int, float], ...]
    """Learning rate after so many steps."""
    commands: tuple[tuple[str, str], ...]
    """For which machines that can share a step's rows, and the command."""

    @property
    def tokens_per_step(self) -> int:
        """At most: rows that are not full have fewer."""
        settings = self.recipe.settings
        return settings.batch.rows * settings.sequence.length

    @property
    def tokens(self) -> int:
        """Of the whole run, at most."""
        return self.tokens_per_step * self.recipe.settings.schedule.steps


def make_plan(recipe: Recipe, arguments: Sequence[str], devices: int | None = None, machines: int = 1) -> Plan:
    """Plan a run on ``machines`` with ``devices`` each (None: as many as the recipe's numbers are for, in all).

    ``arguments``: those of octopack-train that start it. Raises UsageError where a step's rows cannot be shared out.
    """
    settings = recipe.settings
    here = devices * machines if devices is not None else settings.batch.devices
    if devices is None and here % machines:
        raise UsageError(
            f"batch.devices is {here}: not a multiple of {machines} machines; say --devices (of one machine)"
        )
    decision = decide(settings.model, obstacle_to_bitsandbytes())
    try:
        counts, uncounted = count(settings.model, settings.adapter), ""
    except UsageError as error:
        if settings.model.architecture is not None:
            raise
        counts, uncounted = None, str(error)  # a base on the hub: its architecture is read when the run begins
    words = list(arguments)
    kind = settings.distributed.kind
    places = {"one device": (1, 1), "eight devices": (8, 1), "two machines with eight devices": (8, 2)}
    planned = (here // machines, machines)
    if planned not in places.values():
        places = {f"{machines} machines with {here // machines} devices": planned} | places
    fitting = {name: place for name, place in places.items() if not _rest(settings.batch, place[0] * place[1])}
    commands = {name + (" (this plan)" if place == planned else ""): place for name, place in fitting.items()}
    return Plan(
        recipe,
        here,
        accumulation_for(settings.batch, here),
        decision,
        counts,
        uncounted,
        tuple(memory_table(settings, counts, decision.weights, here)) if counts is not None else (),
        tuple(
            (step, learning_rate(settings.optimizer, settings.schedule, step))
            for step in shown_steps(settings.schedule)
        ),
        tuple((name, launch_command(words, kind, *place)) for name, place in commands.items()),
    )


def accumulation_for(batch: BatchSettings, devices: int) -> int:
    """Return the accumulation with which a step has the same rows on this many devices; raises UsageError."""
    if _rest(batch, devices):
        fit = [n for n in range(1, batch.rows // batch.per_device + 1) if not _rest(batch, n)]
        raise UsageError(
            f"a step has {batch.rows} rows: {devices} devices with batch.per_device {batch.per_device} cannot share"
            f" them out; devices that can: {', '.join(map(str, fit))}"
        )
    return batch.rows // (batch.per_device * devices)


def _rest(batch: BatchSettings, devices: int) -> int:
    return batch.rows % (batch.per_device * devices)


def plan_values(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain values, for machines."""
    settings = plan.recipe.settings
    counts = plan.counts
    return {
        "recipe": plan.recipe.name,
        "notes": list(plan.recipe.notes),
        "parameters": counts.total if counts else None,
        "trainable_parameters": counts.trainable if counts else None,
        "weights": plan.weights.weights,
        "devices": plan.devices,
        "accumulation": plan.accumulation,
        "rows_per_step": settings.batch.rows,
        "tokens_per_step": plan.tokens_per_step,
        "steps": settings.schedule.steps,
        "tokens": plan.tokens,
        "memory_bytes": {one.kind: round(one.total(settings.activation_checkpointing)) for one in plan.memory},
        "learning_rates": {str(step): rate for step, rate in plan.learning_rates},
        "commands": dict(plan.commands),
    }
