"""Tiny models with random weights and adapters on them, in folders as a training run leaves them."""

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    GPTBigCodeConfig,
    GPTBigCodeForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from tiny_tokenizers import END, byte_level

TARGETS = ("c_proj", "c_attn", "q_attn")


def big_code(seed: int = 0, layers: int = 2) -> Any:
    """A GPTBigCode model in fp32: one group of keys, tied embeddings, as StarCoder."""
    torch.manual_seed(seed)
    config = GPTBigCodeConfig(
        vocab_size=512, n_positions=64, n_embd=32, n_layer=layers, n_head=4, multi_query=True, initializer_range=0.2
    )
    return GPTBigCodeForCausalLM(config).eval()  # type: ignore[no-untyped-call]


def llama(seed: int = 0) -> Any:
    """A Llama with an output layer of its own."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=512, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4
    )
    return LlamaForCausalLM(config).eval()  # type: ignore[no-untyped-call]


def save_base(folder: Path, model: Any = None, dtype: torch.dtype = torch.float32, **saved: Any) -> Path:
    """Write a base model with its tokenizer and its generation settings."""
    model = (big_code() if model is None else model).to(dtype)
    model.generation_config.max_new_tokens = 7
    model.save_pretrained(folder, **saved)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=byte_level(), eos_token=END)  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(folder)
    return folder


def save_adapter(folder: Path, base: Path, seed: int = 1, **lora: Any) -> Path:
    """Write an adapter whose two matrices are both random: it changes what the base says."""
    torch.manual_seed(seed)
    settings: dict[str, Any] = {
        "r": 4,
        "lora_alpha": 8,
        "target_modules": list(TARGETS),
        "task_type": "CAUSAL_LM",
    } | lora
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    adapted = get_peft_model(model, LoraConfig(**settings))
    with torch.no_grad():
        for name, values in adapted.named_parameters():
            if "lora_" in name:
                values.normal_(std=0.1)
    adapted.save_pretrained(str(folder))
    return folder
