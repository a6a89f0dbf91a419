"""The rule on the number of tokens, with a tokenizer.json of the user's choice.

Counting is dearer than all other rules with their input and output, and every commit that reaches the rule must be
counted for an exact reason. So a text is counted in chunks whose counts are remembered, and only until it is too long;
a text whose size in bytes says enough is not counted at all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import InputError
from octopack_data.records import Commit
from octopack_data.rules.presets import TokenLimit
from octopack_data.rules.token_chunks import ChunkCounts, counts_by_chunks, pieces_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True)
class Bounds:
    """What can be said of a token count without counting, where a tokenizer works on bytes and loses none of them.

    ``longest``: most bytes that one token stands for; 0 where that has no limit. ``specials``: tokens that are added.
    """

    longest: int
    specials: int

    def between(self, text: str) -> tuple[int, int]:
        """Return the smallest and the largest count that a text can have; -1 as the largest: no limit."""
        size = len(text.encode("utf-8", "surrogatepass"))
        least = -(-size // self.longest) if self.longest else 0
        return least, size + self.specials


@dataclass(frozen=True)
class TokenRule:
    """Keeps a commit whose token count, added special tokens included, lies within a limit."""

    limit: TokenLimit
    tokenizer: Tokenizer
    bounds: Bounds | None
    chunks: ChunkCounts | None
    """None: a text is counted as a whole, because its chunks could have other tokens than they have in it."""
    name: str = "tokens"
    repair: str = ""

    def keep(self, commit: Commit) -> bool:
        """Return whether the count lies within the limit; counts no further than that needs."""
        text = self.text(commit)
        decided = self.decided(text)
        if decided is not None:
            return decided
        count = self._whole(text) if self.chunks is None else self.chunks.count(text, self.limit.most)
        return self.limit.least <= count <= self.limit.most

    def _whole(self, text: str) -> int:
        (encoded,) = self.tokenizer.encode_batch_fast([text])
        return len(encoded.ids)

    def decided(self, text: str) -> bool | None:
        """Return what the bounds alone say, if they do."""
        if self.bounds is None:
            return None
        least, most = self.bounds.between(text)
        if most < self.limit.least or least > self.limit.most:
            return False
        return True if self.limit.least <= least and most <= self.limit.most else None

    def text(self, commit: Commit) -> str:
        """Return what is counted."""
        return self.limit.text.format(
            old_contents=commit.old_contents, new_contents=commit.new_contents, subject=commit.subject
        )


def token_rule(limit: TokenLimit, path: Path) -> TokenRule:
    """Return the rule with the tokenizer of a file; raises InputError."""
    from tokenizers import Tokenizer

    try:
        text = path.read_text("utf-8")
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # tokenizers raises plain Exception
        raise InputError(
            f"{path}: not a tokenizer.json that can be read ({error}); "
            f"the release's is: hf download {limit.tokenizer} tokenizer.json"
        ) from error
    tokenizer.no_truncation()  # a cut text would always be short enough
    tokenizer.no_padding()
    form, specials = json.loads(text), tokenizer.num_special_tokens_to_add(False)
    bounds = byte_bounds(form, specials)
    chunks = ChunkCounts(tokenizer, specials) if bounds is not None and counts_by_chunks(form) else None
    return TokenRule(limit, tokenizer, bounds, chunks)


def byte_bounds(form: dict[str, Any], specials: int) -> Bounds | None:
    """Return the bounds of a byte-level BPE tokenizer, None where any part of it could break them."""
    model, added = form["model"], form.get("added_tokens") or []
    if model.get("type") != "BPE" or form.get("normalizer") is not None or model.get("dropout"):
        return None
    if model.get("continuing_subword_prefix") or model.get("end_of_word_suffix"):
        return None
    splits = pieces_of(form)
    if not splits or splits[-1]["type"] != "ByteLevel" or not all(map(_loses_nothing, splits)):
        return None
    vocabulary = model["vocab"]
    if not all(letter in vocabulary for letter in byte_letters()):
        return None  # a byte without a token of its own is lost
    # An added token that takes the white space around it along stands for any number of bytes.
    unlimited = any(token["lstrip"] or token["rstrip"] for token in added)
    # One letter of a byte-level vocabulary is one byte; added tokens are written as they are.
    lengths = [len(entry) for entry in vocabulary] + [len(token["content"].encode()) for token in added]
    return Bounds(0 if unlimited else max(lengths), specials)


def _loses_nothing(piece: dict[str, Any]) -> bool:
    """Neither characters removed nor a space added."""
    if piece["type"] == "ByteLevel":
        return not piece.get("add_prefix_space")
    if piece["type"] == "Digits":
        return True
    return piece["type"] == "Split" and piece.get("behavior") != "Removed"


def byte_letters() -> list[str]:
    """Return the 256 letters that byte-level vocabularies write bytes with."""
    from tokenizers.pre_tokenizers import ByteLevel

    return list(ByteLevel.alphabet())
