"""octopack-train megatron to-hf and from-hf: ranks merged and split to the bit, in every spelling."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from adapter_models import save_base
from checkpoint_files import arguments, big_code_noisy, change_rank, tensors_2023, write_rank
from humanevalpack.errors import InputError, UsageError
from octopack_train.commands import main
from octopack_train.equivalence import compare_models
from octopack_train.megatron.checkpoints.from_hf import FromHf, from_hf
from octopack_train.megatron.checkpoints.to_hf import ToHf, to_hf
from octopack_train.torch_files import load_values

FILE = "model_optim_rng.pt"
EMBEDDING = "embedding.word_embeddings.weight"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of two layers, with its tokenizer."""
    return save_base(tmp_path_factory.mktemp("base") / "model", big_code_noisy())


@pytest.mark.parametrize("spelling", ["core-local", "core-te", "bigcode-2023"])
@pytest.mark.parametrize(("tensor", "pipeline"), [(1, 1), (2, 1), (2, 2)])
def test_a_model_comes_back_to_the_bit(spelling: str, tensor: int, pipeline: int, base: Path, tmp_path: Path) -> None:
    done = from_hf(base, tmp_path / "megatron", FromHf(tensor, pipeline, spelling))
    assert done.ranks == tensor * pipeline
    back = to_hf(tmp_path / "megatron", tmp_path / "model", ToHf())
    assert (back.spelling, back.ranks) == (spelling, (tensor, pipeline))
    assert compare_models(base, tmp_path / "model").equal


def test_a_checkpoint_comes_back_to_the_bit(base: Path, tmp_path: Path) -> None:
    from_hf(base, tmp_path / "first", FromHf(2, 2))
    to_hf(tmp_path / "first", tmp_path / "model", ToHf(shard_size="30KB"))
    from_hf(tmp_path / "model", tmp_path / "second", FromHf(2, 2))
    ranks = sorted(path.parent.name for path in (tmp_path / "first").glob(f"release/*/{FILE}"))
    assert ranks == ["mp_rank_00_000", "mp_rank_00_001", "mp_rank_01_000", "mp_rank_01_001"]
    for rank in ranks:
        both = [tmp_path / name / "release" / rank / FILE for name in ("first", "second")]
        assert compare_models(*both).equal


def test_the_fork_of_2023_has_queries_apart_and_keys_on_every_rank(base: Path, tmp_path: Path) -> None:
    state = load_file(base / "model.safetensors")
    old = arguments(attention_head_type="multiquery", layernorm_epsilon=1e-5)
    for rank in range(2):
        write_rank(tmp_path / "iter_0000005", f"mp_rank_{rank:02d}", tensors_2023(state, rank, 2), old)
    (tmp_path / "latest_checkpointed_iteration.txt").write_text("5")
    assert to_hf(tmp_path, tmp_path / "model", ToHf()).spelling == "bigcode-2023"
    assert compare_models(base, tmp_path / "model").equal
    from_hf(base, tmp_path / "again", FromHf(2, spelling="bigcode-2023"))
    for rank in range(2):
        name = f"mp_rank_{rank:02d}/{FILE}"
        written, read = load_values(tmp_path / "again/release" / name), load_values(tmp_path / "iter_0000005" / name)
        assert list(written["model"]["language_model"]["encoder"]) != []
        assert nesting(written["model"]) == nesting(read["model"])
        assert compare_models(tmp_path / "again/release" / name, tmp_path / "iter_0000005" / name).differences[0:] == ()


def nesting(values: Any) -> Any:
    return {name: nesting(value) for name, value in sorted(values.items())} if isinstance(values, dict) else ()


