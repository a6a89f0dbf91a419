"""octopack_data.oasst: dialogues with a phrase of the user's list leave; the list is read, checked and watched."""

from pathlib import Path

import pytest

from humanevalpack.errors import InputError
from oasst_rows import some_trees
from oasst_runs import phrases, run, source
from octopack_data.dialogue_filters import OasstSettings
from octopack_data.oasst import pairs_stage
from octopack_data.parts import run_stage
from octopack_data.sources import find_parts

PHRASES = {
    # phrase, text, is it found in mode published, and in mode fixed
    "as it stands": ("as an ai", "well, as an ai", True, True),
    "capitals do not matter": ("As An AI", "as an aI", True, True),
    "inside a word": ("bias", "unbiased", True, True),
    "spaces count": (" ESG ", "esg", False, False),
    "spaces are there": (" ESG ", "what esg is", True, True),
    "a mark that Markdown hides": (r"f\*n", "f*n", False, True),
    "the same hidden": (r"f\*n", r"f\*n", True, False),
    "two turns joined by a space": ("one two", "one\ntwo", False, False),
}


@pytest.mark.parametrize("case", PHRASES)
@pytest.mark.parametrize("mode", ["published", "fixed"])
def test_a_phrase_anywhere_drops_the_dialogue(tmp_path: Path, case: str, mode: str) -> None:
    phrase, text, *found = PHRASES[case]
    folder = source(tmp_path, [{"messages": [{"content": "Q"}, {"content": "A"}, {"content": text}]}])
    counts, _, dropped = run(folder, tmp_path / "out", mode=mode, phrases=phrases(tmp_path, "never", phrase))
    assert counts.get("dropped_phrase", 0) == found[mode == "fixed"]
    assert [row["phrase"] for row in dropped] == [phrase] * found[mode == "fixed"]


def test_a_phrase_may_stand_across_two_turns(tmp_path: Path) -> None:
    folder = source(tmp_path, [{"messages": [{"content": "say one"}, {"content": "two then"}]}])
    assert run(folder, tmp_path / "out", phrases=phrases(tmp_path, "one two"))[0]["dropped_phrase"] == 1


BAD_PHRASES = {
    "no list": ("a: b", r"must hold a list of phrases, not"),
    "empty list": ("[]", r"must hold a list of phrases"),
    "no text": ("[a, 3]", r"phrase 2: must be text with a letter in it, not 3"),
    "blank": ("[a, ' ']", r"phrase 2: must be text with a letter in it, not ' '"),
    "no yaml": ("[a", r"not a YAML file that can be read"),
}


@pytest.mark.parametrize("case", BAD_PHRASES)
def test_a_wrong_file_of_phrases_is_refused_before_rows_are_read(tmp_path: Path, case: str) -> None:
    text, message = BAD_PHRASES[case]
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(InputError, match=f"bad.yaml.*{message}"):
        pairs_stage([], tmp_path / "out", OasstSettings(phrases=tmp_path / "bad.yaml"))


def test_a_missing_file_of_phrases_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml cannot be read"):
        pairs_stage([], tmp_path / "out", OasstSettings(phrases=tmp_path / "none.yaml"))


def test_phrases_that_change_while_a_run_is_on_are_refused(tmp_path: Path) -> None:
    parts = find_parts(source(tmp_path, some_trees()))
    stage = pairs_stage(parts, tmp_path / "out", OasstSettings(phrases=phrases(tmp_path, "best")))
    phrases(tmp_path, "worst of all")
    with pytest.raises(InputError, match=r"phrases.yaml was changed while a run with it was on"):
        run_stage(stage, progress=False)


def test_a_run_goes_on_with_the_same_phrases_only(tmp_path: Path) -> None:
    folder = source(tmp_path, some_trees())
    run(folder, tmp_path / "out", phrases=phrases(tmp_path, "best"))
    with pytest.raises(InputError, match="phrases_sha256"):
        run(folder, tmp_path / "out", phrases=phrases(tmp_path, "worst"))
