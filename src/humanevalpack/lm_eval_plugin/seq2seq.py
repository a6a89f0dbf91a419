"""Model class ``hf-encoder-decoder``: the encoder reads the question, the decoder starts from the whole prompt.

For instructcodet5p and its like (evaluation rules, section 3). lm_eval's own class for such models lets the decoder
start from nothing, so that an answer could not continue the function's head.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs, postprocess_generated_text
from lm_eval.models.utils_hf import stop_sequences_criteria

from humanevalpack.errors import UsageError

ENCODER_PROMPT = "encoder_prompt"
"""Name among a request's arguments of what the encoder reads."""


class EncoderDecoderLM(HFLM):  # type: ignore[misc]  # lm_eval is untyped
    """Equal requests (the samples of a problem) are a batch: decoder prompts of different lengths cannot share one."""

    def generate_until(self, requests: Sequence[Instance], disable_tqdm: bool = False) -> list[str]:
        """Return the answers in the order of the requests; raises UsageError for a model without an encoder."""
        if self.backend != "seq2seq":
            raise UsageError(f"{self.pretrained} is not an encoder-decoder model: use --model hf")
        answers: dict[int, str] = {}
        for places in _batches(requests, int(self.batch_size)):
            prompt, arguments = requests[places[0]].args
            for place, text in zip(places, self._answers(prompt, dict(arguments), len(places)), strict=True):
                answers[place] = text
                self.cache_hook.add_partial("generate_until", (prompt, arguments), text)
        return [answers[place] for place in range(len(requests))]

    def _answers(self, prompt: str, arguments: dict[str, Any], count: int) -> list[str]:
        read = arguments.pop(ENCODER_PROMPT, prompt)
        settings = normalize_gen_kwargs(arguments, self.max_gen_toks)
        stops = handle_stop_sequences(settings.pop("until"), self.tok_decode(self.eot_token_id, False))
        budget = settings.pop("max_gen_toks")
        if not settings["do_sample"]:
            settings.pop("temperature", None)
        encoder = self.tokenizer([read] * count, return_tensors="pt").to(self.device)
        decoder = self.tokenizer([prompt] * count, return_tensors="pt", add_special_tokens=False).to(self.device)
        # transformers puts the start token (padding, as T5 was trained) before the decoder's prompt.
        start = decoder.input_ids.shape[1] + 1
        output = self.model.generate(
            input_ids=encoder.input_ids,
            attention_mask=encoder.attention_mask,
            decoder_input_ids=decoder.input_ids,
            decoder_start_token_id=self.tokenizer.pad_token_id,
            pad_token_id=self.tokenizer.pad_token_id,
            max_length=start + budget,
            stopping_criteria=stop_sequences_criteria(self.tokenizer, stops, start, count),
            **settings,
        )
        return [postprocess_generated_text(self.tok_decode(row[start:].tolist()), stops, None) for row in output]


def _batches(requests: Sequence[Instance], size: int) -> Iterable[list[int]]:
    """Yield the places of equal requests, at most ``size`` at once."""
    groups: dict[tuple[str, str], list[int]] = {}
    for place, request in enumerate(requests):
        groups.setdefault((request.args[0], repr(request.args[1])), []).append(place)
    for places in groups.values():
        for first in range(0, len(places), size):
            yield places[first : first + size]