def test_rows_that_fill_the_vocabulary_up_are_zeros_and_are_cut(base: Path, tmp_path: Path) -> None:
    done = from_hf(base, tmp_path / "megatron", FromHf(2, vocabulary_multiple=200))
    assert (done.vocabulary, done.padded) == (512, 800)
    last = load_values(tmp_path / "megatron/release/mp_rank_01" / FILE)["model"][EMBEDDING]
    assert last.shape == (400, 32)
    assert last[112:].count_nonzero() == 0
    for name, settings in (("told", ToHf(vocabulary=512)), ("saved", ToHf())):
        kept = to_hf(tmp_path / "megatron", tmp_path / name, settings)
        assert (kept.vocabulary, kept.padded) == (512, 800)
        assert compare_models(base, tmp_path / name).equal
    for rank in range(2):
        change_rank(tmp_path / f"megatron/release/mp_rank_{rank:02d}" / FILE, lambda values: values.pop("args"))
    assert to_hf(tmp_path / "megatron", tmp_path / "all", ToHf(architecture=str(base))).vocabulary == 512
    with pytest.raises(UsageError, match="name its --architecture"):
        to_hf(tmp_path / "megatron", tmp_path / "no", ToHf())
    with pytest.raises(InputError, match="has 800 rows, the vocabulary 801"):
        to_hf(tmp_path / "megatron", tmp_path / "more", ToHf(str(base), vocabulary=801))


def test_what_is_read_is_never_written_over(base: Path, tmp_path: Path) -> None:
    from_hf(base, tmp_path / "megatron", FromHf())
    for source in (tmp_path / "megatron", tmp_path / "megatron/release"):
        with pytest.raises(UsageError, match="is what is read"):
            to_hf(source, tmp_path / "megatron", ToHf(), overwrite=True)


def spoil(name: str, rank: str, folder: Path) -> None:
    def change(values: dict[str, Any]) -> None:
        values["model"][name].view(-1)[3] += 1

    change_rank(folder / "release" / rank / FILE, change)


