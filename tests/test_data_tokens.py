"""octopack_data.rules.tokens: what is counted, and when a count is known without counting."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny_tokenizers as tiny
from commit_rows import good_commit
from humanevalpack.errors import InputError
from octopack_data.records import Commit
from octopack_data.rules import preset_names, read_preset
from octopack_data.rules.presets import TokenLimit
from octopack_data.rules.tokens import TokenRule, token_rule

STARCODER = read_preset("starcoder").tokens
FORMS = {
    "starcoder": "old<|endoftext|>new",
    "santacoder": "<|endoftext|>old<|endoftext|>subject<|endoftext|>new",
    "bloomz": "old\n\nsubject\nnew",
    "codegeex": "oldsubjectnew",
    "legacy-2023-05": "<|endoftext|>old<|endoftext|>subject<|endoftext|>new<|endoftext|>",
}
LIMITS = {
    "starcoder": (50, 768),
    "santacoder": (0, 2048),
    "bloomz": (0, 2048),
    "codegeex": (0, 2048),
    "legacy-2023-05": (0, 8192),
}


@cache
def rule(name: str, folder: Path, limit: TokenLimit = STARCODER) -> TokenRule:
    return token_rule(limit, tiny.saved((tiny.BOUNDED | tiny.UNBOUNDED)[name](), folder / "tokenizer.json"))


def count(rule: TokenRule, commit: Commit) -> int:
    """The number of tokens, found by asking."""
    for number in range(10_000):
        limit = rule.limit.model_copy(update={"least": number, "most": number})
        if replace(rule, limit=limit).keep(commit):
            return number
    raise AssertionError


@pytest.mark.parametrize("preset", preset_names())
def test_a_preset_counts_its_text_within_its_limits(preset: str, tmp_path: Path) -> None:
    limit = read_preset(preset).tokens
    commit = good_commit(old_contents="old", new_contents="new", subject="subject")
    counted = count(rule("as StarCoder", tmp_path, limit), commit)
    assert counted == len(tiny.byte_level().encode(FORMS[preset]).ids)
    assert (limit.least, limit.most) == LIMITS[preset]


@pytest.mark.parametrize(("digits", "kept"), [(48, False), (49, True), (767, True), (768, False)])
def test_both_limits_are_inclusive(digits: int, kept: bool, tmp_path: Path) -> None:
    commit = good_commit(old_contents="", new_contents="1" * digits)  # a token each, and <|endoftext|>
    assert rule("as StarCoder", tmp_path).keep(commit) is kept


def test_special_tokens_that_the_tokenizer_adds_count(tmp_path: Path) -> None:
    plain, ended = (rule(name, tmp_path / name[:4]) for name in tiny_folders(tmp_path))
    commit = good_commit()
    assert count(ended, commit) == count(plain, commit) + 1


def tiny_folders(folder: Path) -> list[str]:
    names = ["as StarCoder", "with a token added to each text"]
    for name in names:
        (folder / name[:4]).mkdir()
    return names


def test_a_tokenizer_that_cuts_texts_counts_them_whole(tmp_path: Path) -> None:
    assert count(rule("with truncation", tmp_path), good_commit()) > 5


pieces = st.sampled_from(
    ["def add", " " * 40, "x" * 50, "<m>", "<|endoftext|>", "é", "漢字", "12345", "\n", "\u2028", "😀"]
)
texts = st.one_of(st.text(max_size=60), st.lists(pieces, max_size=30).map("".join))


@pytest.mark.parametrize("name", tiny.BOUNDED)
def test_what_the_bounds_decide_is_what_counting_would(name: str, tmp_path: Path) -> None:
    bounded = rule(name, tmp_path)
    assert bounded.bounds is not None

    @settings(max_examples=200, deadline=None)
    @given(texts, texts, st.integers(0, 60), st.integers(0, 400))
    def check(old: str, new: str, least: int, most: int) -> None:
        limited = replace(bounded, limit=STARCODER.model_copy(update={"least": least, "most": most}))
        commit = good_commit(old_contents=old, new_contents=new)
        decided = limited.decided(commit)
        assert decided is None or decided == limited.keep(commit)

    check()


def test_the_bounds_decide_about_short_and_long_texts(tmp_path: Path) -> None:
    bounded = rule("as StarCoder", tmp_path)
    assert bounded.decided(good_commit(old_contents="", new_contents="short")) is False
    assert bounded.decided(good_commit(new_contents="x" * 100_000)) is False
    assert bounded.decided(good_commit(new_contents="x" * 300)) is None


@pytest.mark.parametrize("name", tiny.UNBOUNDED)
def test_a_tokenizer_that_may_lose_or_add_bytes_has_no_bounds(name: str, tmp_path: Path) -> None:
    assert rule(name, tmp_path).bounds is None


def test_a_file_that_is_no_tokenizer_is_named_with_the_way_to_get_one(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(InputError, match=r"tokenizer.json: not a tokenizer.json .*hf download bigcode/starcoder"):
        token_rule(STARCODER, tmp_path / "tokenizer.json")
    with pytest.raises(InputError, match=r"none.json: not a tokenizer.json"):
        token_rule(STARCODER, tmp_path / "none.json")
