"""The tasks in Inspect: its own evaluation, with answers that are known to be right or wrong, in our sandbox."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from humanevalpack.errors import SandboxFault, UsageError
from humanevalpack.sandbox import choice, namespaces

pytest.importorskip("inspect_ai", reason="inspect_ai is not installed: pip install 'humanevalpack[inspect]'")

from inspect_ai import Epochs, Task, eval
from inspect_ai.model import ChatMessage, GenerateConfig, ModelAPI, ModelOutput, get_model, modelapi
from inspect_ai.tool import ToolChoice, ToolInfo

from humanevalpack import inspect_ai_plugin as plugin

pytestmark = [pytest.mark.namespaces, pytest.mark.toolchain("python"), pytest.mark.xdist_group("inspect")]
Answer = Callable[[hep.Problem, str], str]


@pytest.fixture(scope="module", autouse=True)
def pools_end() -> Iterator[None]:
    """The workers stay as long as Inspect's process does; here they end with these tests."""
    pools: list[hep.Pool] = []

    def made(**options: Any) -> hep.Pool:
        pools.append(hep.Pool(**options))
        return pools[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugin, "Pool", made)
        yield
    for pool in pools:
        pool.close()
    plugin._pool.cache_clear()


@modelapi(name="written")
class Written(ModelAPI):
    """A model whose answers to a problem are written here."""

    def __init__(self, model_name: str, *, answer: Answer, **options: Any) -> None:
        super().__init__(model_name, **options)
        self._answer = answer
        self._problems = hep.load_problems(model_name, "mini")
        self.asked: list[str] = []

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        text = "\n".join(message.text for message in input)
        self.asked.append(text)
        problem = next(problem for problem in self._problems if problem.entry_point in text)
        return ModelOutput.from_content("written", self._answer(problem, text))

    async def count_text_tokens(self, text: str) -> int:
        return len(text)  # Inspect's own way would load a tokenizer from the network


def right(problem: hep.Problem, asked: str = "") -> str:
    return f"Sure!\n```\n{problem.prompt}{problem.canonical_solution}\n```\nDone."


def wrong(problem: hep.Problem, asked: str = "") -> str:
    return f"```\n{problem.prompt}{problem.buggy_solution}\n```"


def run(task: Task, answer: Answer, folder: Path, *, language: str = "python", **options: Any) -> tuple[Any, Written]:
    model = get_model(f"written/{language}", memoize=False, answer=answer)
    options = {"limit": 3} | options
    (log,) = eval(task, model=model, display="none", log_dir=str(folder), **options)
    return log, model.api


def accuracy(log: Any) -> float:
    assert log.status == "success", log.error
    return float(log.results.scores[0].metrics["accuracy"].value)


@pytest.mark.parametrize("name", ["fixtests", "fixdocs", "synthesize"])
def test_right_answers_score_1_and_buggy_ones_0(name: str, tmp_path: Path) -> None:
    task = getattr(plugin, name)
    assert accuracy(run(task("python", "mini"), right, tmp_path)[0]) == 1
    assert accuracy(run(task("python", "mini"), wrong, tmp_path)[0]) == 0


@pytest.mark.toolchain("js")
def test_another_language(tmp_path: Path) -> None:
    log, _ = run(plugin.synthesize("js", "mini"), right, tmp_path, language="js")
    assert accuracy(log) == 1
    assert log.eval.dataset.name == "humanevalsynthesize-js"


def test_explain_shows_the_description_and_never_the_code(tmp_path: Path) -> None:
    def answer(problem: hep.Problem, asked: str) -> str:
        return "What it does, in words." if "description of the code" in asked else right(problem)

    log, model = run(plugin.explain("python", "mini"), answer, tmp_path, limit=1)
    assert accuracy(log) == 1
    first, second = model.asked
    code = hep.load_problems("python", "mini")[0].canonical_solution.strip()
    assert code in first
    assert "What it does, in words." in second
    assert code not in second


def test_the_verdict_stands_in_the_log(tmp_path: Path) -> None:
    log, _ = run(plugin.fixtests("python", "mini"), wrong, tmp_path, limit=1)
    (sample,) = log.samples
    score = sample.scores["sandboxed"]
    assert (sample.id, score.value) == ("Python/0", "I")
    assert score.explanation.startswith("failed: AssertionError")
    assert (score.metadata["status"], score.metadata["extraction"]) == ("failed", "fenced")
    assert score.answer in score.metadata["program"]
    assert sample.metadata["bug_type"] == "value misuse"


def test_epochs_are_samples_and_a_reducer_gives_pass_at_k(tmp_path: Path) -> None:
    asked = 0

    def every_second(problem: hep.Problem, text: str) -> str:
        nonlocal asked
        asked += 1
        return right(problem) if asked % 2 else wrong(problem)

    epochs = Epochs(2, ["pass_at_1", "pass_at_2"])
    log, _ = run(plugin.fixtests("python", "mini"), every_second, tmp_path, limit=1, epochs=epochs)
    found = {score.reducer: score.metrics["accuracy"].value for score in log.results.scores}
    assert found == {"pass_at_1": hep.pass_at_k(n=2, c=1, k=1), "pass_at_2": hep.pass_at_k(n=2, c=1, k=2)}


def test_a_template_of_ours_asks_and_reads_the_answer(tmp_path: Path) -> None:
    def answer(problem: hep.Problem, asked: str) -> str:
        return "\n" + problem.canonical_solution

    log, model = run(plugin.fixdocs("python", "mini", prompt="octocoder"), answer, tmp_path, limit=1)
    problem = hep.load_problems("python", "mini")[0]
    assert model.asked == [hep.render_prompt(problem, "fixdocs", prompt="octocoder")]
    assert accuracy(log) == 1


def test_what_cannot_work_is_said_before_the_model_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="octocodr"):
        plugin.fixtests("python", "mini", prompt="octocodr")
    with pytest.raises(UsageError, match="confirm_unsafe"):
        plugin.fixtests("python", "mini", sandbox="process")
    monkeypatch.setattr(namespaces, "BWRAP", "/nowhere")
    choice._try_local.cache_clear()
    with pytest.raises(SandboxFault, match="bubblewrap"):
        plugin.fixtests("python", "mini", sandbox="local")
