"""octopack_data.rules.presets: verbs and phrases of the user's own files."""

from pathlib import Path

import pytest

from commit_rows import good_commit
from humanevalpack.errors import InputError, UsageError
from octopack_data.filtering import FilterSettings, sieve_of
from octopack_data.records import Mode
from octopack_data.rules import read_preset, read_verbs
from octopack_data.rules.sieve import KEPT
from octopack_data.settings import make_settings


def test_the_shipped_verbs_are_the_257_of_the_release() -> None:
    published, fixed = read_verbs(strip=False), read_verbs(strip=True)
    assert len(published.words) + len(published.starts) == len(fixed.words) + len(fixed.starts) == 257
    assert published.starts == ("brush up ", "deal with ", "plug  ", "speed up ")
    assert set(fixed.starts) < set(published.starts)
    assert fixed.words - published.words == {"plug"}
    assert published.ends == fixed.ends == ()


# A line of a verb file; a subject that it lets pass, one that it does not.
FORMS = [
    ("Behebe", "Behebe das Lesen von leeren Zeilen", "Behebend das Lesen von leeren Zeilen"),
    ("mets à jour", "Mets à jour la lecture des lignes", "Mets à journal la lecture des lignes"),
    ("исправ*", "Исправлено чтение пустых строк в файле", "Справлено чтение пустых строк в файле"),
    ("*세요", "A 빈 줄을 읽는 것을 고치세요", "A 빈 줄을 읽는 것을 고치세요 지금"),
]


@pytest.mark.parametrize(("line", "kept", "dropped"), FORMS)
def test_a_verb_file_takes_the_place_of_the_english_verbs(line: str, kept: str, dropped: str, tmp_path: Path) -> None:
    (tmp_path / "verbs.txt").write_text(f"# comment\n\n{line}\n", "utf-8")
    (tmp_path / "more.txt").write_text("erwirke\n", "utf-8")
    files = (tmp_path / "verbs.txt", tmp_path / "more.txt")
    sieve = sieve_of(FilterSettings(token_rule=False, verbs=files))
    assert sieve(good_commit(subject=kept))[1] == KEPT
    assert sieve(good_commit(subject="Erwirke das Lesen von leeren Zeilen"))[1] == KEPT
    assert sieve(good_commit(subject=dropped))[1] == "verb"
    assert sieve(good_commit())[1] == "verb"


def test_a_phrase_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "phrases.yaml").write_text("whole: [fix the one thing here]\njokes: [fix all of the things]\n")
    sieve = sieve_of(FilterSettings(token_rule=False, phrases=tmp_path / "phrases.yaml"))
    subjects = ("Fix the one thing here", "Fix all of the things", "Merge branch of the other one")
    assert [sieve(good_commit(subject=subject))[1] for subject in subjects] == ["bad_subject", "specific", KEPT]


def test_a_file_that_is_edited_between_two_runs_of_one_program_is_read_again(tmp_path: Path) -> None:
    settings = FilterSettings(token_rule=False, verbs=(tmp_path / "verbs.txt",))
    for verb, reason in (("fix", KEPT), ("mend", "verb")):
        (tmp_path / "verbs.txt").write_text(verb)
        assert sieve_of(settings)(good_commit(subject="Fix the reading of empty lines"))[1] == reason


WRONG = {
    "no verbs": ("verbs", b"# none\n", InputError, r"verbs: holds no verb; write one a line"),
    "no text": ("verbs", b"\xff", InputError, r"verbs: not a list of verbs that can be read"),
    "no YAML": ("phrases", b"whole: [", InputError, r"phrases: not a YAML file that can be read"),
    "no mapping": ("phrases", b"- a", InputError, r"phrases: must hold a mapping, not \['a'\]"),
    "other key": ("phrases", b"names: [a]", UsageError, r"phrases: no setting 'names'; there are whole, parts, jokes"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_cannot_be_used_is_named(case: str, tmp_path: Path) -> None:
    name, content, error, said = WRONG[case]
    path = tmp_path / name
    path.write_bytes(content)
    chosen = {"verbs": (path,)} if name == "verbs" else {"phrases": path}
    with pytest.raises(error, match=said):
        sieve_of(make_settings(FilterSettings, {"token_rule": False, **chosen}))


def test_an_unknown_preset_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no filter preset 'octocoder'; there are starcoder, santacoder, bloomz"):
        read_preset("octocoder")


@pytest.mark.parametrize("mode", ["published", "fixed"])
@pytest.mark.parametrize("preset", ["santacoder", "bloomz", "codegeex"])
def test_the_other_models_went_through_the_first_pass_only(preset: str, mode: Mode) -> None:
    sieve = sieve_of(FilterSettings(preset=preset, mode=mode, token_rule=False))
    assert sieve.reasons[-1] == "hash_like"
    assert sieve(good_commit(subject="Fix the links to https://a.b here"))[1] == KEPT
