"""A packed row through a real model says of each pair what the pair says alone: GPTBigCode and megatron-core."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from megatron_core import QUIET, Tiny, causal_mask, gpt_model, ranks
from octopack_train.megatron.target_loss import counted, hidden, loss_weights, mean_loss, positions
from target_pairs import Pair, packed, stacked

pytestmark = QUIET
PAIRS: list[list[Pair]] = [
    [([5, 9, 17, 3], [22, 31]), ([8, 2], [40, 41, 42, 0]), ([11, 12, 13], [14])],
    [([1, 2, 3, 4, 5, 6, 7], [8, 9, 10]), ([60], [61, 62])],
]
WIDTH = 21
Forward = Callable[[Any, Any, Any], torch.Tensor]
"""From tokens, positions and what is hidden to logits [rows, length, vocabulary]."""


@pytest.fixture(params=["gpt-bigcode", "megatron-core"])
def forward(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Forward]:
    """A model with random weights, twice as large as usual: what it sees makes a difference."""
    if request.param == "megatron-core":
        with ranks(tmp_path), torch.no_grad():
            model = gpt_model(Tiny()).eval()
            for parameter in model.parameters():
                parameter.mul_(2)
            yield model
    else:
        from transformers import GPTBigCodeConfig, GPTBigCodeForCausalLM

        torch.manual_seed(0)
        config = GPTBigCodeConfig(  # type: ignore[call-arg]
            vocab_size=128, n_positions=32, n_embd=32, n_layer=2, n_head=4, initializer_range=0.04,
            activation_function="gelu_pytorch_tanh", attn_implementation="eager",
        )  # fmt: skip
        bigcode: Any = GPTBigCodeForCausalLM(config).eval()  # type: ignore[no-untyped-call]

        def logits(tokens: Any, position_ids: Any, mask: Any) -> torch.Tensor:
            added = torch.zeros(mask.shape).masked_fill(mask, torch.finfo(torch.float32).min)
            found: torch.Tensor = bigcode(tokens, position_ids=position_ids, attention_mask=added).logits
            return found

        with torch.no_grad():
            yield logits


def alone(forward: Forward, pair: Pair) -> torch.Tensor:
    """What the model says of a pair that has nothing before it: [length, vocabulary]."""
    tokens = torch.tensor([pair[0] + pair[1]])
    length = tokens.shape[1]
    return forward(tokens, torch.arange(length)[None], causal_mask(length))[0]


def together(forward: Forward) -> torch.Tensor:
    rows = stacked([packed(row, WIDTH, padding=7) for row in PAIRS])
    seen = rows.segments[:, :-1]
    parts = (rows.tokens[:, :-1], positions(seen), hidden(seen))
    return forward(*(torch.from_numpy(part) for part in parts))


def test_a_packed_row_equals_separate_runs(forward: Forward) -> None:
    logits = together(forward)
    for number, row in enumerate(PAIRS):
        begin = 0
        for pair in row:
            expected = alone(forward, pair)
            here = logits[number, begin : begin + len(expected)]
            torch.testing.assert_close(here, expected, atol=1e-6, rtol=0)
            begin += len(expected)


def test_the_loss_of_a_packed_batch_is_the_mean_of_each_pair_alone(forward: Forward) -> None:
    each = []
    for pair in (pair for row in PAIRS for pair in row):
        said = alone(forward, pair)[len(pair[0]) - 1 : -1]
        each.append(torch.nn.functional.cross_entropy(said, torch.tensor(pair[1])).item())
    rows = stacked([packed(row, WIDTH, padding=7) for row in PAIRS])
    losses = torch.nn.functional.cross_entropy(
        together(forward).transpose(1, 2), torch.from_numpy(rows.tokens[:, 1:]), reduction="none"
    )
    weights = torch.from_numpy(loss_weights(counted(rows, "targets"), "normalized"))
    assert mean_loss(losses, weights).item() == pytest.approx(sum(each) / len(each), abs=1e-6)


def test_without_the_mask_and_the_positions_it_is_another_row(forward: Forward) -> None:
    """So that the equality above says something: the model does look at what it can see."""
    rows = stacked([packed(row, WIDTH, padding=7) for row in PAIRS])
    tokens, seen = torch.from_numpy(rows.tokens[:, :-1]), rows.segments[:, :-1]
    for at, mask in (
        (torch.arange(WIDTH - 1).expand(2, -1), torch.from_numpy(hidden(seen))),
        (torch.from_numpy(positions(seen)), causal_mask(WIDTH - 1).expand(2, 1, -1, -1)),
    ):
        other = forward(tokens, at, mask)
        expected = alone(forward, PAIRS[0][1])
        assert (other[0, 6 : 6 + len(expected)] - expected).abs().max() > 1e-3
