"""A Slurm of this machine: `sbatch` keeps each script, runs its array at once, prints a job id; `scontrol`, `srun`."""

import stat
import sys
from pathlib import Path

SBATCH = """#!{python}
import json, os, re, subprocess, sys
from pathlib import Path

jobs = Path({jobs!r})
options, script = sys.argv[1:-1], Path(sys.argv[-1]).read_text()
number = len(list(jobs.glob("*.json"))) + 1
told = dict(re.findall(r"^#SBATCH --([\\w-]+)=?(.*)$", script, re.M))
(jobs / f"{{number}}.json").write_text(json.dumps({{"options": options, "script": script, "told": told}}))
path = jobs / f"{{number}}.sh"
path.write_text(script)
offset = next(option.split("RUN_OFFSET=")[1] for option in [*options, "RUN_OFFSET=0"] if "RUN_OFFSET=" in option)
last = int(re.match(r"0-(\\d+)", told["array"])[1])
killed = os.environ.get("KILL_TASK")
ours = "launch_pickled_pipeline" in script  # datatrove adds a job that sums up statistics: only kept, it takes a while
for task in range(last + 1 if ours else 0):
    environment = os.environ | {{
        "SLURM_ARRAY_TASK_ID": str(task), "SLURM_JOB_ID": str(number), "SLURM_NODELIST": "here", "RUN_OFFSET": offset
    }}
    if f"{{number}}:{{task}}" == killed:
        continue  # the node went away before the task began
    with (jobs / f"{{number}}_{{task}}.log").open("w") as log:
        subprocess.run(["bash", str(path)], env=environment, stdout=log, stderr=log)
print("Submitted batch job", number)
"""
SCONTROL = "#!/bin/sh\necho here\n"
SRUN = '#!/bin/sh\nwhile [ "${1#-}" != "$1" ] || [ "$1" = 1 ]; do shift; done\nexec "$@"\n'


def make_slurm(folder: Path) -> Path:
    """Write the commands to ``folder``/bin and return that; each job is left as ``folder``/jobs/<number>.json."""
    (folder / "jobs").mkdir(parents=True)
    (folder / "bin").mkdir()
    sbatch = SBATCH.format(python=sys.executable, jobs=str(folder / "jobs"))
    for name, text in (("sbatch", sbatch), ("scontrol", SCONTROL), ("srun", SRUN)):
        path = folder / "bin" / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return folder / "bin"
