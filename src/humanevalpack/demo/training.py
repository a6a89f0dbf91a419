"""Teaching the tiny model: loss on the answers only, until every answer is known by heart."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from humanevalpack.demo.lessons import Lesson
from humanevalpack.demo.tiny_model import SEED, Model, Tokenizer

LEARNING_RATE = 3e-3
WARM_UP = 10
BATCH_TOKENS = 1024
# How far the right token's logit must lie above the next: far more than what batching and key-value caches change.
MARGIN = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """State of a training run after one pass over the lessons."""

    epoch: int
    loss: float
    """Mean cross-entropy of an answer's tokens, in nats, while training."""
    learned: int
    """Lessons all of whose tokens are predicted rightly, with a margin."""
    lessons: int


def train(
    model: Model,
    tokenizer: Tokenizer,
    course: Sequence[Lesson],
    *,
    epochs: int = 60,
    seed: int = SEED,
    on_epoch: Callable[[Progress], None] | None = None,
) -> Progress:
    """Train until every lesson is known by heart, at most ``epochs`` passes; returns the last state.

    Loss on the answers only. A lesson counts as learned when each of its tokens is the most likely one by a clear
    margin given the tokens before it: then greedy generation gives exactly this answer.
    """
    import torch

    encoded = [_encode(tokenizer, lesson) for lesson in course]
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.0)
    shuffle = random.Random(seed)
    state = Progress(0, math.inf, 0, len(course))
    # Matrices as small as these gain nothing from threads, and lose much on a busy machine.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    model.train()
    try:
        while state.learned < len(course) and state.epoch < epochs:
            # A cosine down to a tenth: at the full rate what was learned comes loose again.
            rate = LEARNING_RATE * (0.55 + 0.45 * math.cos(math.pi * state.epoch / epochs))
            state = _epoch(model, optimizer, list(_batches(encoded, shuffle)), rate, state)
            if on_epoch is not None:
                on_epoch(state)
    finally:
        model.eval()
        torch.set_num_threads(threads)
    return state


@dataclass(frozen=True, slots=True)
class _Encoded:
    prompt: list[int]
    answer: list[int]
    """Ends with the end-of-text token."""


def _encode(tokenizer: Tokenizer, lesson: Lesson) -> _Encoded:
    # Apart, not as one text: generation starts from exactly the prompt's tokens.
    prompt = tokenizer.encode(lesson.prompt, add_special_tokens=False)
    answer = tokenizer.encode(lesson.answer, add_special_tokens=False)
    return _Encoded(prompt, [*answer, tokenizer.eos_token_id])


def _batches(encoded: Sequence[_Encoded], shuffle: random.Random) -> Iterator[list[_Encoded]]:
    """Group lessons of like length (little padding), in random order."""
    order = sorted(encoded, key=lambda lesson: len(lesson.prompt) + len(lesson.answer) + shuffle.random() * 50)
    batches: list[list[_Encoded]] = [[]]
    for lesson in order:
        longest = len(lesson.prompt) + len(lesson.answer)
        if batches[-1] and longest * (len(batches[-1]) + 1) > BATCH_TOKENS:
            batches.append([])
        batches[-1].append(lesson)
    shuffle.shuffle(batches)
    yield from batches


def _epoch(
    model: Model, optimizer: Any, batches: Sequence[Sequence[_Encoded]], rate: float, before: Progress
) -> Progress:
    """One pass over the lessons; the very first steps warm up to ``rate``."""
    import torch

    losses: list[float] = []
    learned = 0
    for number, batch in enumerate(batches, start=1):
        for group in optimizer.param_groups:
            group["lr"] = rate if before.epoch else rate * min(1.0, number / WARM_UP)
        loss, known = _step(model, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        learned += known
    return Progress(before.epoch + 1, sum(losses) / len(losses), learned, before.lessons)


def _step(model: Model, batch: Sequence[_Encoded]) -> tuple[Any, int]:
    """Return the mean loss over the batch's answer tokens and the number of lessons known by heart."""
    import torch

    width = max(len(lesson.prompt) + len(lesson.answer) for lesson in batch) - 1
    tokens = torch.zeros(len(batch), width, dtype=torch.long)
    rows: list[int] = []
    columns: list[int] = []
    targets: list[int] = []
    for row, lesson in enumerate(batch):
        whole = lesson.prompt + lesson.answer
        tokens[row, : len(whole) - 1] = torch.tensor(whole[:-1])
        rows += [row] * len(lesson.answer)
        columns += range(len(lesson.prompt) - 1, len(whole) - 1)
        targets += lesson.answer
    # Right padding needs no mask: with causal attention no answer token sees what comes after it.
    hidden = model.model(input_ids=tokens).last_hidden_state
    logits = model.lm_head(hidden[rows, columns])
    target = torch.tensor(targets)
    loss = torch.nn.functional.cross_entropy(logits, target)
    with torch.no_grad():
        right = logits.gather(1, target[:, None])[:, 0]
        others = logits.scatter(1, target[:, None], -math.inf).amax(dim=1)
        unsure = {row for row, sure in zip(rows, (right >= others + MARGIN).tolist(), strict=True) if not sure}
    return loss, len(batch) - len(unsure)
