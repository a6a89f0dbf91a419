"""octopack_data.self_instruct.generate: the same after a kill as without one, more with a higher count or limit."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from humanevalpack.errors import InputError
from octopack_data.self_instruct.generate import generate
from octopack_data.sources import Part
from openai_server import serve_script
from self_instruct_runs import made, main_of, model, prompts, run, seed_tasks, settings


@pytest.fixture
def seeds(tmp_path: Path) -> Part:
    return seed_tasks(tmp_path)


def test_kill_9_loses_nothing_and_asks_nothing_twice(seeds: Part, tmp_path: Path) -> None:
    whole = run(seeds, tmp_path / "whole")
    killed, waiting, release = threading.Event(), threading.Event(), threading.Event()
    answered: list[str] = []

    def script(messages: list[dict[str, str]]) -> tuple[str, str]:
        if len(answered) == 15 and not killed.is_set():
            waiting.set()
            release.wait(60)
        answered.append(messages[-1]["content"])
        return model(messages)

    with serve_script(script) as server:
        options = ["--model", "tiny", "--base-url", f"{server.url}/v1", "--count", "20", "--per-request", "3",
                   "--round-size", "2", "--seed-examples", "3", "--at-a-time", "1"]  # fmt: skip
        words = ["self-instruct", "generate", str(seeds.path), "-o", str(tmp_path / "out"), *options]
        process = subprocess.Popen([sys.executable, "-m", "octopack_data.commands", *words], stderr=subprocess.DEVNULL)
        try:
            assert waiting.wait(60)
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        killed.set()
        release.set()
        lost = len(server.requests)
        assert not (tmp_path / "out/manifest.json").exists()
        main_of(words)
        asked = prompts(server)
    # The one question that was in flight as the run was killed is the one that is asked again.
    assert lost == 16
    assert len(asked) == len(whole[0]) + 1
    assert sorted(set(asked)) == sorted(set(whole[0]))
    assert made(tmp_path / "out") == whole[1]


def test_a_finished_run_asks_nothing(seeds: Part, tmp_path: Path) -> None:
    run(seeds, tmp_path / "out")
    assert run(seeds, tmp_path / "out", at_a_time=1)[0] == []


@pytest.mark.parametrize("change", [{"count": 19}, {"seed": 2}, {"similarity": 0.5}, {"model": "other"}])
def test_another_run_in_the_same_folder_is_refused(change: dict[str, Any], seeds: Part, tmp_path: Path) -> None:
    run(seeds, tmp_path / "out")
    with pytest.raises(InputError, match=f"{next(iter(change))} is .* there"):
        run(seeds, tmp_path / "out", **change)
    with serve_script(model) as server:
        generate(seeds, tmp_path / "out", settings(server, **change), overwrite=True, progress=False)
    assert server.requests


def test_other_seed_tasks_are_another_run(seeds: Part, tmp_path: Path) -> None:
    run(seeds, tmp_path / "out")
    text = seeds.path.read_text()
    seeds.path.write_text(text.replace("adds", "subs"))  # as long as before
    with pytest.raises(InputError, match="file_sha256"):
        run(seeds, tmp_path / "out")


def test_a_run_ends_at_its_limit_and_goes_on_with_a_higher_one(seeds: Part, tmp_path: Path) -> None:
    whole = run(seeds, tmp_path / "whole")
    with serve_script(model) as server:
        for most, answered in ((5, 0), (12, 4)):
            manifest = generate(seeds, tmp_path / "out", settings(server, max_requests=most), progress=False)
            assert (manifest["counts"]["limit_reached"], len(server.requests)) == (1, most)
            assert manifest["counts"]["kept"] == len(made(tmp_path / "out")) == answered
        generate(seeds, tmp_path / "out", settings(server, max_requests=12), progress=False)
        assert len(server.requests) == 12
        manifest = generate(seeds, tmp_path / "out", settings(server), progress=False)
    assert "limit_reached" not in manifest["counts"]
    assert (prompts(server), made(tmp_path / "out")) == whole


@pytest.mark.parametrize("first", [1, 7, 20])
def test_a_finished_run_goes_on_with_a_higher_count_and_ends_as_one_that_began_with_it(
    first: int, seeds: Part, tmp_path: Path
) -> None:
    whole = run(seeds, tmp_path / "whole", count=30)
    early = run(seeds, tmp_path / "out", count=first)
    late = run(seeds, tmp_path / "out", count=30)
    assert len(early[1]) == first
    assert late[1] == whole[1]
    assert sorted(early[0] + late[0]) == whole[0]  # nothing twice
    with pytest.raises(InputError, match=r"count is 30 there and 29 now; a higher one goes on"):
        run(seeds, tmp_path / "out", count=29)
    assert made(tmp_path / "out") == whole[1]


def test_ctrl_c_keeps_every_answer_and_the_same_command_goes_on(seeds: Part, tmp_path: Path) -> None:
    whole = run(seeds, tmp_path / "whole")
    stopped, waiting, release = threading.Event(), threading.Event(), threading.Event()
    answered: list[str] = []

    def script(messages: list[dict[str, str]]) -> tuple[str, str]:
        if len(answered) == 9 and not stopped.is_set():
            waiting.set()
            release.wait(60)
        answered.append(messages[-1]["content"])
        return model(messages)

    with serve_script(script) as server:
        options = ["--model", "tiny", "--base-url", f"{server.url}/v1", "--count", "20", "--per-request", "3",
                   "--round-size", "2", "--seed-examples", "3", "--at-a-time", "1"]  # fmt: skip
        words = ["self-instruct", "generate", str(seeds.path), "-o", str(tmp_path / "out"), *options]
        command = [sys.executable, "-m", "octopack_data.commands", *words]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            assert waiting.wait(60)
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=60)[1]
        finally:
            process.kill()
        stopped.set()
        release.set()
        main_of(words)
        asked = prompts(server)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert len(asked) == len(whole[0]) + 1
    assert made(tmp_path / "out") == whole[1]
