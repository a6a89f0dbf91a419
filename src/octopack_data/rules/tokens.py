"""The rule on the number of tokens, with a tokenizer.json of the user's choice."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import InputError
from octopack_data.records import Commit
from octopack_data.rules.presets import TokenLimit

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
    name: str = "tokens"
    repair: str = ""

    def keep(self, commit: Commit) -> bool:
        """Count the tokens."""
        (encoded,) = self.tokenizer.encode_batch_fast([self._text(commit)])
        return self.limit.least <= len(encoded.ids) <= self.limit.most

    def decided(self, commit: Commit) -> bool | None:
        """Return what `keep` would, where the bounds alone say it, else None."""
        if self.bounds is None:
            return None
        least, most = self.bounds.between(self._text(commit))
        if most < self.limit.least or least > self.limit.most:
            return False
        return True if self.limit.least <= least and most <= self.limit.most else None

    def _text(self, commit: Commit) -> str:
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
    return TokenRule(limit, tokenizer, byte_bounds(json.loads(text), tokenizer.num_special_tokens_to_add(False)))


def byte_bounds(form: dict[str, Any], specials: int) -> Bounds | None:
    """Return the bounds of a byte-level BPE tokenizer, None where any part of it could break them."""
    model, added = form["model"], form.get("added_tokens") or []
    if model.get("type") != "BPE" or form.get("normalizer") is not None or model.get("dropout"):
        return None
    if model.get("continuing_subword_prefix") or model.get("end_of_word_suffix"):
        return None
    splits = _pieces(form.get("pre_tokenizer"))
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


def _pieces(pre_tokenizer: dict[str, Any] | None) -> list[dict[str, Any]]:
    if pre_tokenizer is None:
        return []
    if pre_tokenizer["type"] != "Sequence":
        return [pre_tokenizer]
    return list(pre_tokenizer["pretokenizers"])


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
