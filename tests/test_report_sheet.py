"""From a run's samples to its scores: what counts, what an average is, how sure it is, what was published."""

import math

import pytest

import humanevalpack as hep
from humanevalpack.errors import InputError, UsageError
from humanevalpack.languages import LANGUAGES
from humanevalpack.metrics import average_difference, average_scores, paired_difference, pass_at_k_scores
from humanevalpack.problems import known_hash
from humanevalpack.published import comparable_model, origins, published_model, published_scores, rerun_notes
from humanevalpack.reports.breakdowns import by_bug_type, by_symptom, pass_curves
from humanevalpack.reports.score_rows import percent, score_rows
from humanevalpack.reports.sheet import score_sheet, tallies
from report_runs import make_run

FIX, DOCS, EXPLAIN, SYNTHESIZE = "fixtests", "fixdocs", "explainsynthesize", "synthesize"


def test_one_task_scores_as_its_counts_do() -> None:
    run = make_run({(FIX, "python"): ["++", "+-", "--"]})
    expected = pass_at_k_scores(run.counts(FIX, "python"), 1)
    found = score_sheet(run).tasks[FIX, "python"]
    assert (found.mean, found.problems) == (0.5, 3)
    assert [found.stderr, found.low, found.high] == pytest.approx([expected.stderr, expected.low, expected.high])


@pytest.mark.parametrize(
    ("letters", "counts"), [("+l", (2, 1)), ("+c", (2, 1)), ("+s", (1, 1)), ("+g", (1, 1)), ("+x", (1, 1))]
)
def test_a_sample_without_a_verdict_counts_only_if_the_model_is_why(letters: str, counts: tuple[int, int]) -> None:
    run = make_run({(FIX, "python"): [letters]})
    assert list(tallies(run)[FIX, "python"].values()) == [counts]


def test_a_task_is_counted_as_its_run_counts_it() -> None:
    run = make_run({(FIX, "python"): ["+-", "cl", "s", "++"], (FIX, "go"): ["t"]})
    for key, task in tallies(run).items():
        assert list(task.values()) == run.counts(*key)


def test_what_was_not_judged_is_said() -> None:
    assert (
        "2 samples are not judged (skipped) and stay out of the scores"
        in score_sheet(make_run({(FIX, "python"): ["+"], (FIX, "go"): ["s", "s"]})).notes
    )


def test_a_language_without_a_toolchain_is_named_with_the_reason() -> None:
    run = make_run({(FIX, "python"): ["+"]}, left_out={"go": "no go here"})
    assert "go is left out: no go here" in score_sheet(run).notes


def test_a_run_without_a_score_says_what_it_found() -> None:
    with pytest.raises(InputError, match=r"nothing in this run can be scored \(found: generated\)"):
        score_sheet(make_run({("explaindescribe", "python"): ["g"]}))


def test_k_above_the_samples_of_a_problem_is_named() -> None:
    with pytest.raises(UsageError, match="k is 2, but some problem of run has 1 samples: k can be at most 1"):
        score_sheet(make_run({(FIX, "python"): ["++", "+"]}), 2)


def test_averages_are_over_languages_and_overall_is_over_three_scenarios() -> None:
    sheet = score_sheet(
        make_run(
            {
                (FIX, "python"): ["+", "-"],
                (FIX, "go"): ["+", "+"],
                (DOCS, "python"): ["+"],
                (EXPLAIN, "python"): ["-"],
                (SYNTHESIZE, "python"): ["+"],
            }
        )
    )
    assert [(scenario, score.mean) for scenario, score in sheet.averages.items()] == [
        (FIX, 0.75),
        (DOCS, 1.0),
        (EXPLAIN, 0.0),
        (SYNTHESIZE, 1.0),
    ]
    assert sheet.overall is not None
    assert sheet.overall.mean == pytest.approx((0.75 + 0 + 1) / 3)
    assert "averages of Fix over go, python; Fix (docs) over python" in sheet.notes[0]


def test_without_explain_there_is_no_overall_score() -> None:
    assert score_sheet(make_run({(FIX, "python"): ["+"], (SYNTHESIZE, "python"): ["+"]})).overall is None


def test_translations_of_a_problem_are_one_cluster() -> None:
    task = {0: (1, 1), 1: (1, 0), 2: (1, 1), 3: (1, 0)}
    one, six = average_scores([task], 1), average_scores([task] * 6, 1)
    assert six.problems == one.problems == 4
    assert six.stderr == pytest.approx(one.stderr)  # the same problems six times tell nothing new
    mixed = average_scores([task, {index: (n, n - c) for index, (n, c) in task.items()}], 1)
    assert mixed.stderr == 0  # what one language gains the other loses: no difference between problems is left


def test_a_perfect_average_is_exactly_one() -> None:
    assert average_scores([{0: (3, 3), 1: (3, 3), 2: (3, 3)}] * 6, 1).mean == 1.0


def test_a_difference_of_averages_of_one_task_is_the_paired_one() -> None:
    first, second = {0: (4, 3), 1: (4, 0), 2: (4, 4)}, {0: (4, 1), 1: (4, 1), 2: (4, 4)}
    alone = paired_difference(list(first.values()), list(second.values()), 1)
    together = average_difference([(first, second)], 1)
    assert [together.mean, together.low, together.high] == pytest.approx([alone.mean, alone.low, alone.high])
    with pytest.raises(UsageError, match="the same problems"):
        average_difference([(first, {0: (1, 1)})], 1)


