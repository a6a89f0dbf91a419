"""Learning rates in closed form: what the schedulers of transformers and DeepSpeed give, without running them."""

import math
from collections.abc import Iterator

from octopack_train.config.optimization import OptimizerSettings, ScheduleSettings


def learning_rate(optimizer: OptimizerSettings, schedule: ScheduleSettings, step: int) -> float:
    """Return the learning rate after ``step`` steps: step n itself (counted from 1) is made with that of n - 1.

    The same number as ``get_last_lr`` of transformers' scheduler after so many calls of its ``step``, and of
    DeepSpeed's at that ``last_batch_iteration`` (which begins at -1, so that DeepSpeed itself runs one step behind).
    """
    peak, end, warmup = optimizer.learning_rate, schedule.final_learning_rate, schedule.warmup_steps
    if step < warmup:
        return peak * _risen(schedule, step)
    if schedule.kind == "constant":
        return peak
    progress = min(1.0, (step - warmup) / max(1, schedule.schedule_steps - warmup))
    left = 1 - progress if schedule.kind == "linear" else (1 + math.cos(math.pi * progress)) / 2
    return end + (peak - end) * left


def _risen(schedule: ScheduleSettings, step: int) -> float:
    """Return the share of the peak during the warm-up."""
    if schedule.warmup == "linear":
        return step / schedule.warmup_steps
    # DeepSpeed's WarmupLR; it divides by the logarithm of at least two steps.
    return math.log(step + 1) / math.log(max(2, schedule.warmup_steps))


def shown_steps(schedule: ScheduleSettings) -> Iterator[int]:
    """Yield the steps that tell a schedule: beginning, warm-up, quarters of what is trained, horizon."""
    last, warmup = schedule.steps, schedule.warmup_steps
    shown = {0, 1, warmup // 2, warmup, last, schedule.schedule_steps}
    shown |= {round(last * part / 4) for part in range(1, 4)}
    yield from sorted(shown)
