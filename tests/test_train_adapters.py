"""octopack-train adapter merge | check: folded in fp32, cast, checked, whole or not there, with its provenance."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from adapter_models import big_code, llama, save_adapter, save_base
from humanevalpack.errors import InputError, UsageError
from octopack_data.manifests import sha256_of
from octopack_train.adapters import merging
from octopack_train.adapters.checking import CheckFailed, check_adapter, check_reload
from octopack_train.adapters.merging import Merged
from octopack_train.adapters.provenance import PROVENANCE, adapter_hash
from octopack_train.adapters.reading import find_base, load_adapted, read_adapter
from octopack_train.commands import main
from octopack_train.equivalence import compare_models
from octopack_train.logits import logits
from octopack_train.tensor_files import open_tensors


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_base(tmp_path_factory.mktemp("base") / "base", dtype=torch.bfloat16)


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Path:
    return save_adapter(tmp_path_factory.mktemp("run") / "run" / "adapter", base)


def merge(base: Path | str, adapter: Path, output: Path, **options: Any) -> Merged:
    read = read_adapter(adapter)
    return merging.merge(find_base(str(base), read), read, output, **options)


@pytest.mark.parametrize(("dtype", "kind"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_weights_are_the_fp32_sum_cast_afterwards(
    dtype: str, kind: torch.dtype, base: Path, adapter: Path, tmp_path: Path
) -> None:
    merge(base, adapter, tmp_path / "out", dtype=dtype)
    old, new, low = (open_tensors(path) for path in (base, tmp_path / "out", adapter))
    assert old.places.keys() == new.places.keys()
    for name in new.places:
        expected = old.tensor(name).float()
        module = f"base_model.model.{name.removesuffix('.weight')}"
        if f"{module}.lora_A.weight" in low.places:
            # alpha / rank is 2; GPTBigCode's layers are linear ones, so nothing is transposed
            expected += 2 * low.tensor(f"{module}.lora_B.weight") @ low.tensor(f"{module}.lora_A.weight")
        assert new.tensor(name).dtype == kind
        torch.testing.assert_close(new.tensor(name).float(), expected.to(kind).float(), atol=1e-6, rtol=1e-2)


def test_a_merged_model_says_what_base_and_adapter_say(base: Path, adapter: Path, tmp_path: Path) -> None:
    done = merge(base, adapter, tmp_path / "out", dtype="fp32")
    assert [one.name for one in done.checks] == [
        "live and folded in, fp32",
        "folded in, and written and read back",
    ]
    folded, disk = (one.difference.max_abs for one in done.checks)
    assert folded <= 1e-4
    assert disk == 0
    assert done.effect.max_abs > 0.01


def test_the_type_is_the_base_s_unless_told(base: Path, adapter: Path, tmp_path: Path) -> None:
    done = merge("auto", adapter, tmp_path / "out")
    assert (done.dtype, len(done.checks)) == ("bf16", 3)
    assert json.loads((tmp_path / "out/config.json").read_text())["dtype"] == "bfloat16"


def test_shards_tokenizer_and_generation_settings_are_there(base: Path, adapter: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = merge(base, adapter, out, shard_size="20KB")
    assert len(list(out.glob("model-*.safetensors"))) > 2
    assert (out / "generation_config.json").read_bytes() == (base / "generation_config.json").read_bytes()
    assert done.tokenizer == "base"
    mine, its = (AutoTokenizer.from_pretrained(folder)("def add").input_ids for folder in (out, base))
    assert mine == its
    assert AutoModelForCausalLM.from_pretrained(out).generation_config.max_new_tokens == 7


def test_the_tokenizer_of_the_training_run_wins(base: Path, tmp_path: Path) -> None:
    own = save_adapter(tmp_path / "adapter", base)
    AutoTokenizer.from_pretrained(base).save_pretrained(own)
    (own / "chat_template.jinja").write_text("{{ messages }}")
    assert merge(base, own, tmp_path / "out").tokenizer == "adapter"
    assert (tmp_path / "out/chat_template.jinja").is_file()


def test_provenance_has_hashes_recipe_checks_and_versions(base: Path, adapter: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    own = save_adapter(run / "adapter", base)
    (run / "config.yaml").write_text("about: my run\nextends: tiny-smoke\n")
    merge(base, own, tmp_path / "out")
    text = (tmp_path / "out" / PROVENANCE).read_text()
    found = json.loads(text)
    assert found["adapter"]["sha256"] == adapter_hash(read_adapter(own))
    weights = {file["path"]: file["sha256"] for file in found["base"]["files"]}
    assert weights["model.safetensors"] == sha256_of(base / "model.safetensors")
    assert found["recipe"]["about"] == "my run"
    assert [one["passed"] for one in found["checks"]] == [True] * 3
    assert {"torch", "peft", "transformers", "humanevalpack"} <= found["versions"].keys()
    assert str(tmp_path) not in text  # folders of this machine say nothing elsewhere
    assert str(base.parent) not in text


def test_an_output_layer_of_its_own_is_merged_too(tmp_path: Path) -> None:
    whole = save_base(tmp_path / "base", llama())
    own = save_adapter(tmp_path / "adapter", whole, target_modules=["q_proj", "down_proj", "lm_head"])
    assert merge(whole, own, tmp_path / "out").checks[0].passed


def test_tied_weights_are_not_merged_wrongly(tmp_path: Path) -> None:
    """The embeddings are also the output layer: folded into them, an adapter would act twice."""
    whole = save_base(tmp_path / "base")
    own = save_adapter(tmp_path / "adapter", whole, target_modules=["wte"])
    with pytest.raises(CheckFailed) as error:
        merge(whole, own, tmp_path / "out")
    assert "is not written: the merged model does not say what the adapter says" in str(error.value)
    assert not (tmp_path / "out").exists()


def broken(adapter: Path, folder: Path, value: float) -> Path:
    from safetensors.torch import load_file, save_file

    folder.mkdir()
    (folder / "adapter_config.json").write_bytes((adapter / "adapter_config.json").read_bytes())
    tensors = load_file(adapter / "adapter_model.safetensors")
    name = next(name for name in tensors if "lora_B" in name)
    tensors[name][0, 0] = value
    save_file(tensors, folder / "adapter_model.safetensors")
    return folder


def test_weights_that_are_no_numbers_are_not_merged(base: Path, adapter: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match="cannot be folded in: NaNs detected"):
        merge(base, broken(adapter, tmp_path / "adapter", float("nan")), tmp_path / "out")
    assert list(tmp_path.iterdir()) == [tmp_path / "adapter"]


def test_a_weight_that_fp16_cannot_hold_is_named(base: Path, adapter: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match=r"\.weight is not finite as fp16: choose --dtype bf16 or fp32"):
        merge(base, broken(adapter, tmp_path / "adapter", 1e9), tmp_path / "out", dtype="fp16")


def test_a_quantized_base_is_refused(base: Path, adapter: Path, tmp_path: Path) -> None:
    config = json.loads((base / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_8bit": True}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match="is quantized"):
        find_base(str(tmp_path), read_adapter(adapter))


def test_nothing_is_overwritten_without_being_told(base: Path, adapter: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    merge(base, adapter, out)
    (out / "mark").touch()
    with pytest.raises(UsageError, match="is there already; name another folder, or say --overwrite"):
        merge(base, adapter, out)
    assert (out / "mark").exists()
    merge(base, adapter, out, overwrite=True)
    assert not (out / "mark").exists()


def test_a_folder_of_something_else_is_never_replaced(base: Path, adapter: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UsageError, match="holds something else"):
        merge(base, adapter, tmp_path, overwrite=True)
    with pytest.raises(UsageError, match="is what is merged"):
        merge(base, adapter, base, overwrite=True)


def test_a_write_that_breaks_off_leaves_what_was_there(
    base: Path, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    merge(base, adapter, out)
    before = sha256_of(out / "model.safetensors")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(merging, "write_json", full)
    with pytest.raises(OSError, match="No space left"):
        merge(base, adapter, out, overwrite=True, dtype="fp32")
    assert sha256_of(out / "model.safetensors") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_live_read_again_and_folded_in_are_equal(base: Path, adapter: Path, tmp_path: Path) -> None:
    merge(base, adapter, tmp_path / "out")
    read = read_adapter(adapter)
    found = check_adapter(find_base("auto", read), read, tmp_path / "out")
    assert [one.passed for one in found.checks] == [True] * 3
    assert [one.difference.max_abs for one in found.checks][::2] == [0, 0]


def test_a_live_model_is_left_as_it_was(base: Path, adapter: Path) -> None:
    read = read_adapter(adapter)
    live: PeftModel = load_adapted(find_base(str(base), read), read).train()
    trained = {name for name, values in live.named_parameters() if values.requires_grad}
    before = logits(live)
    assert check_reload(live, adapter).difference.max_abs == 0
    assert live.training
    assert {name for name, values in live.named_parameters() if values.requires_grad} == trained
    assert list(live.peft_config) == ["default"]
    assert torch.equal(logits(live), before)


def test_a_checkpoint_that_is_not_the_live_model_is_seen(base: Path, adapter: Path, tmp_path: Path) -> None:
    read = read_adapter(adapter)
    live = load_adapted(find_base(str(base), read), read)
    assert not check_reload(live, save_adapter(tmp_path / "other", base, seed=5)).passed


def test_an_adapter_of_another_model_is_refused(base: Path, adapter: Path, tmp_path: Path) -> None:
    deeper = save_base(tmp_path / "deeper", big_code(layers=3))
    with pytest.raises(InputError, match=r"transformer\.h\.2.*has no value in the file"):
        merge(deeper, adapter, tmp_path / "out")
    with pytest.raises(InputError, match="does not fit on"):
        merge(save_base(tmp_path / "llama", llama()), adapter, tmp_path / "out")


def said(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        main(["adapter", *map(str, arguments)])
    captured = capsys.readouterr()
    assert (end.value.code or 0) == code, captured
    return captured.out or captured.err


def test_merge_and_check_as_commands(
    base: Path, adapter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, "merge", "auto", adapter, "-o", tmp_path / "out", "--dtype", "fp16")
    assert "allowed 0.0001: ok" in text
    assert "allowed 0.02: ok" in text
    assert f"bytes of fp16 weights; {PROVENANCE} says" in text
    assert compare_models(tmp_path / "out", tmp_path / "out").equal
    assert "folded in and out, fp16" in said(capsys, "check", adapter, "--merged", tmp_path / "out")
    other = save_adapter(tmp_path / "other", base, seed=9)
    failed = json.loads(said(capsys, "check", other, "--merged", tmp_path / "out", "--json", code=1))
    assert [one["passed"] for one in failed["checks"]] == [True, True, False]


def test_wrong_values_of_each_option(
    base: Path, adapter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert "no adapter there" in said(capsys, "merge", "auto", base, "-o", out, code=2)
    assert "there are adapters below it: adapter" in said(capsys, "merge", "auto", adapter.parent, "-o", out, code=2)
    assert "no model that transformers knows" in said(capsys, "merge", tmp_path, adapter, "-o", out, code=2)
    assert "'int8' is not one of" in said(capsys, "merge", "auto", adapter, "-o", out, "--dtype", "int8", code=2)
    assert "--shard-size few" in said(capsys, "merge", "auto", adapter, "-o", out, "--shard-size", "few", code=2)
    kind = tmp_path / "ia3"
    kind.mkdir()
    (kind / "adapter_config.json").write_text('{"peft_type": "IA3"}')
    assert "peft_type is 'IA3'; only LORA" in said(capsys, "check", kind, code=2)
    (kind / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    assert "no weights there" in said(capsys, "check", kind, code=2)
    (kind / "adapter_model.safetensors").write_bytes((adapter / "adapter_model.safetensors").read_bytes())
    assert "names no base_model_name_or_path" in said(capsys, "merge", "auto", kind, "-o", out, code=2)
    assert not out.exists()


def test_push_says_what_it_would_do_and_needs_a_card(
    base: Path, adapter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    merge(base, adapter, out)
    assert "has no README.md; make it: octopack-train card RUN" in said(capsys, "push", out, "me/x", code=2)
    (out / "README.md").write_text("a card")
    (out / "optimizer.pt").write_text("momentum")
    text = said(capsys, "push", out, "me/x")
    assert "to me/x (private if it is new); nothing is pushed without --yes." in text
    assert {"README.md", "model.safetensors", "config.json", "tokenizer.json", PROVENANCE} <= set(text.split())
    assert "optimizer.pt" not in text
    (adapter / "README.md").write_text("a card")
    assert "a folder of this machine" in said(capsys, "push", adapter, "me/x", code=2)
    (adapter / "README.md").unlink()


def test_what_is_pushed_is_private(base: Path, adapter: Path, tmp_path: Path) -> None:
    from unittest.mock import Mock

    from octopack_train.pushing import plan_push, push

    merge(base, adapter, tmp_path / "out")
    (tmp_path / "out/README.md").write_text("a card")
    hub = Mock()
    push(plan_push(tmp_path / "out"), "me/x", hub=hub)
    hub.create_repo.assert_called_once_with("me/x", repo_type="model", private=True, exist_ok=True)
    assert "model.safetensors" in hub.upload_folder.call_args.kwargs["allow_patterns"]
