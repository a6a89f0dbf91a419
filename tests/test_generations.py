"""Files of generations: slices become one, what is missing is named, and the reference's files come out."""

import json
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from generation_files import (
    EXPLAIN,
    FIX,
    SYNTHESIZE,
    command,
    judged_run,
    mini,
    program_of,
    right,
    row,
    rows,
    run_folder,
    write_json,
    write_lines,
    wrong,
)
from humanevalpack.errors import HumanEvalPackError, InputError, UsageError

LAST = len(mini()) - 1


# merge


def test_slices_of_a_run_become_one_in_order(tmp_path: Path) -> None:
    whole = rows(range(LAST + 1))
    second = judged_run(tmp_path / "b", whole[10:], ["passed"] * 100, temperature=0.2, toolchains={"python": "3"})
    first = judged_run(tmp_path / "a", whole[:12], ["passed"] * 5 + ["failed"], temperature=0.2)
    merged = hep.merge_generations([second, first], tmp_path / "whole")
    assert (merged.generations, merged.twice, merged.missing) == (len(whole), 2, {})
    run = hep.read_run(tmp_path / "whole")
    assert [sample.row() for sample in run.samples] == whole
    assert [sample.status for sample in run.samples[:7]] == ["passed"] * 5 + ["failed", "generated"]
    assert (run.manifest["temperature"], run.manifest["toolchains"]) == (0.2, {"python": "3"})
    assert run.manifest["source"] == [str(second), str(first)]


@pytest.mark.parametrize("setting", [{"seed": 2}, {"n_samples": 3}, {"gen_kwargs": {"rep": 2}}, {"backend": "vllm"}])
def test_slices_that_were_made_otherwise_are_refused(tmp_path: Path, setting: dict[str, Any]) -> None:
    made: dict[str, Any] = {"seed": 1, "n_samples": 2, "gen_kwargs": {"rep": 1}, "backend": "hf"}
    files = [
        run_folder(tmp_path / "a", rows(range(3)), **made),
        run_folder(tmp_path / "b", rows(range(3, 6)), **made | setting),
    ]
    with pytest.raises(InputError, match=f"{next(iter(setting))}.*no slices of one run"):
        hep.merge_generations(files, tmp_path / "whole")


def test_slices_of_the_reference_s_files_become_one(tmp_path: Path) -> None:
    lists = [[program_of(p, "fixtests", right(p))] for p in mini()]
    first = write_json(tmp_path / f"0_{FIX}.json", lists[:6])
    second = write_json(tmp_path / f"6_{FIX}.json", lists[6:])
    merged = hep.merge_generations([first, second], tmp_path / "all.jsonl", limit_start=[0, 6], dataset="mini")
    assert (merged.generations, merged.missing) == (len(lists), {})
    assert [item.generation for item in hep.read_generations(tmp_path / "all.jsonl").rows] == [x for (x,) in lists]


def test_missing_samples_are_named(tmp_path: Path) -> None:
    files = [run_folder(tmp_path / "a", rows(range(3))[:-1]), run_folder(tmp_path / "b", rows(range(4, LAST + 1)))]
    merged = hep.merge_generations(files, tmp_path / "whole")
    assert merged.missing == {FIX: ["Python/2, sample 1", "Python/3, sample 0", "Python/3, sample 1"]}
    done = command("merge", *files, "--output", tmp_path / "again")
    assert done.returncode == 1
    assert f"{FIX}: 3 missing: Python/2, sample 1; Python/3, sample 0; Python/3, sample 1" in done.stderr
    assert (tmp_path / "again" / "generations.jsonl").exists(), "the rest is written"


