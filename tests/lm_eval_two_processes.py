"""A script that torchrun starts several times: evaluates, and the first process writes what it got.

Arguments: the model's folder, the output file, lm_eval's limit, options as JSON.
"""

import json
import sys
from pathlib import Path
from typing import Any

from lm_eval.models.huggingface import HFLM

from lm_eval_runs import run


def ranked(folder: Path, **arguments: Any) -> HFLM:
    """A model that knows of the other processes: lm_eval itself shares problems between GPUs only."""
    lm = HFLM(pretrained=str(folder), device="cpu", **arguments)
    lm._rank, lm._world_size = lm.accelerator.process_index, lm.accelerator.num_processes
    assert lm.world_size == 2
    return lm


if __name__ == "__main__":
    model, output, limit, options = sys.argv[1:]
    done = run("humanevalexplain_python", ranked(Path(model)), metadata=json.loads(options), limit=int(limit))
    if done.results is not None:
        Path(output).write_text(json.dumps(done.results, default=str), "utf-8")
