"""Path files of Megatron: strictly read, written so that they read back, errors that name the place."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humanevalpack.errors import InputError, UsageError
from octopack_train.megatron.paths import (
    Group,
    Share,
    check_apart,
    misread_shares,
    parse_paths,
    read_paths,
    split_groups,
    whole_groups,
    written_paths,
)

TRAIN = Group("train", (Share(1.0, 0.0, 0.95, "P"),))
VALID = Group("valid", (Share(1.0, 0.95, 1.0, "P"),))


def test_the_published_split() -> None:
    text = '"train: 1.0 0.0:0.95 P" "valid: 1.0 0.95:1.0 P"\n'
    assert written_paths([TRAIN, VALID]) == text
    assert parse_paths(text, "x") == (TRAIN, VALID)
    assert parse_paths('"train: 1.0 0:0.95 P"\n', "x") == (TRAIN,)


def test_a_group_has_several_weighted_shares(tmp_path: Path) -> None:
    (tmp_path / "x").write_text('"train: 0.7 0:1 /data/commits_document, 0.3 0:0.5 chat.v2"\n')
    (group,) = read_paths(tmp_path / "x")
    assert group.shares == (Share(0.7, 0.0, 1.0, "/data/commits_document"), Share(0.3, 0.0, 0.5, "chat.v2"))


fractions = st.tuples(st.floats(0, 1), st.floats(0, 1)).filter(lambda pair: pair[0] < pair[1])
shares = st.builds(
    lambda weight, pair, prefix: Share(weight, pair[0], pair[1], prefix),
    st.floats(0, 1e6, exclude_min=True),
    fractions,
    st.from_regex(r"[a-z/._-]{1,12}", fullmatch=True),
)


@given(st.lists(shares, min_size=1, max_size=4))
def test_what_is_written_reads_back(found: list[Share]) -> None:
    group = Group("train", tuple(found))
    assert parse_paths(written_paths([group]), "x") == (group,)


WRONG = {
    '"train: 1 0:1 P"': "x, column 17: no newline at the end",
    '"a: 1 0:1 P"\n"b: 1 0:1 Q"\n': "x, column 13: a second line",
    "train: 1 0:1 P\n": "x, column 1: 't'; a group begins with \"",
    '"a: 1 0:1 P" b\n': "x, column 14: 'b'; a group begins with \"",
    '"a: 1 0:1 P"  "b: 1 0:1 Q"\n': "x, column 14: ' '; a group begins with \"",
    '"a: 1 0:1 P""b: 1 0:1 Q"\n': "x, column 13: '\"'; one blank stands between groups",
    '"a: 1 0:1 P" \n': "x, column 14: ''; a group begins with \"",
    ' "a: 1 0:1 P"\n': "x, column 1: ' '; a group begins with \"",
    '"a: 1 0:1 P\n': 'x, column 1: this " has no second one',
    "\n": "x, column 1: no group",
    '"1 0:1 P"\n': "x, column 2: a group begins with its name and a colon",
    '"a: 1 0:1"\n': "x, column 5: '1 0:1' is no share: weight start:end prefix",
    '"a: 1 0:1 P, "\n': "'' is no share",
    '"a: 1 0:1 P,, 1 0:1 Q"\n': "x, column 13: '' is no share",
    '"a: 1  0:1 P"\n': "x, column 5: '1  0:1 P' is no share",
    '"a: one 0:1 P"\n': "x, column 5: 'one' is no number",
    '"a: 1 0:half P"\n': "x, column 9: 'half' is no number",
    '"a: 1 0:1 P, 0 0:1 Q"\n': "x, column 14: weight 0 of Q: must be more than 0",
    '"a: nan 0:1 P"\n': "weight nan of P",
    '"a: 1 0:1.5 P"\n': "0:1.5 of P: must be fractions",
    '"a: 1 0.5:0.5 P"\n': "0.5:0.5 of P: must be fractions",
    '"a: 1 -0.1:1 P"\n': "must be fractions",
    '"a: 1 0:0.5 P" "a: 1 0.5:1 P"\n': "x: two groups 'a'",
}


@pytest.mark.parametrize("text", WRONG)
def test_an_error_names_the_place(text: str) -> None:
    with pytest.raises(InputError) as error:
        parse_paths(text, "x")
    assert WRONG[text] in str(error.value)


@pytest.mark.parametrize(
    ("group", "message"),
    [
        (Group("a b", TRAIN.shares), "group 'a b': a name has letters"),
        (Group("a", (Share(1, 0, 1, "my data"),)), "'my data': a prefix cannot have blanks"),
        (Group("a", (Share(1, 0, 1, "a,b"),)), "a prefix cannot have blanks, commas"),
        (Group("a", (Share(-1, 0, 1, "P"),)), "weight -1 of P"),
        (Group("a", ()), "group a has no share"),
    ],
)
def test_what_the_grammar_cannot_say_is_not_written(group: Group, message: str) -> None:
    with pytest.raises(UsageError) as error:
        written_paths([group])
    assert message in str(error.value)
    with pytest.raises(UsageError, match="no group"):
        written_paths([])


def test_two_files_are_checked_against_each_other() -> None:
    check_apart(("train.txt", [TRAIN]), ("valid.txt", [VALID]))
    other = Group("valid", (Share(1.0, 0.5, 1.0, "P"),))
    with pytest.raises(InputError, match=r"train\.txt, train and valid\.txt, valid share the documents 0.5:0.95 of P"):
        check_apart(("train.txt", [TRAIN]), ("valid.txt", [VALID, other]))


def test_groups_of_validation_may_share_documents() -> None:
    text = '"all: 1.0 0.9:1.0 P, 1.0 0.9:1.0 Q" "p: 1.0 0.9:1.0 P"\n'
    groups = parse_paths(text, "x")
    assert written_paths(groups) == text
    check_apart(("train.txt", [Group("train", (Share(1.0, 0.0, 0.9, "P"),))]), ("valid.txt", groups))


def test_a_copy_of_the_training_s_file_is_no_validation() -> None:
    with pytest.raises(InputError, match=r"train\.txt, train and valid\.txt, train share the documents 0:0.95 of P"):
        check_apart(("train.txt", [TRAIN]), ("valid.txt", [TRAIN]))


@pytest.mark.parametrize("prefix", ["./P", "x/../P", "link/P"])
def test_a_dataset_is_the_same_by_another_path(prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("link").symlink_to(".")
    other = Group("valid", (Share(1.0, 0.5, 1.0, prefix),))
    with pytest.raises(InputError, match=r"share the documents 0\.5:0\.95"):
        check_apart(("train.txt", [TRAIN]), ("valid.txt", [other]))


def test_a_share_that_begins_later_is_read_from_the_first_document() -> None:
    (line,) = misread_shares([TRAIN, VALID])
    assert line.startswith(
        "valid: Megatron-LM of 2023 reads a share from its dataset's first document on, so 0.95:1 of P"
    )
    assert "is 0:0.05 there" in line
    assert misread_shares(whole_groups(["P"], ["Q"])) == []


def theirs(text: str) -> dict[str, list[list[str]]]:
    """Do what Megatron's reader does: quotes off the line's ends, cut between quotes, at colons, commas and blanks."""
    line = text.splitlines(keepends=True)[0]
    assert line.startswith('"')
    assert line.endswith('"\n')
    named = (group.split(":", 1) for group in line[1:-2].split('" "'))
    return {name: [share.split() for share in shares.split(",")] for name, shares in named}


def test_what_is_written_means_the_same_to_megatron_s_reader() -> None:
    train, valid = split_groups(["data/a", "data/b"], 0.05)
    assert theirs(written_paths([train])) == {"train": [["1.0", "0.0:0.95", "data/a"], ["1.0", "0.0:0.95", "data/b"]]}
    assert theirs(written_paths([valid, Group("other", (Share(0.5, 0.0, 1.0, "c"),))])) == {
        "validation": [["1.0", "0.95:1.0", "data/a"], ["1.0", "0.95:1.0", "data/b"]],
        "other": [["0.5", "0.0:1.0", "c"]],
    }


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_a_share_of_validation_leaves_something_on_both_sides(share: float) -> None:
    with pytest.raises(UsageError, match="must be between 0 and 1"):
        split_groups(["a"], share)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_paths(tmp_path / "no")
