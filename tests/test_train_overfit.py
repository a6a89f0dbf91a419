"""From a recipe to a score: ten solutions are learned by heart, and HumanEvalPack's tasks see it."""

from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

import humanevalpack as hep
from humanevalpack.demo.lessons import Lesson, lessons
from octopack_train.recipes.reading import read_recipe
from octopack_train.training.sft import Trained, train
from training_rows import written

pytestmark = [pytest.mark.xdist_group("training"), pytest.mark.toolchain("python")]

LESSONS, STEPS = 10, 80
GREEDY: dict[str, Any] = {"do_sample": False, "max_new_tokens": 120}


@pytest.fixture(scope="module")
def course() -> list[Lesson]:
    found = lessons(hep.load_problems("python", "mini")[:LESSONS])
    return [lesson for lesson in found if lesson.scenario == "synthesize"]


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory, course: list[Lesson]) -> Trained:
    folder = tmp_path_factory.mktemp("overfit")
    rows = written(
        folder / "rows.jsonl", *({"prompt": lesson.prompt, "completion": lesson.answer} for lesson in course)
    )
    changes = [f"data.path={rows}", f"output={folder / 'run'}", "adapter=false", "sequence.packing=none"]
    changes += [f"batch.per_device={LESSONS}", "cadence.log=10", f"cadence.save={STEPS}"]
    changes += [f"schedule.schedule_steps={STEPS}", f"schedule.stop_after_steps={STEPS}", "schedule.warmup_steps=5"]
    return train(read_recipe("tiny-smoke", changes))


def pass_at_1(model: Path, output: Path) -> float:
    run = hep.run(
        model,
        tasks="humanevalsynthesize_python",
        dataset="mini",
        limit=LESSONS,
        prompt="octocoder",
        max_new_tokens=GREEDY["max_new_tokens"],
        device="cpu",
        sandbox="process",
        confirm_unsafe=True,
        output=output,
    )
    return run.score("synthesize", "python").mean


@pytest.mark.full
def test_ten_solutions_are_reproduced_to_the_end_marker(taught: Trained, course: list[Lesson]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(taught.saved)
    model = AutoModelForCausalLM.from_pretrained(taught.saved).eval()
    for lesson in course:
        prompt = tokenizer(lesson.prompt, return_tensors="pt").input_ids
        made = model.generate(prompt, pad_token_id=tokenizer.pad_token_id, **GREEDY)[0, prompt.shape[1] :]
        assert tokenizer.decode(made) == lesson.answer + tokenizer.eos_token


@pytest.mark.full
def test_what_was_learned_scores_one_and_the_model_before_it_zero(taught: Trained, tmp_path: Path) -> None:
    assert pass_at_1(taught.saved, tmp_path / "taught") == 1.0
    assert pass_at_1(taught.folder / "base", tmp_path / "untrained") == 0.0
