"""Tokenizers of a few hundred tokens, trained on the spot: byte-level like the release's, and others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

TEXT = ["def add(x, y):\n    return x + y\n", "for (int i = 0; i < n; i++) { total += i; }\n", "é ü ß 漢字\n"] * 20
END = "<|endoftext|>"
BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False)


def byte_level(size: int = 400, **changes: Any) -> Tokenizer:
    """Return a byte-level BPE tokenizer with the end-of-text token, as StarCoder's is."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), BYTES])
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=[END], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    for name, value in changes.items():
        setattr(tokenizer, name, value)
    return tokenizer


def _with_token(token: AddedToken) -> Tokenizer:
    tokenizer = byte_level()
    tokenizer.add_tokens([token])
    return tokenizer


def _with_end() -> Tokenizer:
    tokenizer = byte_level()
    number = tokenizer.token_to_id(END)
    tokenizer.post_processor = processors.TemplateProcessing(f"$A {END}", special_tokens=[(END, number)])
    return tokenizer


def _cut() -> Tokenizer:
    tokenizer = byte_level()
    tokenizer.enable_truncation(5)
    return tokenizer


# Those whose counts have bounds in bytes, and those whose counts have none.
BOUNDED: dict[str, Callable[[], Tokenizer]] = {
    "as StarCoder": byte_level,
    "with a token added to each text": _with_end,
    "with a long token": lambda: _with_token(AddedToken("x" * 50)),
    "with a token that takes the spaces around it": lambda: _with_token(AddedToken("<m>", lstrip=True, rstrip=True)),
    "with truncation": _cut,
    "as GPT-2": lambda: byte_level(pre_tokenizer=BYTES),
    "with a token of two words": lambda: _with_token(AddedToken("a b")),
    "with a token of spaces": lambda: _with_token(AddedToken("    ")),
    "with a token that must be a word": lambda: _with_token(AddedToken("ab", single_word=True)),
    "without a regular expression": lambda: byte_level(
        pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    ),
    "with an expression of its own": lambda: byte_level(
        pre_tokenizer=pre_tokenizers.Sequence([pre_tokenizers.Split(Regex("[a-z] [a-z]"), "isolated"), BYTES])
    ),
}
CHUNKED = {
    "as StarCoder", "as GPT-2", "with a token added to each text", "with a long token", "with truncation",
    "with a token of spaces",
}  # fmt: skip
"""Those whose texts may be cut in front of white space."""
UNBOUNDED: dict[str, Callable[[], Tokenizer]] = {
    "lower-casing": lambda: byte_level(normalizer=normalizers.Lowercase()),
    "prefix space": lambda: byte_level(pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=True)),
    "removing": lambda: byte_level(
        pre_tokenizer=pre_tokenizers.Sequence([pre_tokenizers.Split(" ", "removed"), BYTES])
    ),
    "white space": lambda: byte_level(pre_tokenizer=pre_tokenizers.Whitespace()),
}


def saved(tokenizer: Tokenizer, path: Path) -> Path:
    """Write tokenizer.json."""
    tokenizer.save(str(path))
    return path
