#!/usr/bin/env bash
# One machine with several GPUs: one part of the problems on each, then the whole.
#
#   RUN=results/octocoder GPUS=0,1,2,3 bash examples/shell/several_gpus.sh --preset octocoder
#
# Arguments are those of humanevalpack run. Started again, it does only what is not done. Parts generate only; the whole
# is judged once, with all cores (EVALUATE_ARGUMENTS: --sandbox and so on).
set -euo pipefail

: "${RUN:?set RUN to the folder of the run}"
IFS=, read -r -a gpus <<< "${GPUS:-0}"
read -r -a arguments <<< "${EVALUATE_ARGUMENTS:-}"

mkdir -p "$RUN-logs"
jobs=()
for place in "${!gpus[@]}"; do
  CUDA_VISIBLE_DEVICES=${gpus[$place]} humanevalpack run "$@" --output "$RUN" \
    --shard "$((place + 1))/${#gpus[@]}" --predict-only > "$RUN-logs/$((place + 1)).log" 2>&1 &
  jobs+=("$!")
done
for place in "${!jobs[@]}"; do
  wait "${jobs[$place]}" || { echo "part $((place + 1)) failed: $RUN-logs/$((place + 1)).log" >&2; exit 1; }
done

# The whole says that it is finished once every part is in it.
if ! grep -qs '"finished"' "$RUN/manifest.json"; then
  humanevalpack generations merge "$RUN"/shard-* --output "$RUN" --overwrite
fi
humanevalpack evaluate "$RUN" "${arguments[@]}"
