"""octopack_train.schedules: closed forms, against the schedulers of transformers and recorded values of DeepSpeed."""

import math
from typing import Any

import pytest
import torch
from transformers import (
    get_constant_schedule_with_warmup,
    get_cosine_schedule_with_warmup,
    get_linear_schedule_with_warmup,
)

from octopack_train.config.optimization import OptimizerSettings, ScheduleSettings
from octopack_train.recipes.reading import read_recipe
from octopack_train.schedules import learning_rate, shown_steps


def of_recipe(name: str, step: int, *settings: str) -> float:
    recipe = read_recipe(name, settings).settings
    return learning_rate(recipe.optimizer, recipe.schedule, step)


@pytest.mark.parametrize(("step", "rate"), [(0, 0.0), (1, 1e-4), (5, 5e-4), (30, 4.9922e-4), (1000, 0.0)])
def test_octocoder_s_learning_rate(step: int, rate: float) -> None:
    assert of_recipe("octocoder", step) == pytest.approx(rate, abs=5e-9)


def test_a_horizon_of_30_steps_would_be_another_recipe() -> None:
    assert of_recipe("octocoder", 29, "schedule.schedule_steps=30") == pytest.approx(2e-6, abs=5e-8)


STEPS = 40
SCHEDULERS: dict[str, Any] = {
    "cosine": get_cosine_schedule_with_warmup,
    "linear": get_linear_schedule_with_warmup,
    "constant": get_constant_schedule_with_warmup,
}


@pytest.mark.parametrize("warmup", [0, 1, 7])
@pytest.mark.parametrize("kind", SCHEDULERS)
def test_transformers_schedulers_give_the_same(kind: str, warmup: int) -> None:
    adam = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=3e-4)
    horizon = {} if kind == "constant" else {"num_training_steps": STEPS}
    scheduler = SCHEDULERS[kind](adam, num_warmup_steps=warmup, **horizon)
    schedule = ScheduleSettings.model_validate({"kind": kind, "warmup_steps": warmup, "schedule_steps": STEPS})
    optimizer = OptimizerSettings(learning_rate=3e-4)
    for step in range(STEPS + 1):
        assert learning_rate(optimizer, schedule, step) == pytest.approx(
            scheduler.get_last_lr()[0], rel=1e-12, abs=1e-18
        )
        adam.step()
        scheduler.step()


# WarmupDecayLR of DeepSpeed 0.19.8 (total 250,000, warm-up 1,000, peak 5e-5), by its last_batch_iteration.
DEEPSPEED = {
    0: 0.0,
    1: 5.017166594399687e-06,
    9: 1.666666666666667e-05,
    99: 3.333333333333334e-05,
    499: 4.498283340560031e-05,
    998: 4.999275813709971e-05,
    999: 5e-05,
    1000: 5e-05,
    1999: 4.979939759036145e-05,
    124999: 2.5100602409638557e-05,
    249998: 4.016064257028113e-10,
    249999: 2.0080321285140564e-10,
}


@pytest.mark.parametrize("iteration", DEEPSPEED)
def test_santacoder_s_schedule_is_deepspeed_s(iteration: int) -> None:
    assert of_recipe("santacoder-linediff", iteration) == pytest.approx(DEEPSPEED[iteration], rel=1e-9, abs=1e-18)


def test_santacoder_s_learning_rate_ends_at_zero() -> None:
    assert of_recipe("santacoder-linediff", 250_000) == 0.0
    assert of_recipe("santacoder-linediff", 250_001) == 0.0


def test_a_schedule_that_ends_above_zero() -> None:
    """Megatron's cosine: SantaCoderPack stopped at 250,000 of 600,000 steps, StarCoderBase's ended at a tenth."""
    pack = ScheduleSettings(warmup_steps=12_000, schedule_steps=600_000, stop_after_steps=250_000)
    assert learning_rate(OptimizerSettings(learning_rate=2e-4), pack, 250_000) == pytest.approx(1.295e-4, abs=5e-8)
    base = ScheduleSettings(warmup_steps=100, schedule_steps=10_000, final_learning_rate=5e-6)
    rates = [learning_rate(OptimizerSettings(learning_rate=5e-5), base, step) for step in (100, 5_050, 10_000)]
    assert rates == pytest.approx([5e-5, 2.75e-5, 5e-6])


def test_the_shown_steps_hold_the_warm_up_the_end_and_the_horizon() -> None:
    shown = list(shown_steps(read_recipe("octocoder").settings.schedule))
    assert shown == sorted(set(shown))
    assert {0, 1, 5, 30, 1000} <= set(shown)


def test_a_logarithmic_warm_up_of_one_step_is_no_division_by_zero() -> None:
    schedule = ScheduleSettings(warmup="logarithmic", warmup_steps=1, schedule_steps=4, kind="linear")
    assert not math.isnan(learning_rate(OptimizerSettings(learning_rate=1.0), schedule, 0))
