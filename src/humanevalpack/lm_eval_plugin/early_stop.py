"""A transformers model stops at the end of its answer: each row of a batch as soon as no continuation can change it.

The reference harness does the same (evaluation rules, section 4). Base models seldom end by themselves, and bracket
languages have no stop words: without this every answer would use up its whole budget.
"""

from collections.abc import Callable, Sequence
from typing import Any

from humanevalpack.completions import is_complete

ENDING = "answer_ending"
"""Name among a request's arguments of what ends its answer: language, profile and words. Never reaches transformers;
among the arguments it is part of lm_eval's cache keys, and lm_eval puts into one batch only what ends alike."""


def stopping_early(lm: Any) -> Callable[..., Any]:
    """Return the model's ``generate``, for calls of lm_eval's ``HFLM`` with ``ENDING`` among the arguments."""
    original = lm.model.generate

    def generate(**arguments: Any) -> Any:
        ending = arguments.pop(ENDING, None)
        if ending is None:
            return original(**arguments)
        rows, start = arguments["input_ids"].shape
        language, profile, *words = ending
        words.append(lm.tok_decode(lm.eot_token_id, skip_special_tokens=False))  # lm_eval cuts there too
        answers = _Answers(rows, start, lm.tok_decode, lambda text: is_complete(text, language, words, profile=profile))
        # A list of transformers' own class stays one. lm_eval's criteria look for words that are among ours, and each
        # has the whole batch come from the GPU and decoded; beams, which ours leave alone, keep them.
        criteria = arguments["stopping_criteria"]
        kept = criteria if arguments.get("num_beams", 1) > 1 else ()
        output = original(**{**arguments, "stopping_criteria": type(criteria)([*kept, answers])})
        for row, end in enumerate(answers.ends):
            if end is not None:
                output[row, end:] = lm.eot_token_id  # in place of padding, whose text lm_eval would keep
        return output

    return generate


class _Answers:
    """A stopping criterion of transformers: the texts of a batch as they grow, and where each was complete."""

    def __init__(
        self, rows: int, start: int, decode: Callable[[Sequence[int]], str], complete: Callable[[str], bool]
    ) -> None:
        self.ends: list[int | None] = [None] * rows
        """Length in tokens, prompt included, at which a row was complete."""
        self._start = start
        self._read = [start] * rows
        self._texts = [""] * rows
        self._decode = decode
        self._complete = complete

    def __call__(self, input_ids: Any, _scores: Any, **_: Any) -> Any:
        """Return one bool for each row; beams, which are more rows than answers and change places, never stop."""
        rows, length = input_ids.shape
        if rows != len(self.ends):
            return input_ids.new_zeros(rows).bool()
        still_open = [row for row, end in enumerate(self.ends) if end is None]
        first = min((self._read[row] for row in still_open), default=length)
        tokens = input_ids[:, first:].tolist()
        for row in still_open:
            fresh = tokens[row][self._read[row] - first :]
            if self._has_ended(row, fresh, input_ids):
                self.ends[row] = length
        return input_ids.new_tensor([end is not None for end in self.ends]).bool()

    def _has_ended(self, row: int, fresh: list[int], input_ids: Any) -> bool:
        """Decode what is new; only where that seems to be the end, decode everything, as lm_eval will."""
        text = self._texts[row] + self._decode(fresh)
        if not _is_firm(text):
            return False
        if self._complete(text):
            text = self._decode(input_ids[row, self._start :].tolist())
            if _is_firm(text.rstrip()) and self._complete(text):
                return True
        self._texts[row] = text
        self._read[row] += len(fresh)
        return False


def _is_firm(text: str) -> bool:
    """Whether later tokens leave the text as it is: other characters than ASCII may lack some of their bytes yet."""
    return text[-1:].isascii()
