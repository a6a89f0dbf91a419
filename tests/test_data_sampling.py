"""octopack_data.sampling: the same commits at every stage, whatever the files and their order are."""

from collections import Counter
from pathlib import Path

import pytest

from humanevalpack.errors import UsageError
from octopack_data.draws import draw, is_drawn
from octopack_data.rows import write_rows
from octopack_data.sampling import PURPOSE, Sample, make_sample
from octopack_data.sources import Part, find_parts

COMMITS = [f"{number:040x}" for number in range(2000)]


def parts(folder: Path, commits: list[str], files: int = 3) -> list[Part]:
    for number in range(files):
        write_rows(folder / f"p{number}.jsonl", ({"commit": commit, "n": 1} for commit in commits[number::files]))
    return find_parts(folder)


def kept(sample: Sample, commits: list[str] = COMMITS) -> set[str]:
    return {row["commit"] for row in sample.rows(({"commit": commit} for commit in commits), Counter())}


def test_no_sample_is_everything() -> None:
    assert kept(make_sample("")) == set(COMMITS)


@pytest.mark.parametrize("share", ["0.1", "0.5"])
def test_a_share_keeps_about_that_share(share: str) -> None:
    assert len(kept(make_sample(share))) == pytest.approx(float(share) * len(COMMITS), abs=60)


def test_a_larger_sample_holds_every_smaller_one(tmp_path: Path) -> None:
    found = parts(tmp_path, COMMITS)
    assert kept(make_sample("0.1")) < kept(make_sample("0.2")) < kept(make_sample("1.0"))
    assert kept(make_sample("10", found)) < kept(make_sample("100", found))


def test_a_number_keeps_so_many_commits_the_ones_with_the_smallest_hashes(tmp_path: Path) -> None:
    sample = make_sample("7", parts(tmp_path, COMMITS))
    assert kept(sample) == set(sorted(COMMITS, key=lambda commit: draw(PURPOSE, commit))[:7])


def test_rows_of_one_commit_count_once_and_stay_together(tmp_path: Path) -> None:
    assert (
        make_sample("7", parts(tmp_path, COMMITS + COMMITS)).limit == make_sample("7", parts(tmp_path, COMMITS)).limit
    )


def test_files_and_their_order_do_not_matter(tmp_path: Path) -> None:
    one = make_sample("50", parts(tmp_path / "one", COMMITS, files=1))
    assert one == make_sample("50", parts(tmp_path / "many", COMMITS[::-1], files=7))


def test_a_later_stage_keeps_the_whole_sample_of_an_earlier_one(tmp_path: Path) -> None:
    first = kept(make_sample("100", parts(tmp_path / "first", COMMITS)))
    later = make_sample("100", parts(tmp_path / "later", sorted(first)))
    assert kept(later, sorted(first)) == first


def test_fewer_commits_than_asked_for_are_all_kept(tmp_path: Path) -> None:
    assert kept(make_sample("5000", parts(tmp_path, COMMITS))) == set(COMMITS)


def test_another_seed_or_purpose_is_another_draw() -> None:
    assert len({draw("x", "a"), draw("y", "a"), draw("x", "a", 1), draw("x", "a", 2), draw("x", "b")}) == 5


def test_a_sample_holds_its_share_of_what_another_draw_has_chosen() -> None:
    chosen = [commit for commit in COMMITS if is_drawn("excluded", commit, 0.5)]
    assert len(kept(make_sample("0.5"), chosen)) == pytest.approx(len(chosen) / 2, abs=60)


def test_what_is_left_out_is_counted() -> None:
    counts: Counter[str] = Counter()
    inside = len(list(make_sample("0.5").rows(({"commit": commit} for commit in COMMITS), counts)))
    assert counts == {"rows": 2000, "dropped_sample": 2000 - inside}


@pytest.mark.parametrize("said", ["0", "0.0", "1.5", "-1", "ten", "1e400", "."])
def test_what_is_no_sample_is_refused_with_what_is(said: str) -> None:
    with pytest.raises(UsageError, match=r"a share of the commits \(0\.01\) or a number"):
        make_sample(said)
