"""A script that torchrun and accelerate start several times: evaluates, and the first process writes what it got.

Arguments: the model's folder, the output file, lm_eval's limit, options as JSON.
"""

import json
import sys
from pathlib import Path

from lm_eval_runs import run

if __name__ == "__main__":
    model, output, limit, options = sys.argv[1:]
    done = run("humanevalexplain_python", Path(model), metadata=json.loads(options), limit=int(limit))
    if done.results is not None:
        Path(output).write_text(json.dumps(done.results, default=str), "utf-8")