def test_a_curve_ends_at_the_samples_that_every_problem_has() -> None:
    curves = pass_curves(make_run({(FIX, "python"): ["+--", "+++"], (SYNTHESIZE, "python"): ["+", "-"]}))
    assert [k for k, _ in curves[FIX]] == [1, 2, 3]
    assert [score.mean for _, score in curves[FIX]] == pytest.approx([2 / 3, 5 / 6, 1.0])
    assert SYNTHESIZE not in curves


def test_kinds_of_bugs_share_out_all_problems_of_the_fix_scenarios() -> None:
    problems = {"python": hep.load_problems("python", source="mini")}
    run = make_run({(FIX, "python"): ["+-"] * len(problems["python"]), (SYNTHESIZE, "python"): ["+"]})
    for slices in (by_bug_type(run, problems), by_symptom(run, problems)):
        assert sum(part.problems for part in slices) == len(problems["python"])
        assert {(part.scenario, part.score.mean) for part in slices} == {(FIX, 0.5)}
    assert by_bug_type(run, {}) == []


def test_every_published_row_averages_to_what_was_published_or_says_that_it_does_not() -> None:
    rows = published_scores()
    assert len(rows) == 27
    for row in rows:
        cells = [cell.value for cell in row.languages.values()]
        if len(cells) == len(LANGUAGES) and "inconsistent" not in row.note:
            assert math.fsum(cells) / 6 == pytest.approx(row.average.value, abs=0.051), row
        assert {cell.origin for cell in (*row.languages.values(), row.average)} <= set(origins())


def test_a_recalled_number_is_never_shown_without_its_tag() -> None:
    recalled = [cell for row in published_scores() for cell in row.languages.values() if cell.origin == "M"]
    assert len(recalled) == 21
    assert all(cell.text().endswith(" (M)") for cell in recalled)


def test_the_three_numbers_of_octocoder_stand_together() -> None:
    """46.2, 45.3 and 35.6 are one model with three set-ups (docs/report.md)."""
    published = next(row for row in published_scores("OctoCoder") if row.scenario == SYNTHESIZE)
    notes = rerun_notes("OctoCoder")
    assert published.languages["python"].value == 46.2
    assert ["pass@1 45.3" in notes[0], "pass@1 35.6" in notes[1]] == [True, True]
    assert all("leaderboard" in note and "(L)" in note for note in notes)
    assert rerun_notes("GPT-4") == []


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("bigcode/octocoder", "OctoCoder"),
        ("/models/WizardCoder-15B-V1.0/", "WizardCoder"),
        ("gpt-4", "GPT-4"),
        ("bigcode/starcoder2", None),
        ("gpt-4o", None),
        (None, None),
    ],
)
def test_a_model_is_known_by_the_last_part_of_its_name(name: str | None, model: str | None) -> None:
    assert published_model(name) == model


def test_an_unknown_published_model_is_answered_with_the_names() -> None:
    with pytest.raises(UsageError, match="no published scores of 'llama'; there are scores of OctoCoder, OctoGeeX"):
        published_scores("llama")


def test_a_published_number_is_compared_with_the_interval() -> None:
    run = make_run({(FIX, "python"): ["+"] * 5 + ["-"] * 9, (FIX, "rust"): ["+"] * 14})
    scores, published = score_rows(score_sheet(run), ["python", "rust"], "OctoCoder")
    assert published.label == "OctoCoder, published"
    assert [(cell.text, cell.inside) for cell in published.cells] == [("30.4", True), ("16.5", False), ("27.0", None)]
    assert scores.cells[0].text == "35.7"
    assert "30.2 in the model card (C)" in published.note


def test_published_scores_stand_beside_pass_at_1_only() -> None:
    run = make_run({(FIX, "python"): ["++", "+-"]})
    assert {row.kind for row in score_rows(score_sheet(run, 2), ["python"], "OctoCoder")} == {"score"}


def test_a_policy_of_the_paper_is_no_counterpart() -> None:
    run = make_run({(EXPLAIN, language): ["+", "-"] for language in LANGUAGES})
    published = score_rows(score_sheet(run), LANGUAGES, "StarCoder")[1]
    assert [cell.text for cell in published.cells] == ["–"] * 6 + ["0.0"]
    assert {cell.inside for cell in published.cells} == {None}
    assert "not a measurement" in published.note


def test_other_problems_get_no_published_scores_by_themselves() -> None:
    def model(dataset: str, **hashes: str) -> str | None:
        run = make_run({(FIX, "go"): ["+"]}, model="bigcode/octocoder", dataset=dataset, dataset_sha256=hashes)
        return comparable_model(run)

    assert model("mini") is None
    assert model("hub") == "OctoCoder"
    assert model("a/copy", go=known_hash("go")) == "OctoCoder"
    assert model("hub", go="another") is None


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "100.0"), (0.9999, "99.9"), (0.0, "0.0"), (0.0001, "0.1"), (0.46249, "46.2")]
)
def test_only_everything_is_100_and_only_nothing_is_0(value: float, text: str) -> None:
    assert percent(value) == text
