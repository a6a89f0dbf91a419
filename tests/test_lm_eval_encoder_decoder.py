"""Encoder-decoder models: the encoder reads the question, the decoder continues the prompt; as plain ``generate``."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer, T5Config, T5ForConditionalGeneration

from humanevalpack import load_problems, render_prompt, stop_words
from humanevalpack.completions import cut_at_stop_words, extract_candidate
from humanevalpack.demo.tiny_model import build_tokenizer
from humanevalpack.errors import UsageError
from humanevalpack.prompts import render_encoder_prompt
from lm_eval_runs import Run, run

# One worker of pytest-xdist makes the models and runs that these tests share.
pytestmark = pytest.mark.xdist_group("lm_eval_encoder_decoder")

PROMPT = "instructcodet5p"
SCENARIOS = ("fixtests", "fixdocs", "explaindescribe", "explainsynthesize", "synthesize")
BUDGET = 24


@pytest.fixture(scope="module")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random T5 whose tokenizer ends every text with the end token, as T5's does."""
    from tokenizers.processors import TemplateProcessing

    tokenizer: Any = build_tokenizer([problem.prompt + problem.test for problem in load_problems("go", "mini")])
    end = tokenizer.eos_token
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"$A {end}", special_tokens=[(end, tokenizer.eos_token_id)]
    )
    torch.manual_seed(1)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=64,
        d_kv=16,
        d_ff=128,
        num_layers=2,
        num_heads=4,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        initializer_factor=20.0,
        decoder_start_token_id=tokenizer.pad_token_id,  # type: ignore[call-arg]  # inherited
    )
    folder = tmp_path_factory.mktemp("t5")
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@cache
def model_and_tokenizer(folder: Path) -> tuple[Any, Any]:
    return T5ForConditionalGeneration.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def plain(folder: Path, read: str, prompt: str) -> str:
    model, tokenizer = model_and_tokenizer(folder)
    start = torch.tensor([[tokenizer.pad_token_id, *tokenizer.encode(prompt, add_special_tokens=False)]])
    output = model.generate(
        tokenizer(read, return_tensors="pt").input_ids, decoder_input_ids=start, do_sample=False, max_new_tokens=BUDGET
    )
    answer: str = tokenizer.decode(output[0, start.shape[1] :], skip_special_tokens=False)
    return answer.split(tokenizer.eos_token)[0]


def evaluate(folder: Path, tasks: str, **metadata: Any) -> Run:
    settings: dict[str, Any] = {"prompt": PROMPT, "max_new_tokens": BUDGET, **metadata}
    arguments = f"pretrained={folder},device=cpu"
    return run(
        tasks, "hf-encoder-decoder", model_args=arguments, metadata=settings, limit=2, predict_only=True, batch_size=3
    )


@pytest.fixture(scope="module")
def greedy(t5: Path) -> Run:
    return evaluate(t5, "humanevalpack_go")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_greedy_answers_are_those_of_plain_generate_with_both_prompts(t5: Path, greedy: Run, scenario: str) -> None:
    expected = []
    for problem in load_problems("go", "mini")[:2]:
        description = None
        if scenario == "explainsynthesize":
            asked = (
                render_encoder_prompt(problem, "explaindescribe", prompt=PROMPT) or "",
                render_prompt(problem, "explaindescribe", prompt=PROMPT),
            )
            description = extract_candidate(problem, "explaindescribe", plain(t5, *asked), prompt=PROMPT)
        read = render_encoder_prompt(problem, scenario, prompt=PROMPT, description=description)
        assert read is not None
        expected.append(plain(t5, read, render_prompt(problem, scenario, prompt=PROMPT, description=description)))
    generated = greedy.generations(f"humaneval{scenario}-go")
    # Ours end at a stop word, the plain loop goes on.
    assert generated == [cut_at_stop_words(text, stop_words("go", prompt=PROMPT)) for text in expected]
    assert all(generated)


def test_samples_of_one_problem_differ(t5: Path) -> None:
    task = "humanevalsynthesize-go"
    # The random weights are so large that this model is never in doubt at ordinary temperatures.
    generations = evaluate(t5, task, n_samples=4, temperature=1000).generations(task)
    assert len(set(generations)) == 8


def test_a_template_for_decoders_only_is_refused(t5: Path) -> None:
    with pytest.raises(UsageError, match=r"'octocoder' is for decoders only.*instructcodet5p"):
        evaluate(t5, "humanevalsynthesize-go", prompt="octocoder")


def test_lm_eval_s_own_class_for_such_models_is_refused(t5: Path) -> None:
    with pytest.raises(UsageError, match="use --model hf-encoder-decoder"):
        run("humanevalsynthesize-go", t5, metadata={"prompt": PROMPT}, limit=1, predict_only=True)
