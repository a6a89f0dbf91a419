"""Megatron's indexed datasets: the bytes of the format, written and read in constant memory."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humanevalpack.errors import InputError, UsageError
from octopack_train.megatron.indexed import data_path, index_path, read_indexed, token_type
from octopack_train.megatron.indexed_writing import IndexedWriter

# Two documents, [1, 2, 513] and [] and [65535]: written down from the format's description, field by field.
GOLDEN_DATA = bytes.fromhex("0100 0200 0102 ffff".replace(" ", ""))
GOLDEN_INDEX = b"".join(
    bytes.fromhex(field.replace(" ", ""))
    for field in (
        "4d 4d 49 44 49 44 58 00 00",  # MMIDIDX, two zeros
        "01 00 00 00 00 00 00 00",  # version 1
        "08",  # uint16
        "03 00 00 00 00 00 00 00",  # sequences
        "03 00 00 00 00 00 00 00",  # boundaries of documents
        "03 00 00 00 00 00 00 00 01 00 00 00",  # lengths
        "00 00 00 00 00 00 00 00 06 00 00 00 00 00 00 00 06 00 00 00 00 00 00 00",  # offsets in bytes
        "00 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00",  # boundaries
    )
)


def written(prefix: Path, documents: list[list[list[int]]], dtype: str = "uint16") -> Path:
    with IndexedWriter(prefix, dtype) as writer:
        for document in documents:
            for sequence in document:
                writer.add(sequence)
            writer.end_document()
    return prefix


GOLDEN = [[[1, 2, 513], []], [[65535]]]


def test_the_bytes_of_the_format(tmp_path: Path) -> None:
    prefix = written(tmp_path / "x", GOLDEN)
    assert data_path(prefix).read_bytes() == GOLDEN_DATA
    assert index_path(prefix).read_bytes() == GOLDEN_INDEX
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.bin", "x.idx"]


def test_a_dot_in_a_prefix_is_no_ending(tmp_path: Path) -> None:
    assert index_path(written(tmp_path / "x.v1", GOLDEN)).name == "x.v1.idx"


def test_golden_bytes_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(GOLDEN_DATA)
    (tmp_path / "x.idx").write_bytes(GOLDEN_INDEX)
    found = read_indexed(tmp_path / "x")
    assert [sequence.tolist() for sequence in found] == [[1, 2, 513], [], [65535]]
    assert (found.documents, found.bounds.tolist()) == (2, [0, 2, 3])


@given(documents=st.lists(st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=5), max_size=3), max_size=6))
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read_back(
    documents: list[list[list[int]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = read_indexed(written(tmp_path_factory.mktemp("any") / "x", documents, "int32"))
    back = [
        [found[place].tolist() for place in range(found.bounds[n], found.bounds[n + 1])] for n in range(found.documents)
    ]
    assert back == documents


def test_offsets_go_on_over_the_pieces_in_which_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octopack_train.megatron.indexed_writing._PIECE", 3)
    found = read_indexed(written(tmp_path / "x", [[list(range(n))] for n in range(20)]))
    assert all(found[n].tolist() == list(range(n)) for n in range(20))
    assert found.offsets.tolist() == [n * (n - 1) for n in range(20)]


def test_datasets_are_joined(tmp_path: Path) -> None:
    first, second = written(tmp_path / "a", GOLDEN), written(tmp_path / "b", [[[7]], [[8], [9]]])
    with IndexedWriter(tmp_path / "c", "uint16") as writer:
        writer.append(read_indexed(first))
        writer.append(read_indexed(second))
    whole = written(tmp_path / "d", [*GOLDEN, [[7]], [[8], [9]]])
    for path in (data_path, index_path):
        assert path(tmp_path / "c").read_bytes() == path(whole).read_bytes()


def test_datasets_of_two_types_are_not_joined(tmp_path: Path) -> None:
    other = read_indexed(written(tmp_path / "a", GOLDEN, "int32"))
    with pytest.raises(InputError, match="tokens of int32"), IndexedWriter(tmp_path / "c", "uint16") as writer:
        writer.append(other)
    assert not index_path(tmp_path / "c").exists()


@pytest.mark.parametrize(("vocabulary", "dtype"), [(49_152, "uint16"), (65_499, "uint16"), (65_500, "int32")])
def test_the_vocabulary_decides_the_type(vocabulary: int, dtype: str) -> None:
    assert token_type(vocabulary) == dtype


@pytest.mark.parametrize("token", [65_536, -1])
def test_a_token_that_does_not_fit_is_an_error_not_another_token(token: int, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"document 2 has the token {token}, which uint16 cannot hold"):
        written(tmp_path / "x", [[[1]], [[5, token]]])
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_there_stay_unless_told(tmp_path: Path) -> None:
    written(tmp_path / "x", GOLDEN)
    with pytest.raises(UsageError, match=r"x\.bin is there already"):
        IndexedWriter(tmp_path / "x", "uint16")
    with (
        pytest.raises(InputError, match="cannot hold"),
        IndexedWriter(tmp_path / "x", "uint16", overwrite=True) as writer,
    ):
        writer.add_document([5, -1])
    assert index_path(tmp_path / "x").read_bytes() == GOLDEN_INDEX
    with IndexedWriter(tmp_path / "x", "uint16", overwrite=True) as writer:
        writer.add_document(np.array([5]))
    assert read_indexed(tmp_path / "x")[0].tolist() == [5]


def test_a_type_that_the_format_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="tokens of type 'uint32': there are uint8"):
        IndexedWriter(tmp_path / "x", "uint32")


def cut(path: Path, count: int) -> None:
    path.write_bytes(path.read_bytes()[:-count])


def put(path: Path, place: int, text: bytes) -> None:
    old = path.read_bytes()
    path.write_bytes(old[:place] + text + old[place + len(text) :])


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no index": (lambda prefix: index_path(prefix).unlink(), "no indexed dataset that can be read"),
    "no data": (lambda prefix: data_path(prefix).unlink(), "no indexed dataset that can be read"),
    "a cut index": (lambda prefix: cut(index_path(prefix), 1), "bytes, is cut: 3 sequences"),
    "only a beginning": (lambda prefix: index_path(prefix).write_bytes(GOLDEN_INDEX[:12]), "not Megatron's index"),
    "another file": (lambda prefix: put(index_path(prefix), 0, b"TNTIDX\0\0\0"), "not Megatron's index"),
    "another version": (lambda prefix: put(index_path(prefix), 9, b"\2"), "version 2 and type 8"),
    "another type": (lambda prefix: put(index_path(prefix), 17, b"\x09"), "version 1 and type 9"),
    "cut data": (lambda prefix: cut(data_path(prefix), 2), "6 bytes; its index speaks of 8"),
    "other documents": (lambda prefix: put(index_path(prefix), -8, b"\2"), "documents go from 0 to 2, not 0 to 3"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_dataset_says_what_is_wrong(case: str, tmp_path: Path) -> None:
    damage, message = DAMAGE[case]
    prefix = written(tmp_path / "x", GOLDEN)
    damage(prefix)
    with pytest.raises(InputError) as error:
        read_indexed(prefix)
    assert message in str(error.value)


def test_offsets_beyond_two_and_four_gigabytes(tmp_path: Path) -> None:
    """Two documents of 2 GiB each are there, in a file with holes; a third comes behind them."""
    work, sizes = tmp_path / "work", (2**32, 8, 24)
    work.mkdir()
    with (work / "x.bin.part").open("wb") as data:
        data.truncate(2**32)
    (work / "x.idx.lengths.part").write_bytes(np.array([2**30, 2**30], "<i4").tobytes())
    (work / "x.idx.documents.part").write_bytes(np.array([0, 1, 2], "<i8").tobytes())
    with IndexedWriter(tmp_path / "x", "uint16", work=work, begun=sizes) as writer:
        writer.add_document([5, 6, 7])
    found = read_indexed(tmp_path / "x")
    assert found.offsets.tolist() == [0, 2**31, 2**32]
    assert found[2].tolist() == [5, 6, 7]
