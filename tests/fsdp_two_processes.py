"""A script that torchrun starts twice: one step with the wrapping of our accelerate file, and without any.

The first process writes JSON to the file that is named: which modules hold parameters of their own, losses before and
after the step, and the share of the parameters that a process holds.
"""

import json
import sys
from pathlib import Path

import torch
import torch.distributed as dist
import yaml
from accelerate.utils import FullyShardedDataParallelPlugin
from accelerate.utils.fsdp_utils import fsdp2_prepare_auto_wrap_policy
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor

import octopack_train
from octopack_train.config.model import LoraSettings
from octopack_train.recipes.reading import read_recipe
from octopack_train.sizes import architecture, build, with_adapter

LAUNCHER = Path(octopack_train.__file__).parent / "data" / "launchers" / "fsdp2.yaml"


def plugin() -> FullyShardedDataParallelPlugin:
    """What accelerate makes of the file."""
    said = yaml.safe_load(LAUNCHER.read_text("utf-8"))["fsdp_config"]
    return FullyShardedDataParallelPlugin(
        fsdp_version=said["fsdp_version"],
        auto_wrap_policy=said["fsdp_auto_wrap_policy"],
        reshard_after_forward=said["fsdp_reshard_after_forward"],
    )


def model() -> torch.nn.Module:
    """The tiny model with its adapter: the same on all processes."""
    settings = read_recipe("tiny-smoke").settings
    assert isinstance(settings.adapter, LoraSettings)
    torch.manual_seed(0)
    built = with_adapter(build(architecture(settings.model), "cpu"), settings.adapter)
    return built.eval()  # without dropout


def losses(trained: torch.nn.Module) -> list[float]:
    """Loss before and after one step."""
    rows = torch.arange(2 * 32).reshape(2, 32)
    optimizer = torch.optim.AdamW([one for one in trained.parameters() if one.requires_grad], lr=0.01)
    before = trained(input_ids=rows, labels=rows).loss
    before.backward()
    optimizer.step()
    optimizer.zero_grad()
    return [before.item(), trained(input_ids=rows, labels=rows).loss.item()]


def main() -> None:
    """Both, and say what came out."""
    dist.init_process_group("gloo")
    plain, shared = model(), model()
    whole = sum(one.numel() for one in shared.parameters())
    policy = fsdp2_prepare_auto_wrap_policy(plugin(), shared)
    assert policy is not None
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    for module in [*reversed(list(shared.modules()))][:-1]:
        if policy(module):
            fully_shard(module, mesh=mesh)
    fully_shard(shared, mesh=mesh)
    local = sum(one.to_local().numel() for one in shared.parameters() if isinstance(one, DTensor))
    wrapped = [name for name, module in shared.named_modules() if isinstance(module, FSDPModule)]
    said = {"wrapped": wrapped, "share": local / whole, "plain": losses(plain), "shared": losses(shared)}
    if dist.get_rank() == 0:
        Path(sys.argv[1]).write_text(json.dumps(said), "utf-8")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
