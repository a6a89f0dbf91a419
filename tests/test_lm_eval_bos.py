"""The token that begins a text stands before a prompt once."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from tokenizers.processors import TemplateProcessing

from humanevalpack import load_problems
from humanevalpack.demo.tiny_model import build_model, build_tokenizer, save
from lm_eval_runs import run

pytest_plugins = ["tiny_models"]
# One worker of pytest-xdist makes the models and runs that these tests share.
pytestmark = pytest.mark.xdist_group("lm_eval_tokens")


@pytest.fixture(scope="module")
def bos_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose tokenizer puts a BOS token before every text, as Llama's does, and whose chats begin with one."""
    tokenizer: Any = build_tokenizer([problem.prompt for problem in load_problems("python", "mini")])
    tokenizer.add_special_tokens({"bos_token": "<s>"})
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", tokenizer.bos_token_id)]
    )
    tokenizer.chat_template = "<s>" + tokenizer.chat_template
    return save(build_model(tokenizer), tokenizer, tmp_path_factory.mktemp("bos"))


@pytest.mark.parametrize("chat", [False, True], ids=["plain", "chat template"])
def test_there_is_exactly_one_bos_before_a_prompt(bos_model: Path, chat: bool) -> None:
    lm = HFLM(pretrained=str(bos_model), device="cpu", batch_size=2)
    seen: list[torch.Tensor] = []
    generate = lm.model.generate

    def noted(**kwargs: Any) -> Any:
        seen.extend(kwargs["input_ids"])
        return generate(**kwargs)

    lm.model.generate = noted
    run(
        "humanevalsynthesize-python",
        lm,
        metadata={"max_new_tokens": 2},
        limit=2,
        predict_only=True,
        apply_chat_template=chat,
    )
    bos = lm.tokenizer.bos_token_id
    assert [row.tolist().count(bos) for row in seen] == [1, 1]
