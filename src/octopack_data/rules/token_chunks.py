r"""Token counts of a text as the sum of its chunks' counts, which are remembered: words come again and again.

A byte-level tokenizer cuts a text into pieces before it makes tokens of each, with the regular expression of GPT-2:
`` ?\p{L}+``, `` ?\p{N}+``, `` ?[^\s\p{L}\p{N}]+`` or white space. None of its pieces has white space behind anything
else, and none looks back. So a text may be cut in front of white space (every word with the white space before it),
and each chunk has the tokens that it has in the whole. Where digits are cut apart first, that still holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Python counts four control characters as white space that Unicode, and so the tokenizer, does not.
_SPACE, _OTHER = r"[^\S\x1c-\x1f]", r"[\S\x1c-\x1f]"
CHUNK = re.compile(f"{_SPACE}*{_OTHER}+|{_SPACE}+")
"""A word with the white space before it."""
_BEHIND_OTHER = re.compile(_OTHER + _SPACE)
_BLOCK = 4096
"""Characters of a text that are cut into chunks at a time: a text that is far too long is not read to its end."""
_REMEMBERED = 200_000
"""Chunks of which the counts are remembered (40 MB)."""
_LONGEST = 100
"""Characters of a chunk that is remembered: a longer one hardly comes again."""


class _Remembered(dict[str, int]):
    """Counts by chunk: asks the tokenizer for those that are not there."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__()
        self._tokenizer = tokenizer

    def __missing__(self, chunk: str) -> int:
        (encoded,) = self._tokenizer.encode_batch_fast([chunk], add_special_tokens=False)
        count = len(encoded.ids)
        if len(chunk) <= _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()  # the words of another language
            self[chunk] = count
        return count


@dataclass(frozen=True)
class ChunkCounts:
    """Counts tokens by chunks; ``specials``: tokens that the tokenizer adds to each text."""

    tokenizer: Tokenizer
    specials: int
    _counts: _Remembered = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_counts", _Remembered(self.tokenizer))

    def count(self, text: str, most: int) -> int:
        """Return the number of tokens of a text, or some number above ``most`` if it has more than that."""
        total, start, count = self.specials, 0, self._counts.__getitem__
        while start < len(text) and total <= most:
            stop = start + _BLOCK
            chunks: list[str] = CHUNK.findall(text, start, stop)
            if stop < len(text):  # the last chunk may go on behind the block
                if len(chunks) > 1:
                    stop -= len(chunks.pop())
                else:
                    chunks = [CHUNK.match(text, start).group()]  # type: ignore[union-attr]
                    stop = start + len(chunks[0])
            if total + len(chunks) > most:  # each chunk is a token at least
                return total + len(chunks)
            total += sum(map(count, chunks))
            start = stop
        return total


def pieces_of(form: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the steps of a tokenizer.json that cut a text into pieces."""
    found = form.get("pre_tokenizer")
    if found is None:
        return []
    return list(found["pretokenizers"]) if found["type"] == "Sequence" else [found]


def counts_by_chunks(form: dict[str, Any]) -> bool:
    """Say whether a tokenizer.json with bounds in bytes has the pieces for which chunks may be counted."""
    *before, last = pieces_of(form)
    return (
        all(step["type"] == "Digits" for step in before)
        and last.get("use_regex", True)
        and not any(_reaches_over(token) for token in form.get("added_tokens") or [])
    )


def _reaches_over(token: dict[str, Any]) -> bool:
    """An added token is looked for before a text is cut: with a cut in it, or with a look at what is around it."""
    around = token["lstrip"] or token["rstrip"] or token["single_word"]
    return bool(around or _BEHIND_OTHER.search(token["content"]))
