"""From texts to tokens: where the completion begins, one end marker, what does not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_train.config.model import NEW_TOKENIZER, ModelSettings
from octopack_train.config.sequence import Loss, SequenceSettings
from octopack_train.texts import Text

Tokenizer = Any
"""Of transformers, whose types differ from version to version."""
IGNORED = -100
"""Label of a token that is not trained."""
CUTTING = ("none", "greedy", "bfd")
"""Packings with whole examples, of which one that is longer than a row must be cut, dropped or refused."""
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Tokens:
    """One example as token ids."""

    ids: list[int]
    prompt: int
    """How many of them are the prompt's."""
    text: Text

    @property
    def characters(self) -> int:
        """Of the text, without the end marker."""
        return len(self.text.prompt) + len(self.text.completion)

    def labels(self, loss: Loss) -> list[int]:
        """Return what is trained at each place: a token id, or IGNORED."""
        return list(self.ids) if loss == "all" else [IGNORED] * self.prompt + self.ids[self.prompt :]


def load_tokenizer(model: ModelSettings, texts: Iterable[Text]) -> Tokenizer:
    """Return the tokenizer of a model, or one made from ``texts``; raises UsageError and EnvironmentFault."""
    if model.tokenizer == NEW_TOKENIZER:
        from humanevalpack.demo.tiny_model import build_tokenizer

        return build_tokenizer([text.prompt + text.completion for text in texts])
    name = model.tokenizer or model.base
    check_place("model.tokenizer" if model.tokenizer else "model.base", name)
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            name,
            revision=None if model.tokenizer else model.revision,
            trust_remote_code=False,  # left out, transformers asks on the terminal, and runs it on a yes
        )
    except (OSError, ValueError) as error:
        raise EnvironmentFault(
            f"model.tokenizer: {name} is no folder with a tokenizer here, and the hub did not give one ({error})"
        ) from error
    if tokenizer.eos_token_id is None:
        raise UsageError(f"model.tokenizer: {name} has no end-of-text token; name another tokenizer")
    return tokenizer


def check_place(setting: str, name: str) -> None:
    """Raise InputError for a path that is not there: it is no hub id, and the hub need not be asked."""
    if name.startswith(("/", ".", "~")) and not Path(name).exists():
        raise InputError(f"{setting}: {name} is not there: name a folder, or a hub id (owner/name)")


def tokenize(
    tokenizer: Tokenizer, texts: Iterable[Text], sequence: SequenceSettings, counts: Counter[str]
) -> Iterator[Tokens]:
    """Yield the tokens of every text, prompt and completion tokenized as one; count what is not as it should be.

    ``boundary_moved``: the prompt's own tokens do not begin the whole's, so that a model in use sees others than it was
    trained on; what differs is trained.
    """
    marker = tokenizer.eos_token_id if sequence.end_marker == "eos" else None
    source = iter(texts)
    while batch := list(islice(source, _BATCH)):
        alone = _ids(tokenizer, [text.prompt for text in batch])
        whole = _ids(tokenizer, [text.prompt + text.completion for text in batch])
        for text, prompt, ids in zip(batch, alone, whole, strict=True):
            shared = common_prefix(prompt, ids)
            counts["boundary_moved"] += shared < len(prompt)
            if marker is not None and (not ids or ids[-1] != marker):
                ids.append(marker)
            yield Tokens(ids, shared, text)


def _ids(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    return list(tokenizer(list(texts), verbose=False)["input_ids"])


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """Return how many tokens two sequences have in common at their beginning."""
    return next(
        (place for place, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )


def fitting(
    examples: Iterable[Tokens], sequence: SequenceSettings, loss: Loss, counts: Counter[str]
) -> Iterator[Tokens]:
    """Yield what a row can hold, and count what is cut or left out; raises InputError if that is not wanted.

    An example of which nothing would be trained is left out. Cutting takes the end: the end marker goes with it.
    """
    cuts, length = sequence.packing in CUTTING, sequence.length
    for number, example in enumerate(examples, start=1):
        counts["examples"] += 1
        counts["tokens"] += len(example.ids)
        if cuts and len(example.ids) > length:
            if sequence.overlong == "error":
                raise InputError(
                    f"example {number} has {len(example.ids)} tokens, sequence.length is {length}: "
                    "raise it, or say sequence.overlong=truncate or drop"
                )
            if sequence.overlong == "drop":
                counts["dropped_overlong"] += 1
                continue
            counts["truncated"] += 1
            counts["truncated_tokens"] += len(example.ids) - length
            example = Tokens(example.ids[:length], min(example.prompt, length), example.text)
        if loss == "targets" and example.prompt >= len(example.ids):
            counts["dropped_untrained"] += 1
            continue
        yield example