def conflicts(tmp_path: Path) -> dict[str, tuple[list[Path], str]]:
    first = judged_run(tmp_path / "a", rows(range(2)), ["passed"], temperature=0.2)
    return {
        "generation": (
            [first, judged_run(tmp_path / "b", rows(range(1), generation="x"), [])],
            f"{tmp_path / 'b'}: {FIX}, Python/0, 0 differs from that of {first}: 'x'",
        ),
        "verdict": (
            [first, judged_run(tmp_path / "c", rows(range(2)), ["failed"])],
            f"{FIX}, Python/0, 0 was judged failed, and passed in another",
        ),
        "setting": (
            [first, judged_run(tmp_path / "d", rows(range(2, 3)), [], temperature=0.8)],
            f"temperature is 0.8, but 0.2 in {first}: these are no slices of one run",
        ),
        "profile": (
            [first, judged_run(tmp_path / "e", [], [], profile="fixed")],
            "profile is 'fixed', but 'reference'",
        ),
    }


@pytest.mark.parametrize("name", ["generation", "verdict", "setting", "profile"])
def test_what_contradicts_itself_is_refused_and_nothing_written(tmp_path: Path, name: str) -> None:
    files, message = conflicts(tmp_path)[name]
    with pytest.raises(InputError) as refused:
        hep.merge_generations(files, tmp_path / "whole")
    assert message in str(refused.value)
    assert not (tmp_path / "whole").exists()


def test_nothing_that_is_there_is_replaced_unasked(tmp_path: Path) -> None:
    source = run_folder(tmp_path / "a", rows(range(2)))
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "draft").write_text("x")
    taken = run_folder(tmp_path / "taken", rows(range(1)))
    calls: list[Any] = [
        lambda output, **o: hep.merge_generations([source], output, **o),
        lambda output, **o: hep.clean_generations(source, output, ["length"], **o),
    ]
    for call in calls:
        with pytest.raises(UsageError, match="is there already: choose another name, or --overwrite"):
            call(taken)
        with pytest.raises(UsageError, match="holds no run: nothing in it is overwritten"):
            call(tmp_path / "papers", overwrite=True)
        call(taken, overwrite=True)
        assert len(hep.read_run(taken).samples) == 4


# check


def test_what_is_wrong_with_generations_is_counted_and_named(tmp_path: Path) -> None:
    good = rows(range(LAST + 1))
    good[2:4] = [row(number=1, sample=0, finish="length"), row(number=1, sample=1, generation=" \n")]
    good[4:6] = [row(number=2, sample=0), row(number=2, sample=1, generation="another")]
    folder = run_folder(tmp_path / "mine", [*good[:-1], good[0], row(generation="no")])
    with (folder / "generations.jsonl").open("a") as file:
        file.write('{"task"')
    (found,) = hep.check_generations(folder)
    assert (found.problems, found.samples, found.complete) == (LAST + 1, 2 * LAST + 1, False)
    assert found.missing == [f"Python/{LAST}, sample 1"]
    assert (found.twice, found.contradicting) == (["Python/0, sample 0"] * 2, ["Python/0, sample 0"])
    assert found.truncated == ["Python/1, sample 0", f"{folder / 'generations.jsonl'}, the last line (half written)"]
    assert found.empty == ["Python/1, sample 1"]
    assert found.alike == ["Python/0", *(f"Python/{number}" for number in range(3, LAST))]
    said = command("check", folder)
    assert said.returncode == 1
    assert "missing: 1: Python/" in said.stdout
    assert "all samples alike: " in said.stdout
    assert json.loads(command("check", folder, "--json").stdout)[0]["missing"] == found.missing


def test_a_complete_run_ends_with_0_and_shows_its_verdicts(tmp_path: Path) -> None:
    folder = judged_run(tmp_path / "mine", rows(range(LAST + 1)), ["passed", "timeout"] * 100)
    done = command("check", folder)
    assert done.returncode == 0, done.stdout
    assert f"{FIX}: {LAST + 1} problems, {2 * LAST + 2} samples ({LAST + 1} passed, {LAST + 1} timeout)" in done.stdout


