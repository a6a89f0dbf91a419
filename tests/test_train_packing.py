"""octopack_train.tokens and packing: what is trained of an example, and rows that lose nothing without a word."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import decoders
from transformers import PreTrainedTokenizerFast

from humanevalpack.errors import InputError, UsageError
from octopack_train import packing
from octopack_train.config.model import ModelSettings
from octopack_train.config.sequence import SequenceSettings
from octopack_train.packing import Row
from octopack_train.texts import Text
from octopack_train.tokens import IGNORED, Tokenizer, Tokens, common_prefix, fitting, load_tokenizer, tokenize
from tiny_tokenizers import END, byte_level

EOS = 0


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return PreTrainedTokenizerFast(tokenizer_object=byte_level(decoder=decoders.ByteLevel()), eos_token=END)  # type: ignore[no-untyped-call]


def text(prompt: str, completion: str) -> Text:
    return Text(prompt, completion, "s", "")


def example(*ids: int, prompt: int = 0) -> Tokens:
    return Tokens(list(ids), prompt, text("x" * len(ids), ""))


def sequence(**settings: Any) -> SequenceSettings:
    return SequenceSettings.model_validate({"length": 8, "packing": "none"} | settings)


def tokens(tokenizer: Tokenizer, *texts: Text, counts: Counter[str] | None = None, **settings: Any) -> list[Tokens]:
    return list(tokenize(tokenizer, texts, sequence(**settings), Counter() if counts is None else counts))


def test_prompt_tokens_begin_the_wholes_where_the_blank_is_in_the_completion(tokenizer: Tokenizer) -> None:
    counts = Counter[str]()
    (one,) = tokens(tokenizer, text("Question: a\n\nAnswer:", " add x"), counts=counts)
    assert one.ids[: one.prompt] == tokenizer("Question: a\n\nAnswer:")["input_ids"]
    assert tokenizer.decode(one.ids[one.prompt :]) == f" add x{END}"
    assert counts["boundary_moved"] == 0


def test_the_published_blank_in_the_prompt_moves_the_boundary_and_is_counted(tokenizer: Tokenizer) -> None:
    counts = Counter[str]()
    (one,) = tokens(tokenizer, text("Question: a\n\nAnswer: ", "return x"), counts=counts)
    assert one.ids[: one.prompt] != tokenizer("Question: a\n\nAnswer: ")["input_ids"]
    assert counts["boundary_moved"] == 1


@pytest.mark.parametrize("completion", [" add", f" add{END}"])
def test_exactly_one_end_marker_which_is_trained(tokenizer: Tokenizer, completion: str) -> None:
    (one,) = tokens(tokenizer, text("a", completion))
    assert one.ids.count(tokenizer.eos_token_id) == 1
    assert one.labels("targets")[-1] == one.labels("all")[-1] == tokenizer.eos_token_id


def test_without_end_marker(tokenizer: Tokenizer) -> None:
    assert tokenizer.eos_token_id not in tokens(tokenizer, text("a", " b"), end_marker="none")[0].ids


def test_all_tokens_or_those_of_the_target(tokenizer: Tokenizer) -> None:
    one = example(5, 6, 7, EOS, prompt=2)
    assert one.labels("all") == [5, 6, 7, EOS]
    assert one.labels("targets") == [IGNORED, IGNORED, 7, EOS]


@pytest.mark.parametrize(
    ("overlong", "left", "counted"),
    [
        ("truncate", [[1, 2, 3], [1, 2, 3]], {"truncated": 1, "truncated_tokens": 2}),
        ("drop", [[1, 2, 3]], {"dropped_overlong": 1}),
    ],
)
def test_what_is_too_long_is_counted(overlong: Any, left: list[list[int]], counted: dict[str, int]) -> None:
    counts = Counter[str]()
    found = fitting([example(1, 2, 3), example(1, 2, 3, 4, 5)], sequence(length=3, overlong=overlong), "all", counts)
    assert [one.ids for one in found] == left
    assert counts == {"examples": 2, "tokens": 8} | counted


def test_what_is_too_long_can_be_an_error() -> None:
    with pytest.raises(InputError, match=r"example 1 has 5 tokens, sequence.length is 3"):
        list(fitting([example(1, 2, 3, 4, 5)], sequence(length=3, overlong="error"), "all", Counter()))


def test_no_row_is_masked_as_a_whole() -> None:
    counts = Counter[str]()
    examples = [example(1, 2, 3, 4, prompt=3), example(1, 2, 3, 4, prompt=2)]
    found = list(fitting(examples, sequence(length=3), "targets", counts))
    assert [one.labels("targets") for one in found] == [[IGNORED, IGNORED, 3]]
    assert counts["dropped_untrained"] == 1


@pytest.mark.parametrize("kind", ["constant_length", "wrapped", "bfd_split"])
def test_packings_that_cut_lose_nothing(kind: Any) -> None:
    counts = Counter[str]()
    assert len(next(iter(fitting([example(*range(20))], sequence(packing=kind), "all", counts))).ids) == 20
    assert "truncated" not in counts


slowly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)
"""A busy machine is no failure."""
lists = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=20), min_size=1, max_size=30)


def streamed(examples: list[list[int]], **settings: Any) -> list[list[Row]]:
    given_ = [example(*ids, EOS) for ids in examples]
    own = sequence(packing="constant_length", **settings)
    return list(packing.constant_length(given_, own, "all", 1.0, Counter()))


@slowly
@given(lists, st.integers(2, 11), st.integers(1, 4))
def test_rows_of_the_constant_length_stream_are_its_examples_end_to_end(
    examples: list[list[int]], length: int, buffer_rows: int
) -> None:
    buffers = streamed(examples, length=length, buffer_rows=buffer_rows)
    rows = list(chain.from_iterable(buffers))
    assert [token for row in rows for token in row.ids] == [token for ids in examples for token in (*ids, EOS)]
    assert all(len(row.ids) == length for buffer in buffers for row in buffer[:-1])


@slowly
@given(lists, st.integers(2, 11))
def test_dropping_the_tail_as_published_loses_less_than_a_row_a_buffer_and_counts_it(
    examples: list[list[int]], length: int
) -> None:
    counts = Counter[str]()
    own = sequence(packing="constant_length", length=length, buffer_rows=2, tail="drop")
    kept = streamed(examples, length=length, buffer_rows=2)
    dropped = list(packing.constant_length([example(*ids, EOS) for ids in examples], own, "all", 1.0, counts))
    for all_rows, full in zip(kept, dropped, strict=True):
        assert all(len(row.ids) == length for row in full)
        assert [row.ids for row in all_rows[: len(full)]] == [row.ids for row in full]
        assert len(all_rows) - len(full) <= 1
    tokens = [sum(len(row.ids) for rows in side for row in rows) for side in (kept, dropped)]
    assert counts["dropped_tail_tokens"] == tokens[0] - tokens[1]


def test_a_buffer_takes_examples_until_it_has_its_characters() -> None:
    assert [len(rows) for rows in streamed([[1] * 7] * 6, length=8, buffer_rows=2)] == [2, 2, 2]


def test_masks_go_through_the_stream() -> None:
    examples = [example(1, 2, 3, EOS, prompt=2), example(4, 5, EOS, prompt=1)]
    own = sequence(packing="constant_length", length=5)
    (rows,) = packing.constant_length(examples, own, "targets", 1.0, Counter())
    assert [row.labels for row in rows] == [[IGNORED, IGNORED, 3, EOS, IGNORED], [5, EOS]]


@slowly
@given(lists, st.integers(21, 40))
def test_greedy_rows_are_whole_examples_in_their_order(examples: list[list[int]], length: int) -> None:
    rows = list(packing.greedy([example(*ids, EOS) for ids in examples], length, "all"))
    assert [token for row in rows for token in row.ids] == [token for ids in examples for token in (*ids, EOS)]
    assert all(0 < len(row.ids) <= length and row.ids[-1] == EOS for row in rows)


def test_greedy_fills_a_row_to_the_last_token() -> None:
    rows = packing.greedy([example(1, 1, EOS), example(2, EOS), example(3, 3, 3, 3, EOS)], 5, "all")
    assert [row.ids for row in rows] == [[1, 1, EOS, 2, EOS], [3, 3, 3, 3, EOS]]


def test_a_tokenizer_without_an_end_marker_and_one_that_is_not_there(tmp_path: Path) -> None:
    PreTrainedTokenizerFast(tokenizer_object=byte_level()).save_pretrained(tmp_path)  # type: ignore[no-untyped-call]
    with pytest.raises(UsageError, match="has no end-of-text token"):
        load_tokenizer(ModelSettings(base=str(tmp_path)), [])
    with pytest.raises(InputError, match="nothing is not there: name a folder, or a hub id"):
        load_tokenizer(ModelSettings(base=str(tmp_path / "nothing")), [])


def test_common_prefix() -> None:
    assert [common_prefix(*pair) for pair in (([1, 2], [1, 2, 3]), ([1, 2], [1, 3]), ([], [1]))] == [2, 1, 0]


def _read(path: Path) -> Iterator[dict[str, Any]]:
    from datasets import Dataset

    yield from Dataset.from_file(str(path))


def _packed_by_trl(folder: Path, rows: list[Row], kind: str, length: int) -> list[dict[str, Any]]:
    from datasets import Dataset
    from trl.data_utils import pack_dataset

    packing.write(folder / "one.arrow", rows)
    return list(pack_dataset(Dataset.from_file(str(folder / "one.arrow")), length, kind))


def test_wrapped_rows_are_those_of_trl(tmp_path: Path) -> None:
    examples = [example(*range(1, 2 + number % 13), EOS, prompt=1) for number in range(2_100)]
    rows = list(packing.one_a_row(examples, "targets"))
    theirs = _packed_by_trl(tmp_path, rows, "wrapped", 8)
    assert [(row.ids, row.labels) for row in packing.wrapped(rows, 8)] == [
        (row["input_ids"], row["labels"]) for row in theirs
    ]


def test_pieces_of_bfd_split_are_those_of_trl(tmp_path: Path) -> None:
    rows = [Row(list(range(size)), list(range(size))) for size in (3, 9, 17, 8, 1)]
    theirs = _packed_by_trl(tmp_path, rows, "bfd_split", 8)
    assert sorted(row.ids for row in packing.pieces(rows, 8)) == sorted(_parts(theirs))


def _parts(rows: list[dict[str, Any]]) -> Iterator[list[int]]:
    for row in rows:
        begun = 0
        for size in row["seq_lengths"]:
            yield row["input_ids"][begun : begun + size]
            begun += size


def test_trls_best_fit_keeps_pieces_whole_and_says_where_they_end(tmp_path: Path) -> None:
    examples = [example(*[number] * size, EOS) for number, size in enumerate((3, 7, 4, 2, 2), start=1)]
    packing.write(tmp_path / "one.arrow", packing.one_a_row(examples, "all"))
    packing.best_fit(tmp_path / "one.arrow", tmp_path / "rows.arrow", 8)
    rows = list(_read(tmp_path / "rows.arrow"))
    assert all(len(row["input_ids"]) <= 8 for row in rows)
    assert sorted(_parts(rows)) == sorted(one.ids for one in examples)
