"""A run's folder with a server that answers: killed and gone on with, judged while the next answers are awaited."""

import time
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from lm_eval_run_folder import (
    FIX,
    GREEDY,
    SAMPLED,
    TASKS,
    generations,
    killed,
    lines,
    recorded,
    script,
    verdicts,
)
from openai_server import CHAT, COMPLETIONS, serve, serve_script

pytest_plugins = ["tiny_models"]
# One worker of pytest-xdist makes the models and runs that these tests share.
pytestmark = [pytest.mark.xdist_group("lm_eval_servers"), pytest.mark.toolchain("python")]


@pytest.mark.parametrize("metadata", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_a_run_that_is_killed_between_two_answers_of_a_server_ends_as_an_undisturbed_one(
    untrained_model: Path, tmp_path: Path, metadata: dict[str, Any]
) -> None:
    folder, whole = tmp_path / "killed", tmp_path / "undisturbed"
    with serve(untrained_model) as server:
        arguments = f"model={untrained_model},base_url={server.url}{COMPLETIONS},max_length=4096"
        settings: dict[str, Any] = {"model_args": arguments, "batch_size": 1}
        done = recorded("local-completions", whole, metadata, **settings)
        everything = len(server.requests)
        killed(script("local-completions", folder, metadata, **settings), folder / "generations.jsonl", 1)
        left = (folder / "generations.jsonl").read_bytes().rpartition(b"\n")[0]
        held = len(lines(folder / "generations.jsonl"))
        assert 0 < held < len(lines(whole / "generations.jsonl")), "it was killed too late"
        server.requests.clear()
        again = recorded("local-completions", folder, metadata, **settings)
        asked = len(server.requests)
    assert generations(folder) == generations(whole)
    assert verdicts(folder) == verdicts(whole)
    assert (folder / "generations.jsonl").read_bytes().startswith(left), "nothing was overwritten"
    assert asked < everything, "what is answered is not paid for again"
    for task in TASKS.replace("humanevalexplain_python", "humanevalexplainsynthesize-python").split(","):
        assert again.metric(task, "pass@1") == done.metric(task, "pass@1")


def test_programs_are_judged_before_the_server_has_given_its_last_answer(tmp_path: Path) -> None:
    """The server keeps its last answer back until there is a verdict."""
    problems = hep.load_problems("python", "mini")[:10]
    judged = tmp_path / "run" / "verdicts.jsonl"
    given = 0

    def answer(messages: list[dict[str, str]]) -> tuple[str, str]:
        nonlocal given
        given += 1
        deadline = time.monotonic() + 120
        while given == len(problems) and not lines(judged):
            assert time.monotonic() < deadline, "nothing is judged before everything is answered"
            time.sleep(0.01)
        problem = next(problem for problem in problems if problem.entry_point in messages[0]["content"])
        return f"```python\n{problem.declaration}{problem.canonical_solution}\n```", "stop"

    with serve_script(answer) as server:
        done = recorded(
            "local-chat-completions",
            tmp_path / "run",
            {**GREEDY, "chat_prefill": "none"},
            tasks=FIX,
            limit=len(problems),
            batch_size=1,
            model_args=f"model=tiny,base_url={server.url}{CHAT}",
            apply_chat_template=True,
        )
    assert given == len(verdicts(tmp_path / "run")) == len(problems)
    assert done.metric(FIX, "pass@1") == 1