def test_the_reference_s_files_can_be_checked(tmp_path: Path) -> None:
    lists: list[Any] = [[program_of(p, "synthesize", right(p)), ""] for p in mini()]
    lists[5] = None
    (found,) = hep.check_generations(write_json(tmp_path / f"{SYNTHESIZE}.json", lists), dataset="mini")
    assert found.missing == ["Python/5, sample 0", "Python/5, sample 1"]
    assert len(found.empty) == LAST


def test_without_the_data_gaps_are_found_up_to_the_last_problem(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "g.jsonl", [item.to_dict() for item in (row(number=0), row(number=3))])
    (found,) = hep.check_generations(path)
    assert found.missing == ["Python/1, sample 0", "Python/2, sample 0"]
    assert len(hep.check_generations(path, dataset="mini")[0].missing) == LAST - 1


# export


def test_the_reference_s_files_of_a_judged_run(tmp_path: Path) -> None:
    given = rows(range(3))
    statuses = ["passed", "failed", "failed", "failed", "passed", "passed"]
    folder = judged_run(tmp_path / "mine", given, statuses)
    written = hep.export_generations(folder, tmp_path / "out")
    names = [f"generations_{FIX}.json", f"references_{FIX}.json", "evaluation_results.json"]
    assert [path.name for path in written] == names
    generations, references, results = (json.loads(path.read_text("utf-8")) for path in written)
    assert generations == [["c", "c"]] * 3
    assert references == ["\n" + problem.test for problem in mini()[:3]]
    assert results[FIX] == {"pass@1": 0.5}
    assert results["config"]["prompt"] == "octocoder"


@pytest.mark.parametrize("scenario", ["fixtests", "synthesize", "explainsynthesize"])
def test_what_is_exported_is_what_the_reference_would_have_saved(tmp_path: Path, scenario: str) -> None:
    task = f"humaneval{scenario}-python"
    given = [
        row(task, p.index, sample, generation=answer(p)) for p in mini() for sample, answer in enumerate((right, wrong))
    ]
    saved = [[program_of(p, scenario, right(p)), program_of(p, scenario, wrong(p))] for p in mini()]
    if scenario == "explainsynthesize":
        saved = [[text] for texts in saved for text in texts]
    folder = run_folder(tmp_path / "mine", given)
    done = command("export", folder, "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    file = tmp_path / "out" / f"generations_{task}.json"
    assert str(file) in done.stdout
    assert json.loads(file.read_text("utf-8")) == saved
    assert len(json.loads((tmp_path / "out" / f"references_{task}.json").read_text())) == len(saved)
    back = hep.read_generations(file, dataset="mini")
    assert {item.form for item in back.rows} == {"program"}
    assert [item.key for item in back.rows] == [item.key for item in given]


def test_descriptions_are_exported_for_the_second_half(tmp_path: Path) -> None:
    task = "humanevalexplaindescribe-python"
    given = [row(task, p.index, generation=f" It does {p.index}. ") for p in mini()]
    generations, references = hep.export_generations(run_folder(tmp_path / "mine", given), tmp_path / "out")
    assert json.loads(generations.read_text()) == [[f"It does {p.index}."] for p in mini()]
    assert json.loads(references.read_text()) == [None] * len(mini())


def test_gaps_cannot_be_exported(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "mine", [row(number=0), row(number=2), row(number=2, sample=1)])
    with pytest.raises(InputError, match="is not complete: Python/0, sample 1; Python/1, sample 0; Python/1, sample 1"):
        hep.export_generations(folder, tmp_path / "out")


def test_an_export_replaces_nothing_unasked(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "mine", [row(EXPLAIN)])
    hep.export_generations(folder, tmp_path / "out")
    with pytest.raises(HumanEvalPackError, match="is there already"):
        hep.export_generations(folder, tmp_path / "out")
    assert len(hep.export_generations(folder, tmp_path / "out", overwrite=True)) == 2
