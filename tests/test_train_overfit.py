"""From a recipe to a score: ten solutions are learned by heart, and HumanEvalPack's tasks see it."""

from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

import humanevalpack as hep
from humanevalpack.demo.lessons import expected_answer
from humanevalpack.prompts import render_prompt
from octopack_train.recipes.reading import read_recipe
from octopack_train.training.sft import Trained, train
from training_rows import written

pytestmark = [pytest.mark.xdist_group("training"), pytest.mark.toolchain("python")]

STEPS, LONGEST, PROMPT = 60, 60, "continue"
BODIES = {
    "double": ("n + n", 3, 6),
    "square": ("n * n", 3, 9),
    "negate": ("-n", 3, -3),
    "is_even": ("n % 2 == 0", 3, False),
    "digits": ("len(str(n))", 345, 3),
    "last_digit": ("n % 10", 345, 5),
    "stars": ("'*' * n", 3, "***"),
    "count_down": ("list(range(n, 0, -1))", 3, [3, 2, 1]),
    "half": ("n // 2", 7, 3),
    "next_odd": ("n + 1 + n % 2", 3, 5),
}
"""Ten functions: what they return, an argument, and the value there."""


def problem(number: int, name: str, body: str, argument: int, value: Any) -> dict[str, str]:
    head = f"def {name}(n: int):\n"
    docstring = f"Return {name} of n."
    test = f"def check({name}):\n    assert {name}({argument}) == {value!r}\n\ncheck({name})"
    return {
        "task_id": f"Python/{number}",
        "prompt": f'\n\n{head}    """ {docstring}\n    """\n',
        "canonical_solution": f"    return {body}\n",
        "test": test,
        "text": docstring,
        "declaration": f"\n\n{head}",
        "example_test": test,
        "buggy_solution": "    return None\n",
        "bug_type": "value misuse",
        "failure_symptoms": "incorrect output",
        "entry_point": name,
        "import": "",
        "test_setup": "",
        "signature": f"{name}(n: int)",
        "docstring": docstring,
        "instruction": f"Write a Python function `{name}(n: int)` to solve the following problem:\n{docstring}",
    }


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [problem(number, name, *values) for number, (name, values) in enumerate(BODIES.items())]
    return written(tmp_path_factory.mktemp("problems") / "python.jsonl", *rows)


@pytest.fixture(scope="module")
def pairs(problems: Path) -> list[dict[str, str]]:
    return [
        {
            "prompt": render_prompt(one, "synthesize", prompt=PROMPT),
            "completion": expected_answer(one, "synthesize"),
        }
        for one in hep.load_problems("python", problems)
    ]


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory, pairs: list[dict[str, str]]) -> Trained:
    folder = tmp_path_factory.mktemp("overfit")
    rows = written(folder / "rows.jsonl", *pairs)
    changes = [f"data.path={rows}", f"output={folder / 'run'}", "adapter=false", "sequence.packing=none"]
    changes += ["sequence.length=128", "batch.per_device=10", "cadence.log=10", f"cadence.save={STEPS}"]
    changes += [f"schedule.schedule_steps={STEPS}", f"schedule.stop_after_steps={STEPS}"]
    return train(read_recipe("tiny-smoke", changes))


def test_ten_solutions_are_reproduced_to_the_end_marker(taught: Trained, pairs: list[dict[str, str]]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(taught.saved)
    model: Any = AutoModelForCausalLM.from_pretrained(taught.saved)
    model.eval()
    for pair in pairs:
        prompt = tokenizer(pair["prompt"], return_tensors="pt").input_ids
        made = model.generate(prompt, max_new_tokens=LONGEST, do_sample=False, pad_token_id=tokenizer.pad_token_id)
        assert tokenizer.decode(made[0, prompt.shape[1] :]) == pair["completion"] + tokenizer.eos_token


def test_what_was_learned_scores_one_and_the_model_before_it_zero(
    taught: Trained, problems: Path, tmp_path: Path
) -> None:
    for model, wanted in ((taught.saved, 1.0), (taught.folder / "base", 0.0)):
        run = hep.run(
            model,
            tasks="humanevalsynthesize-python",
            dataset=str(problems),
            prompt=PROMPT,
            max_new_tokens=LONGEST,
            device="cpu",
            batch_size=10,
            sandbox="process",
            confirm_unsafe=True,
            output=tmp_path / model.name,
        )
        assert run.score("synthesize", "python").mean == wanted
