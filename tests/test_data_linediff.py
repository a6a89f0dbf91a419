"""octopack_data.linediff: what both kinds of line diffs say, and that they lead back to the new text."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_rows import functions
from humanevalpack.errors import InputError
from octopack_data.linediff import (
    apply_line_diff,
    apply_line_diff_numbered,
    line_diff,
    line_diff_numbered,
    number_lines,
)

OLD = "import os\n\ndef f():\n    return 1\n"
NEW = "import os\nimport sys\n\ndef f():\n    return 2\n"
Diff = Callable[[str, str], str]
both = pytest.mark.parametrize(
    ("diff", "apply"),
    [(line_diff_numbered, apply_line_diff_numbered), (line_diff, apply_line_diff)],
    ids=["numbered", "plain"],
)


def test_every_line_behind_an_insertion_has_another_number_if_numbers_are_compared() -> None:
    assert line_diff_numbered(OLD, NEW) == (
        "-  2 \n-  3 def f():\n-  4     return 1\n+  2 import sys\n+  3 \n+  4 def f():\n+  5     return 2"
    )


def test_only_what_changed_is_there_if_lines_are_compared() -> None:
    assert line_diff(OLD, NEW) == "+  2 import sys\n-  4     return 1\n+  5     return 2"


def test_numbers_are_right_aligned_and_grow_past_999() -> None:
    numbered = number_lines("a\n" * 1000 + "b").split("\n")
    assert [numbered[0], numbered[98], numbered[999], numbered[1000]] == ["  1 a", " 99 a", "1000 a", "1001 b"]


@both
@pytest.mark.parametrize("end", ["", "\n", "\n\n", " \t\n"])
def test_the_white_space_at_both_ends_is_not_in_a_diff(diff: Diff, apply: Diff, end: str) -> None:
    assert diff("a\nb", f"\n a\nb{end}") == ""
    assert apply("a\nb", diff("a\nb", f"a\nc{end}")) == "a\nc"


@both
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", "a"),
        ("a", ""),
        ("", ""),
        ("a\nb", "a\nb"),
        ("a\r\nb\r\nc", "a\nb\r\nc"),
        ("a\fb\nc", "a\nb\nc"),
        ("a\u2028b\nc\x85d", "a\u2028c\nc\x85d"),
        ("a\vb\x1cc", "a\vb\x1dc"),
        ("-1\n+2\n--- a", "+1\n-2\n+++ a"),
        ("1 2\n 3\n4", "2\n1 2\n 3"),
        ("a\n\n\nb  \nc", "a\n\nb\nc"),
    ],
)
def test_texts_that_could_be_misread_come_back(diff: Diff, apply: Diff, old: str, new: str) -> None:
    assert apply(old, diff(old, new)) == new


LINE = st.text(alphabet="ab 1+-@\r\f\v\x1c\x85\u2028\u2029é", max_size=6)
TEXT = st.lists(LINE, max_size=30).map("\n".join)


@both
@given(old=TEXT, new=TEXT)
def test_any_two_texts(diff: Diff, apply: Diff, old: str, new: str) -> None:
    assert apply(old, diff(old, new)) == new.strip()


@both
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_an_edit_of_a_long_text(diff: Diff, apply: Diff, data: st.DataObject) -> None:
    old = [f"line {number % 7}" for number in range(data.draw(st.integers(990, 1100)))]
    at = data.draw(st.integers(0, len(old)))
    new = old[:at] + data.draw(st.lists(LINE, max_size=4)) + old[at + data.draw(st.integers(0, 3)) :]
    assert apply("\n".join(old), diff("\n".join(old), "\n".join(new))) == "\n".join(new).strip()


@both
def test_real_code(diff: Diff, apply: Diff) -> None:
    for text in functions()[:60]:
        lines = text.split("\n")
        new = "\n".join([*lines[:3], "", "# more", *lines[4:]])
        assert apply(text, diff(text, new)) == new.strip()


@both
@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("x  1 a", "line 1: must be [+] or -"),
        ("-  1 b", "takes away 'b', but line 1 is 'a'"),
        ("-  9 b", "line 9 is none of 2"),
        ("+  9 b", "line 9 is none of 1 to 3"),
        ("-  0 b", "line 0 is none of 2"),
        ("+  3 b\n+  3 c", "line diff, line 2: line 3 comes twice"),
        ("-  1 a\n-  2 b", "no line is left"),
    ],
)
def test_a_diff_that_does_not_fit_is_named_with_its_line(diff: Diff, apply: Diff, said: str, wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        apply("a\nb", said)


def test_a_numbered_diff_may_leave_no_gap_and_name_no_line_twice() -> None:
    with pytest.raises(InputError, match="line 2 is none of 1 to 1"):
        apply_line_diff_numbered("a\nb", "-  1 a")
    with pytest.raises(InputError, match="line 1 of the new text is there twice"):
        apply_line_diff_numbered("a\nb", "+  1 c")
