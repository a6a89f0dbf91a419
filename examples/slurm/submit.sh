#!/usr/bin/env bash
# Evaluates a model as a Slurm job array, one part of the problems a job, and judges afterwards on a node without a GPU.
#
#   RUN=results/octocoder SHARDS=8 bash examples/slurm/submit.sh --preset octocoder
#
# Arguments are those of humanevalpack run. Before, on a node with a network, once:
#
#   humanevalpack run --preset octocoder --dry-run          # is it what you mean?
#   huggingface-cli download bigcode/octocoder              # the model; the data comes with:
#   python -c 'import humanevalpack as h; [h.load_problems(name) for name in h.LANGUAGES]'
#
# Submitted again, it does only what is not done. SBATCH_ARGUMENTS: partition, account and so on, for both jobs.
set -euo pipefail

: "${RUN:?set RUN to the folder of the run}"
shards=${SHARDS:-8}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
read -r -a common <<< "${SBATCH_ARGUMENTS:-}"

mkdir -p "$RUN-logs"
array=$(sbatch --parsable "${common[@]}" --array="1-$shards" --output="$RUN-logs/slurm-%A-%a.log" \
  --export="ALL,RUN=$RUN" "$here/generate.sbatch" "$@")
judge=$(sbatch --parsable "${common[@]}" --dependency="afterok:${array%%;*}" --output="$RUN-logs/slurm-%j.log" \
  --export="ALL,RUN=$RUN" "$here/judge.sbatch")
echo "generating: job $array; judging, when all of it is done: job $judge; then: humanevalpack report $RUN"
