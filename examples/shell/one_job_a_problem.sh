#!/usr/bin/env bash
# One process for every problem, one after the other, as some of the paper's scripts did: what fails stops nothing.
#
#   RUN=results/wizardcoder PROBLEMS=164 bash examples/shell/one_job_a_problem.sh --preset wizardcoder
#
# Arguments are those of humanevalpack run. Started again, it does only what is not done.
set -uo pipefail

: "${RUN:?set RUN to the folder of the run}"
problems=${PROBLEMS:-164}

failed=0
for ((number = 1; number <= problems; number++)); do
  if ! humanevalpack run "$@" --output "$RUN" --shard "$number/$problems"; then
    echo "problem $number failed" >&2
    failed=$((failed + 1))
  fi
done
if ((failed)); then
  echo "$failed of $problems failed: start this again" >&2
  exit 1
fi
humanevalpack generations merge "$RUN"/shard-* --output "$RUN" --overwrite
