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
from octopack_data.rules.token_chunks import CHUNK
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
    [
        "def add",
        " " * 40,
        "x" * 50,
        "<m>",
        "<|endoftext|>",
        "é",
        "漢字",
        "12345",
        "\n",
        "\u2028",
        "😀",
        "a b",
        "'s ",
        "\x1c",
    ]
)
texts = st.one_of(st.text(max_size=60), st.lists(pieces, max_size=30).map("".join))


@pytest.mark.parametrize("name", tiny.BOUNDED | tiny.UNBOUNDED)
def test_a_commit_is_kept_as_if_its_text_were_counted_whole(name: str, tmp_path: Path) -> None:
    """Whatever bounds and chunks save: the count that decides is the tokenizer's own."""
    asked = rule(name, tmp_path)

    @settings(max_examples=300, deadline=None)
    @given(texts, texts, st.integers(0, 60), st.integers(0, 400))
    def check(old: str, new: str, least: int, most: int) -> None:
        limited = replace(asked, limit=STARCODER.model_copy(update={"least": least, "most": most}))
        commit = good_commit(old_contents=old, new_contents=new)
        tokens = len(limited.tokenizer.encode(limited.text(commit)).ids)
        assert limited.keep(commit) == (least <= tokens <= most)
        if limited.chunks is not None:
            assert limited.chunks.count(limited.text(commit), 10_000) == tokens

    check()


@pytest.mark.parametrize("name", ["as StarCoder", "as GPT-2"])
def test_whatever_stands_there_a_text_is_cut_where_the_tokenizer_cuts_it_too(name: str) -> None:
    cutting = tiny.BOUNDED[name]().pre_tokenizer
    for around in ("a{}b", "a {} b", "({}\n'", ".{}\x1c{}", "1{}\u2003{}1"):
        for first in (0, 0x1000, 0x2000, 0x3000, 0xF000, 0x10000):  # all white space is below U+3001
            letters = (chr(code) for code in range(first, first + 0x1000) if not 0xD800 <= code < 0xE000)
            text = "".join(around.replace("{}", letter) for letter in letters)
            cuts = {start for _, (start, _) in cutting.pre_tokenize_str(text)}
            assert {chunk.start() for chunk in CHUNK.finditer(text)} <= cuts, (around, first)


def test_long_texts_are_counted_in_blocks_and_only_until_they_are_too_long(tmp_path: Path) -> None:
    chunked = rule("as StarCoder", tmp_path)
    assert chunked.chunks is not None
    for text in (
        "def add(x, y):\n    return x + y\n" * 1000,
        "x" * 9_000 + " " * 9_000 + "é" * 9_000,
        " " * 20_000,
        "",
    ):
        tokens = len(chunked.tokenizer.encode(text).ids)
        assert chunked.chunks.count(text, 100_000) == tokens
        assert (chunked.chunks.count(text, 50) > 50) == (tokens > 50)


@pytest.mark.parametrize("name", tiny.BOUNDED | tiny.UNBOUNDED)
def test_a_tokenizer_that_could_see_a_cut_counts_texts_whole(name: str, tmp_path: Path) -> None:
    assert (rule(name, tmp_path).chunks is not None) is (name in tiny.CHUNKED)


def test_the_bounds_decide_about_short_and_long_texts(tmp_path: Path) -> None:
    bounded = rule("as StarCoder", tmp_path)
    assert bounded.decided("short") is False
    assert bounded.decided("x" * 100_000) is False
    assert bounded.decided("x" * 300) is None


@pytest.mark.parametrize("name", tiny.UNBOUNDED)
def test_a_tokenizer_that_may_lose_or_add_bytes_has_no_bounds(name: str, tmp_path: Path) -> None:
    assert rule(name, tmp_path).bounds is None


def test_a_file_that_is_no_tokenizer_is_named_with_the_way_to_get_one(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(InputError, match=r"tokenizer.json: not a tokenizer.json .*hf download bigcode/starcoder"):
        token_rule(STARCODER, tmp_path / "tokenizer.json")
    with pytest.raises(InputError, match=r"none.json: not a tokenizer.json"):
        token_rule(STARCODER, tmp_path / "none.json")
