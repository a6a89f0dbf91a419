"""A script that is started twice, as rank 0 and rank 1, each of a machine of its own: how runs begin there.

Its argument is a folder with a folder a case: ``case.json`` (settings, and what ``begin`` is told), ``machine0`` and
``machine1``, in which the processes stand. Each writes ``said0.json`` or ``said1.json`` beside them.
"""

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch.distributed as dist

from humanevalpack.errors import HumanEvalPackError
from octopack_train.prepared import fingerprints
from octopack_train.recipes.reading import read_recipe
from octopack_train.training.beginning import begin, data_of
from octopack_train.training.processes import rank


def said(case: dict[str, Any]) -> dict[str, Any]:
    """Begin a run as a case says, and return what this process knows then, or why it ended."""
    recipe = read_recipe("tiny-smoke", case["settings"])
    try:
        with ExitStack() as held:
            begun = begin(recipe, held, resume=case["resume"], overwrite=False)
            prints = fingerprints(data_of(recipe.settings, begun).report)
    except HumanEvalPackError as error:
        return {"error": str(error), "kind": type(error).__name__}
    checkpoint = begun.checkpoint.name if begun.checkpoint is not None else None
    return {"name": begun.name, "keeps": begun.keeps, "checkpoint": checkpoint, "data": prints}


def main(folder: Path) -> None:
    """Go through all cases, in step with the other process."""
    dist.init_process_group("gloo", init_method=f"file://{folder / 'store'}", rank=rank(), world_size=2)
    for case in sorted(path.parent for path in folder.glob("*/case.json")):
        os.chdir(case / f"machine{rank()}")
        found = said(json.loads((case / "case.json").read_text("utf-8")))
        (case / f"said{rank()}.json").write_text(json.dumps(found), "utf-8")
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
