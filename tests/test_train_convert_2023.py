"""Files of BigCode's fork for a run with a distributed optimizer, as StarCoderBase's had one: both ways."""

from pathlib import Path

import pytest
import torch

from adapter_models import save_base
from checkpoint_files import big_code_noisy
from humanevalpack.errors import InputError, UsageError
from octopack_train.config.megatron import MegatronSettings
from octopack_train.equivalence import compare_models
from octopack_train.megatron.checkpoints.from_hf import FromHf, from_hf
from octopack_train.megatron.checkpoints.to_hf import ToHf, to_hf
from octopack_train.megatron.launch import check_release
from octopack_train.recipes.reading import read_recipe
from octopack_train.torch_files import load_values

COPIES = 2


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_base(tmp_path_factory.mktemp("base") / "model", big_code_noisy())


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.pt")}


@pytest.mark.parametrize("stages", [1, 2])
def test_the_files_are_those_that_the_fork_opens(stages: int, base: Path, tmp_path: Path) -> None:
    done = from_hf(base, tmp_path / "run", FromHf(2, stages, "bigcode-2023", distributed_copies=COPIES))
    ranks = {f"mp_rank_{t:02d}" + (f"_{p:03d}" if stages > 1 else "") for t in range(2) for p in range(stages)}
    optimizers = {f"{rank}_{copy:03d}/optim.pt" for rank in ranks for copy in range(COPIES)}
    assert names(tmp_path / "run/release") == {f"{rank}/model_rng.pt" for rank in ranks} | optimizers
    assert done.ranks == 2 * stages
    assert torch.load(tmp_path / "run/release" / min(optimizers), weights_only=True) == {}


@pytest.mark.parametrize("stages", [1, 2])
def test_optimizers_of_copies_are_no_ranks(stages: int, base: Path, tmp_path: Path) -> None:
    from_hf(base, tmp_path / "run", FromHf(2, stages, "bigcode-2023", distributed_copies=COPIES))
    back = to_hf(tmp_path / "run", tmp_path / "model", ToHf())
    assert (back.ranks, back.spelling) == ((2, stages), "bigcode-2023")
    assert compare_models(base, tmp_path / "model").equal


def test_optimizers_alone_are_no_checkpoint(base: Path, tmp_path: Path) -> None:
    from_hf(base, tmp_path / "run", FromHf(spelling="bigcode-2023", distributed_copies=1))
    (tmp_path / "run/release/mp_rank_00/model_rng.pt").unlink()
    (tmp_path / "run/release/mp_rank_00").rmdir()
    with pytest.raises(InputError, match="has an optimizer's states alone"):
        to_hf(tmp_path / "run", tmp_path / "model", ToHf())


def test_other_spellings_have_no_such_files() -> None:
    with pytest.raises(UsageError, match="--distributed-optimizer is for --names bigcode-2023, not core-local"):
        FromHf(distributed_copies=4)


def settings(checkpoints: Path, *more: str) -> MegatronSettings:
    parallel = ("parallel.tensor=2", "parallel.pipeline=2", f"checkpoints={checkpoints}")
    return read_recipe("starcoderbase-megatron", [*parallel, *more]).megatron


def test_a_first_run_is_asked_for_the_files_that_it_opens(base: Path, tmp_path: Path) -> None:
    made = FromHf(2, 2, "bigcode-2023", distributed_copies=COPIES)
    from_hf(base, tmp_path / "run", made)
    check_release(settings(tmp_path / "run"), COPIES)
    with pytest.raises(InputError, match=r"mp_rank_00_000_002/optim\.pt is not there: .*--distributed-optimizer 3"):
        check_release(settings(tmp_path / "run"), 3)
    plain = settings(tmp_path / "run", "parallel.distributed_optimizer=false", "parallel.sequence=false")
    with pytest.raises(InputError, match=r"model_optim_rng\.pt is not there: .*--pipeline-parallel 2$"):
        check_release(plain, COPIES)


def test_what_a_run_has_trained_is_never_taken_away(base: Path, tmp_path: Path) -> None:
    from_hf(base, tmp_path / "run", FromHf())
    trained = tmp_path / "run/iter_0000250"
    trained.mkdir()
    with pytest.raises(UsageError, match="has iter_0000250, which a run has trained"):
        from_hf(base, tmp_path / "run", FromHf(), overwrite=True)
    assert trained.is_dir()


def test_a_tokenizer_whose_ids_have_holes_keeps_its_last_row(base: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    from_hf(base, tmp_path / "run", FromHf())
    for path in (tmp_path / "run/release").rglob("*.pt"):
        values = load_values(path)
        vars(values["args"]).pop("vocab_size")
        torch.save(values, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)
    Tokenizer(WordLevel({"a": 0, "b": 400}, "a")).save(str(tmp_path / "tokenizer.json"))
    done = to_hf(tmp_path / "run", tmp_path / "model", ToHf(tokenizer=tmp_path / "tokenizer.json"))
    assert done.vocabulary == 401
