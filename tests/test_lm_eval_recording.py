"""``run_folder`` and tasks of a user's own: what one folder can hold, and what is said of it."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lm_eval
import pytest
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

import humanevalpack as hep
from generation_files import row, run_folder
from humanevalpack.errors import UsageError
from humanevalpack.evaluation import judging
from humanevalpack.lm_eval_plugin import background, chunks
from humanevalpack.lm_eval_plugin.descriptions import load_descriptions
from humanevalpack.resources import resource_dir
from humanevalpack.results import RunFolder
from lm_eval_run_folder import FIX, GREEDY, generations, verdicts
from lm_eval_runs import TASKS

# One worker of pytest-xdist makes the models and runs that these tests share.
pytestmark = pytest.mark.xdist_group("lm_eval_runs")


class Writer(LM):  # type: ignore[misc]  # lm_eval has no types
    """A model that answers a prompt by a function."""

    def __init__(self, answer: Callable[[str], str] = lambda _: "\n    return 1\n") -> None:
        super().__init__()
        self.answer = answer

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        return [self.answer(request.args[0]) for request in requests]

    def loglikelihood(self, requests: list[Any]) -> Any: ...

    def loglikelihood_rolling(self, requests: list[Any]) -> Any: ...


def evaluated(
    tasks: str, model: LM, own: Path | None = None, limit: int = 1, predict_only: bool = False, **options: Any
) -> dict[str, Any]:
    """What lm_eval returns of a run with task files of a user's own in a folder."""
    manager = TaskManager(include_path=own and str(own), include_defaults=False, metadata={**GREEDY, **options})
    found: dict[str, Any] = lm_eval.simple_evaluate(
        model, tasks=tasks.split(","), limit=limit, task_manager=manager, bootstrap_iters=0, predict_only=predict_only
    )
    return found


def task_file(folder: Path, name: str, ours: str, **options: Any) -> None:
    """A task file of a user's own, which includes one of ours."""
    said = "".join(f"\n  {key}: {value}" for key, value in {"dataset": "mini", **options}.items())
    text = f"include: {TASKS}/{ours}.yaml\ntask: {name}\noptions:{said}\n"
    (folder / f"{name}.yaml").write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("time_limit", "7", "time_limit is None for my_docs and 7.0 for my_fix"),
        ("profile", "fixed", "profile is 'reference' for my_docs and 'fixed' for my_fix"),
    ],
)
def test_tasks_of_one_folder_are_judged_alike(tmp_path: Path, name: str, value: str, message: str) -> None:
    task_file(tmp_path, "my_docs", "humanevalfixdocs-python")
    task_file(tmp_path, "my_fix", FIX, **{name: value})
    model = Writer(lambda _: pytest.fail("the model was asked"))
    with pytest.raises(UsageError, match=message):
        evaluated("my_docs,my_fix", model, tmp_path, run_folder=str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["instruct", "mine"])