COPIES = {
    "decoder.layers.0.input_layernorm.weight": ("mp_rank_01_000", "mp_rank_00_000 and mp_rank_01_000 differ"),
    "embedding.position_embeddings.weight": ("mp_rank_01_000", "mp_rank_00_000 and mp_rank_01_000 differ"),
    "decoder.layers.0.mlp.linear_fc2.bias": ("mp_rank_01_001", "mp_rank_00_001 and mp_rank_01_001 differ"),
    "decoder.final_layernorm.bias": ("mp_rank_00_001", "mp_rank_00_001 and mp_rank_01_001 differ"),
    "output_layer.weight": ("mp_rank_01_001", "mp_rank_01_000 and mp_rank_01_001 differ"),
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_on_ranks_must_be_equal(name: str, base: Path, tmp_path: Path) -> None:
    rank, message = COPIES[name]
    from_hf(base, tmp_path / "megatron", FromHf(2, 2))
    spoil(name, rank, tmp_path / "megatron")
    with pytest.raises(InputError) as error:
        to_hf(tmp_path / "megatron", tmp_path / "model", ToHf())
    whole = name.replace("layers.0", "layers.1") if "_001" in rank else name
    assert f"{whole} must be equal on all ranks, {message}: 1 values, first at 3" in str(error.value)
    assert not (tmp_path / "model").exists()


def test_a_type_can_be_chosen_and_what_it_cannot_hold_is_an_error(base: Path, tmp_path: Path) -> None:
    from_hf(base, tmp_path / "megatron", FromHf(2, dtype="bf16"))
    to_hf(tmp_path / "megatron", tmp_path / "half", ToHf(dtype="fp16"))
    config = json.loads((tmp_path / "half/config.json").read_text())
    assert (config["dtype"], config["architectures"]) == ("float16", ["GPTBigCodeForCausalLM"])
    assert {tensor.dtype for tensor in load_file(tmp_path / "half/model.safetensors").values()} == {torch.float16}
    huge = load_file(base / "model.safetensors")
    huge["transformer.ln_f.weight"][0] = 1e6
    model = big_code_noisy()
    model.load_state_dict(huge | {"lm_head.weight": huge["transformer.wte.weight"]})
    for convert, message in (
        (lambda: from_hf(save_base(tmp_path / "huge", model), tmp_path / "no", FromHf(dtype="fp16")), "ln_f.weight"),
        (lambda: from_hf(tmp_path / "huge", tmp_path / "yes", FromHf()), ""),
        (lambda: to_hf(tmp_path / "yes", tmp_path / "no", ToHf(dtype="fp16")), "ln_f.weight"),
    ):
        if message:
            with pytest.raises(InputError, match=f"{message} is not finite as fp16"):
                convert()
            assert not (tmp_path / "no").exists()
        else:
            convert()


def test_types_are_never_mixed_or_cast_unasked(base: Path, tmp_path: Path) -> None:
    from_hf(base, tmp_path / "megatron", FromHf(2))
    name = "decoder.layers.1.mlp.linear_fc1.weight"

    def halve(values: dict[str, Any]) -> None:
        values["model"][name] = values["model"][name].bfloat16()

    change_rank(tmp_path / "megatron/release/mp_rank_01" / FILE, halve)
    with pytest.raises(InputError, match=f"{name} must be of one type on all ranks: mp_rank_00 torch.float32, mp_rank"):
        to_hf(tmp_path / "megatron", tmp_path / "model", ToHf())
    change_rank(tmp_path / "megatron/release/mp_rank_00" / FILE, halve)
    to_hf(tmp_path / "megatron", tmp_path / "model", ToHf())
    with pytest.raises(UsageError, match=r"float32 \(.*\) and bfloat16 \(.*mlp.c_fc.weight\).* choose a --dtype"):
        from_hf(tmp_path / "model", tmp_path / "again", FromHf(2))
    from_hf(tmp_path / "model", tmp_path / "again", FromHf(2, dtype="fp32"))


def test_ranks_must_divide_the_model(base: Path, tmp_path: Path) -> None:
    for settings, message in (
        (FromHf(pipeline_parallel=3), "--pipeline-parallel 3 does not divide n_layer, 2"),
        (FromHf(tensor_parallel=3), "--tensor-parallel 3 does not divide n_head, 4"),
    ):
        with pytest.raises(UsageError, match=message):
            from_hf(base, tmp_path / "megatron", settings)


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    with pytest.raises(SystemExit) as end:
        main([*map(str, words)])
    captured = capsys.readouterr()
    return int(end.value.code or 0), captured.out + captured.err


def test_the_flow_ends_with_check_equivalence(base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    megatron, model = tmp_path / "megatron", tmp_path / "model"
    code, text = said(capsys, "megatron", "from-hf", base, "-o", megatron, "--tensor-parallel", 2)
    assert code == 0, text
    assert "vocabulary: 512 rows, filled up with zeros to 512" in text
    code, text = said(capsys, "megatron", "to-hf", megatron, "-o", model, "--tokenizer", base, "--shard-size", "40KB")
    assert code == 0, text
    assert "read 2 x 1 ranks (tensor x pipeline parallel), names of core-local" in text
    assert {"tokenizer.json", "tokenizer_config.json", "config.json"} <= {path.name for path in model.iterdir()}
    facts = json.loads((model / "octopack_conversion.json").read_text())
    assert facts["source"]["files"][0]["path"] == f"release/mp_rank_00/{FILE}"
    assert str(tmp_path) not in json.dumps(facts)
    assert len(list(model.glob("*.safetensors"))) > 2
    assert said(capsys, "check-equivalence", base, model)[0] == 0
    assert said(capsys, "megatron", "to-hf", megatron, "-o", model)[0] == 2  # there already
    flip_a_bit(megatron / "release/mp_rank_01" / FILE, "decoder.layers.1.mlp.linear_fc1.weight")
    assert said(capsys, "megatron", "to-hf", megatron, "-o", model, "--overwrite")[0] == 0
    code, text = said(capsys, "check-equivalence", base, model)
    assert code == 1
    assert "First difference: transformer.h.1.mlp.c_fc.weight: values: 128x32 float32; 1 value differs" in text


def flip_a_bit(path: Path, name: str) -> None:
    change_rank(path, lambda values: values["model"][name].view(torch.int32)[5, 7].bitwise_xor_(1))


def test_the_tokenizer_says_which_token_ends_a_text(base: Path, tmp_path: Path) -> None:
    from_hf(base, tmp_path / "megatron", FromHf())
    to_hf(tmp_path / "megatron", tmp_path / "with", ToHf(tokenizer=base / "tokenizer.json"))
    to_hf(tmp_path / "megatron", tmp_path / "without", ToHf())
    ends = [json.loads((tmp_path / name / "config.json").read_text())["eos_token_id"] for name in ("with", "without")]
    tokens = json.loads((base / "tokenizer.json").read_text())["added_tokens"]
    assert ends == [next(token["id"] for token in tokens if token["content"] == "<|endoftext|>"), None]
