"""Evaluating files of generations: real programs, judged into a run's folder."""

import json
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from generation_files import (
    EXPLAIN,
    FIX,
    SYNTHESIZE,
    mini,
    program_of,
    prompt_of,
    right,
    row,
    run_folder,
    write_json,
    write_lines,
    wrong,
)
from humanevalpack.errors import HumanEvalPackError, InputError, SandboxFault, ToolchainMissing, UsageError
from humanevalpack.sandbox import Toolchain

pytestmark = [pytest.mark.toolchain("python"), pytest.mark.filterwarnings("ignore:sandbox 'process'")]

FEW = mini()[:3]


def evaluate(files: Any, task: str | None = None, **options: Any) -> hep.Run:
    return hep.evaluate(files, task, **{"dataset": "mini", "sandbox": "process", "confirm_unsafe": True, **options})


def programs(scenario: str) -> list[list[str]]:
    return [[program_of(p, scenario, right(p)), program_of(p, scenario, wrong(p))] for p in FEW]


def verdict_lines(run: hep.Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run.folder / "verdicts.jsonl").read_text("utf-8").splitlines()]


def test_programs_of_the_reference_get_verdicts_scores_and_a_folder(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = write_json(tmp_path / f"generations_{FIX}.json", programs("fixtests"))
    run = evaluate(path, output=tmp_path / "run", on_progress=lambda *numbers: seen.append(numbers))
    assert run.counts("fixtests", "python") == [(2, 1)] * 3
    assert run.score("fixtests", "python").mean == 0.5
    assert (seen[0], seen[-1]) == ((0, 6), (6, 6))
    written = json.loads((tmp_path / "run" / "scores.json").read_text())[FIX]
    assert (written["pass@1"], written["problems"], written["samples"]) == (0.5, 3, 6)
    assert {path.name for path in run.folder.iterdir()} == {
        "manifest.json",
        "generations.jsonl",
        "verdicts.jsonl",
        "scores.json",
    }


def test_the_manifest_says_what_verdicts_depend_on(tmp_path: Path) -> None:
    run = evaluate(write_json(tmp_path / f"{FIX}.json", programs("fixtests")), output=tmp_path / "run", time_limit=5)
    manifest = run.manifest
    assert (manifest["profile"], manifest["sandbox"], manifest["limits"]) == ("reference", "process", {"time_limit": 5})
    assert list(manifest["toolchains"]) == list(manifest["dataset_sha256"]) == ["python"]
    assert manifest["source"] == [str(tmp_path / f"{FIX}.json")]
    assert "prompt" not in manifest, "programs that are finished do not say their prompt"
    assert "post-processed" in manifest["prompt_reason"]


def test_every_form_of_the_same_answers_gives_the_same_verdicts(tmp_path: Path) -> None:
    answers = [(p, answer) for p in FEW for answer in (right, wrong)]
    full = [[prompt_of(p, "synthesize") + right(p), prompt_of(p, "synthesize") + wrong(p)] for p in FEW]
    lines = [{"task_id": p.task_id, "completion": answer(p)} for p, answer in answers]
    ours = [row(SYNTHESIZE, p.index, int(a is wrong), generation=a(p)) for p, a in answers]
    files = [
        write_json(tmp_path / f"programs_{SYNTHESIZE}.json", programs("synthesize")),
        write_json(tmp_path / f"full_{SYNTHESIZE}.json", full),
        write_lines(tmp_path / "lines.jsonl", lines),
        run_folder(tmp_path / "ours", ours),
    ]
    found = [
        evaluate(path, SYNTHESIZE, prompt="octocoder", output=tmp_path / f"out{number}")
        for number, path in enumerate(files)
    ]
    kept = [[(s.task_id, s.sample, s.candidate, s.program, s.status) for s in run.samples] for run in found]
    assert kept[0] == kept[1] == kept[2] == kept[3]
    assert [status for *_, status in kept[0]] == ["passed", found[0].samples[1].status] * 3
    assert found[0].counts("synthesize", "python") == [(2, 1)] * 3


def test_a_run_that_was_only_generated_is_judged_where_it_lies(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "mine", [row(), row(number=1, status="prompt_too_long")], model="m", temperature=0.2)
    before = (folder / "generations.jsonl").read_bytes()
    run = evaluate(folder, dataset=None)
    assert run.folder == folder
    assert (folder / "generations.jsonl").read_bytes() == before
    assert run.statuses("fixtests", "python") == {"passed": 1, "prompt_too_long": 1}
    assert run.score("fixtests", "python").mean == 0.5, "a prompt that did not fit is no pass"
    assert (run.manifest["model"], run.manifest["temperature"], run.manifest["prompt"]) == ("m", 0.2, "octocoder")


def test_descriptions_are_kept_and_have_no_score(tmp_path: Path) -> None:
    task = "humanevalexplaindescribe-python"
    run = evaluate(run_folder(tmp_path / "mine", [row(task, generation=" It adds. "), row(EXPLAIN)]))
    described = run.of_task("explaindescribe", "python")[0]
    assert (described.candidate, described.verdict, described.status) == ("It adds.", None, "generated")
    written = json.loads((run.folder / "scores.json").read_text())
    assert "pass@1" not in written[task]
    assert written[EXPLAIN]["pass@1"] == 1


def test_one_task_of_a_run_can_be_judged_and_the_other_has_no_score_yet(tmp_path: Path) -> None:
    run = evaluate(run_folder(tmp_path / "mine", [row(), row(SYNTHESIZE)]), FIX)
    written = json.loads((run.folder / "scores.json").read_text())
    assert written[FIX]["pass@1"] == 1
    assert written[SYNTHESIZE] == {"problems": 1, "samples": 1, "statuses": {"generated": 1}}


def test_files_together_are_one_run(tmp_path: Path) -> None:
    lists = programs("fixtests")
    first = write_json(tmp_path / f"a_{FIX}.json", lists[:2])
    second = write_json(tmp_path / f"b_{FIX}.json", lists[1:])
    run = evaluate([first, second], limit_start=[0, 1], output=tmp_path / "run")
    assert run.counts("fixtests", "python") == [(2, 1)] * 3
    assert any("2 generations stand in several files" in note for note in run.manifest["notes"])


def test_the_same_call_judges_nothing_again(tmp_path: Path) -> None:
    path = write_json(tmp_path / f"{FIX}.json", programs("fixtests"))
    first = evaluate(path, output=tmp_path / "run")
    lines = verdict_lines(first)
    again = evaluate(path, output=tmp_path / "run")
    assert verdict_lines(again) == lines
    assert list(again.samples) == list(first.samples)


def test_overwrite_in_place_judges_anew_and_keeps_the_generations(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "mine", [row()])
    evaluate(folder)
    with pytest.raises(UsageError, match="begun with profile 'reference', and now it is 'fixed'"):
        evaluate(folder, profile="fixed")
    before = (folder / "generations.jsonl").read_bytes()
    run = evaluate(folder, profile="fixed", overwrite=True)
    assert (folder / "generations.jsonl").read_bytes() == before
    assert (run.manifest["profile"], len(verdict_lines(run))) == ("fixed", 1)


def test_without_an_output_the_folder_has_the_file_s_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_json(tmp_path / f"{FIX}.json", programs("fixtests")[:1])
    assert evaluate(path).folder == Path("results") / FIX
    (tmp_path / "other").mkdir()
    with pytest.raises(UsageError, match=f"results/{FIX} holds the run of .*give another folder"):
        evaluate(write_json(tmp_path / "other" / f"{FIX}.json", programs("fixtests")[:1]))


def test_a_fault_of_the_sandbox_is_no_verdict_and_the_rest_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_json(tmp_path / f"{FIX}.json", programs("fixtests"))
    fault, real = hep.Verdict("sandbox_error", "the worker died"), hep.evaluation.run_programs  # type: ignore[attr-defined]

    def failing(given: list[hep.Program], *, on_verdict: Any, **options: Any) -> Any:
        yield from real(given[:-1], on_verdict=on_verdict, **options)
        on_verdict(len(given) - 1, fault)
        yield fault

    monkeypatch.setattr("humanevalpack.evaluation.run_programs", failing)
    with pytest.raises(SandboxFault, match=r"failed for 1 of 6 programs, first: .*Python/2, sample 1: the worker died"):
        evaluate(path, output=tmp_path / "run")
    monkeypatch.undo()
    assert len((tmp_path / "run" / "verdicts.jsonl").read_text().splitlines()) == 5
    assert evaluate(path, output=tmp_path / "run").counts("fixtests", "python") == [(2, 1)] * 3


def test_a_changed_program_is_judged_again(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "mine", [row()])
    record = json.loads((evaluate(folder).folder / "verdicts.jsonl").read_text())
    record["verdict"]["status"], record["program"] = "failed", "another program"
    write_lines(folder / "verdicts.jsonl", [record])
    assert evaluate(folder).statuses("fixtests", "python") == {"passed": 1}


def test_equal_programs_have_one_verdict_even_if_a_kill_came_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_folder(tmp_path / "mine", [row(), row(sample=1)])
    lines = (evaluate(folder).folder / "verdicts.jsonl").read_text().splitlines(keepends=True)
    record = json.loads(lines[0])
    record["verdict"]["reason"] = "seen before the kill"
    write_lines(folder / "verdicts.jsonl", [record])
    assert {s.verdict.reason for s in evaluate(folder).samples if s.verdict} == {"seen before the kill"}


@pytest.mark.parametrize(
    ("manifest", "options", "prompt"),
    [
        ({"prompt": "octocoder"}, {}, "octocoder"),
        ({"prompt": "octocoder"}, {"prompt": "starchat"}, "starchat"),
        ({"prompt": None, "model": "HuggingFaceH4/starchat-beta"}, {}, "starchat"),
        ({"prompt": None}, {}, "instruct"),
    ],
)
def test_answers_end_at_the_stop_words_of_the_prompt_that_was_named_or_recorded(
    tmp_path: Path, manifest: dict[str, Any], options: dict[str, Any], prompt: str
) -> None:
    answer = "\n" + mini()[0].canonical_solution.rstrip() + "<|end|>"
    folder = run_folder(tmp_path / "mine", [row(generation=answer)], **manifest)
    run = evaluate(folder, output=tmp_path / "run", **options)
    assert run.manifest["prompt"] == prompt
    assert (run.samples[0].status == "passed") is (prompt == "starchat")


def test_generations_that_do_not_say_their_prompt_s_name_are_recognized_by_its_text(tmp_path: Path) -> None:
    answer = "\n" + mini()[0].canonical_solution.rstrip() + "<|end|>"
    made = row(generation=answer, prompt=prompt_of(mini()[0], "fixtests", "starchat"))
    path = write_lines(tmp_path / "kept" / "generations.jsonl", [made.to_dict()])
    run = evaluate(path.parent, output=tmp_path / "run")
    assert (run.manifest["prompt"], run.manifest["prompt_reason"]) == (
        "starchat",
        "the generations were made with its prompt",
    )
    assert run.samples[0].status == "passed"


def test_what_is_missing_is_said_beside_the_score(tmp_path: Path) -> None:
    notes = evaluate(run_folder(tmp_path / "mine", [row(), row(number=1, sample=1)])).manifest["notes"]
    missing = 2 * len(mini()) - 2
    assert f"{FIX}: {missing} samples are missing, and the score is over those that are there: Python/0, s" in notes[0]


def test_the_file_of_a_run_s_folder_stands_for_the_folder(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "mine", [row()])
    assert evaluate(folder / "generations.jsonl").folder == folder


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unconfirmed": ({"confirm_unsafe": False}, "confirm_unsafe"),
    "k": ({"k": [3]}, "k is 3; it must be at least 1 and at most 2"),
    "profile": ({"profile": "exact"}, "profile 'exact'"),
    "toolchains": ({"missing_toolchains": "ignore"}, "missing_toolchains is 'ignore'; allowed: error, skip"),
    "starts": ({"limit_start": [1, 2]}, "limit_start has 2 numbers for 1 files"),
    "sandbox": ({"sandbox": "jail"}, "unknown sandbox 'jail'"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_leave_no_folder(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    path = write_json(tmp_path / f"{FIX}.json", programs("fixtests"))
    with pytest.raises(HumanEvalPackError, match=message) as refused:
        evaluate(path, output=tmp_path / "run", **options)
    assert refused.value.exit_code == 2
    assert not (tmp_path / "run").exists()


def test_a_problem_that_the_data_does_not_have_is_named(tmp_path: Path) -> None:
    record = row().to_dict() | {"task_id": "Python/999"}
    path = write_lines(tmp_path / "generations.jsonl", [record])
    with pytest.raises(InputError, match=f"{FIX}, sample 0: task_id is 'Python/999'; dataset 'mini' has Python/0"):
        evaluate(path, output=tmp_path / "run")


def test_a_missing_toolchain_is_an_error_or_leaves_its_language_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = row("humanevalfixtests-go", generation="x").to_dict() | {"task_id": "Go/0"}
    path = write_lines(tmp_path / "generations.jsonl", [row().to_dict(), go])
    real = hep.evaluation.check_toolchains  # type: ignore[attr-defined]

    def without_go(languages: list[str], **options: Any) -> dict[str, Toolchain]:
        lacking = Toolchain("go", False, version="", paths=(), missing=("no go",), install="install go")
        return real([name for name in languages if name != "go"], **options) | {"go": lacking}

    monkeypatch.setattr("humanevalpack.evaluation.check_toolchains", without_go)
    with pytest.raises(ToolchainMissing, match=r"go: no go\. Install it: install go\n.*missing_toolchains=skip"):
        evaluate(path, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    run = evaluate(path, output=tmp_path / "run", missing_toolchains="skip")
    assert run.manifest["left_out"] == {"go": "no go"}
    written = json.loads((tmp_path / "run" / "scores.json").read_text())
    assert written[FIX]["pass@1"] == 1
    assert "pass@1" not in written["humanevalfixtests-go"]


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file of generations"):
        evaluate([])
    with pytest.raises(InputError, match="no generations in it"):
        evaluate(write_json(tmp_path / f"{FIX}.json", [None, []]))
