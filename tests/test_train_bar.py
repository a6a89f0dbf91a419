"""octopack_train.training.callbacks: what a run shows, on a terminal and elsewhere."""

import io
import os
import termios
from select import select
from types import SimpleNamespace

import pytest

from octopack_train.training.callbacks import Bar


def go(bar: Bar, steps: int) -> None:
    state = SimpleNamespace(is_world_process_zero=True, max_steps=steps, global_step=0)
    bar.on_train_begin(None, state, None)
    for step in range(1, steps + 1):
        state.global_step = step
        bar.on_step_end(None, state, None)
        bar.on_log(None, state, None, {"loss": 1 / step, "learning_rate": 1e-3, "grad_norm": 5.0})
    bar.on_train_end()


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()  # a real terminal, of 120 columns: what comes out of it is what a user would see
    termios.tcsetwinsize(theirs, (24, 120))
    with os.fdopen(theirs, "w") as stderr, os.fdopen(ours, "rb", buffering=0) as screen:
        monkeypatch.setattr("sys.stderr", stderr)
        go(Bar("tiny-smoke", 0), 4)
        seen = ""
        while select([screen], [], [], 2)[0]:
            seen += screen.read(100_000).decode()
    last = seen.strip().splitlines()[-1]
    assert last.startswith("tiny-smoke: 100%|")
    assert "4/4 [" in last
    assert "loss=0.2500" in last
    assert "lr=0.001" in last
    assert "grad" not in seen


def test_lines_where_no_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    go(Bar("tiny-smoke", 0), 2)
    assert written.getvalue() == "step 1/2  loss 1.0000  lr 0.001\nstep 2/2  loss 0.5000  lr 0.001\n"


def test_other_processes_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    state = SimpleNamespace(is_world_process_zero=False, max_steps=2, global_step=1)
    Bar("tiny-smoke", 0).on_log(None, state, None, {"loss": 1.0})
    assert capsys.readouterr().err == ""
