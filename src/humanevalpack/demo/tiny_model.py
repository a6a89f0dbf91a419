"""A tiny language model, made on the spot: no hub, no download, seconds on one core.

A 2-layer Llama with its own byte-level BPE tokenizer. Taught some lessons (``training.py``) it proves the chain from
prompt to verdict: what it has learned must score 1.0, and the same model before training 0.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from humanevalpack.prompts import END_OF_TEXT

# transformers' own classes are Any here: their types differ from version to version.
Model = Any
Tokenizer = Any

SEED = 20230814
PADDING = "<|padding|>"
VOCABULARY = 2048
LONGEST = 4096
# The octocoder template as a chat template, so that a chat run shows the model the very text that it was trained on.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ 'Question: ' if message.role == 'user' else 'Answer:\n' }}{{ message.content }}"
    "{{ '\n\n' if message.role == 'user' else eos_token }}"
    "{% endfor %}{{ 'Answer:' if add_generation_prompt }}"
)


def build_tokenizer(texts: Sequence[str]) -> Tokenizer:
    """Train a byte-level BPE tokenizer on ``texts``: it loses no character and adds no token at the ends."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(
        texts, vocab_size=VOCABULARY, min_frequency=2, special_tokens=[END_OF_TEXT, PADDING], show_progress=False
    )
    tokenizer: Tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=bpe._tokenizer,
        eos_token=END_OF_TEXT,
        bos_token=END_OF_TEXT,
        pad_token=PADDING,
        padding_side="left",
        clean_up_tokenization_spaces=False,
        model_max_length=LONGEST,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def build_model(tokenizer: Tokenizer, *, seed: int = SEED) -> Model:
    """Return an untrained model with seeded random weights; torch's global random state is left as it was."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=LONGEST,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: Model = LlamaForCausalLM(config)  # type: ignore[no-untyped-call]
    return model.eval()


def save(model: Model, tokenizer: Tokenizer, folder: Path) -> Path:
    """Write model and tokenizer into ``folder`` as ``--model hf --model_args pretrained=<folder>`` reads them."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