def test_answers_are_judged_with_the_template_that_they_were_asked_with(tmp_path: Path, name: str) -> None:
    """A template of a user's own, its file gone, with the name of a shipped one or another."""
    shipped = (resource_dir("prompts") / "instruct.yaml").read_text("utf-8")
    file = tmp_path / "file.yaml"
    file.write_text(shipped.replace("name: instruct", f"name: {name}").replace("answer: code", "answer: fenced"))
    problem = hep.load_problems("python", "mini")[0]
    model = Writer(lambda _: f"Sure:\n```python\n{problem.declaration}{problem.canonical_solution}\n```\n")
    run = tmp_path / "run"
    evaluated(FIX, model, dataset="mini", prompt=str(file), run_folder=str(run), predict_only=True)
    file.unlink()
    done = hep.evaluate(run, sandbox="process", confirm_unsafe=True)
    assert [sample.status for sample in done.samples] == ["passed"]
    with pytest.raises(UsageError, match="prompt"):
        hep.evaluate(run, sandbox="process", confirm_unsafe=True, prompt="instruct")
    with pytest.raises(UsageError, match="prompt"):
        evaluated(FIX, model, dataset="mini", prompt="instruct", run_folder=str(run))


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What became of the pools of a run that asks problem by problem: ``made``, then ``closed``."""
    seen: list[str] = []

    class Watched(hep.Pool):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            seen.append("made")

        def close(self) -> None:
            super().close()
            seen.append("closed")

    monkeypatch.setattr(background, "Pool", Watched)
    monkeypatch.setattr(chunks, "SEQUENCES", 1)
    return seen


def judging_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "humanevalpack-judging"]


@pytest.mark.parametrize("at", [2, 3])
def test_an_interrupt_does_not_wait_for_programs_that_run(
    tmp_path: Path, pools: list[str], monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """While the model writes, and while nothing but the verdicts is waited for."""
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        if len(asked) == at:
            raise KeyboardInterrupt
        return "\n    while True: pass\n"

    def interrupted(_: background.Background) -> None:
        raise KeyboardInterrupt

    if at == 3:
        end = background.Background._end_thread
        calls = iter([interrupted])
        monkeypatch.setattr(background.Background, "_end_thread", lambda self: next(calls, end)(self))
    with pytest.raises(KeyboardInterrupt):
        evaluated(FIX, Writer(answer), limit=2, dataset="mini", time_limit=20, run_folder=str(tmp_path / "run"))
    assert len(generations(tmp_path / "run")) == at - 1
    assert verdicts(tmp_path / "run") == {}
    assert judging_threads() == []
    assert pools in ([], ["made", "closed"])


def test_an_error_of_ours_while_judging_ends_the_run_and_its_pool(
    tmp_path: Path, pools: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()

    def add_verdict(*_: Any) -> None:
        failed.set()
        raise ValueError("a fault of ours")

    def answer(prompt: str) -> str:
        asked.append(prompt)
        if len(asked) > 1:
            failed.wait(60)
            for thread in threading.enumerate():
                if thread.name in judging_threads():
                    thread.join(60)
        return "\n    return 1\n"

    asked: list[str] = []
    monkeypatch.setattr(RunFolder, "add_verdict", add_verdict)
    with pytest.raises(ValueError, match="a fault of ours"):
        evaluated(FIX, Writer(answer), limit=9, dataset="mini", run_folder=str(tmp_path / "run"))
    assert len(asked) == 2, "the model is not asked for hours first"
    assert (judging_threads(), pools) == ([], ["made", "closed"])


def test_a_task_s_generations_are_found_whatever_a_user_s_file_calls_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task_file(tmp_path, "my_fix", FIX)
    evaluated("my_fix", Writer(), tmp_path, run_folder=str(tmp_path / "run"))
    done = evaluated("my_fix", Writer(pytest.fail), tmp_path, generations=str(tmp_path / "run"))
    assert done["results"]["my_fix"]["pass@1,reference"] == 0
    assert capsys.readouterr().err.count("humanevalpack: prompt 'instruct'") == 2, "once a run"


def test_descriptions_of_a_run_that_goes_on_are_read_and_those_never_asked_for_are_told(tmp_path: Path) -> None:
    problems = hep.load_problems("python", "mini")[:2]
    rows = [
        row("humanevalexplaindescribe-python", generation="adds"),
        row("humanevalexplaindescribe-python", number=1, generation="", status="prompt_too_long"),
    ]
    file = tmp_path / "generations.jsonl"
    file.write_text("".join(item.to_line() for item in rows) + '{"task": "human', "utf-8")
    told: list[str] = []
    found = load_descriptions(str(tmp_path), problems, lambda _, text: text, told.append)
    assert found == {"Python/0": ["adds"], problems[1].task_id: [""]}
    assert (
        f"1 descriptions were never asked for (prompt_too_long, or left out), first that of {problems[1].task_id}"
        in told[0]
    )


def test_problems_are_loaded_in_the_revision_that_the_run_was_made_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, str | None] = {}

    def load(_: str, data: str, revision: str | None) -> Any:
        asked[data] = revision
        return hep.load_problems("python", "mini")

    monkeypatch.setattr(judging, "load_problems", load)
    folder = run_folder(tmp_path / "run", [row()], dataset="hub", dataset_revision="abc")
    hep.evaluate(folder, output=tmp_path / "one", sandbox="process", confirm_unsafe=True)
    hep.evaluate(folder, output=tmp_path / "other", dataset="mini", sandbox="process", confirm_unsafe=True)
    assert asked == {"hub": "abc", "mini": None}


def test_descriptions_alone_are_kept_as_they_were_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, quick = tmp_path / "run", judging.judge

    def held_back(*arguments: Any, **options: Any) -> list[str]:
        time.sleep(1)  # the model is done before
        return quick(*arguments, **options)

    monkeypatch.setattr(background, "judge", held_back)
    evaluated("humanevalexplaindescribe-python", Writer(lambda _: "It adds."), dataset="mini", run_folder=str(folder))
    assert [sample.candidate for sample in hep.read_run(folder).samples] == ["It adds."]
