#!/usr/bin/env bash
# The search behind the step sizes of the protocol icml2020: K = 100, one seed that no table uses.
#
# The split is "random": training, validation and 5,000 held-out images all come from the training
# file, so the test file is not read for a decision. Chosen by accuracy on the held-out images
# (the column test % of these runs); results in README.md beside this file.
# Takes about half an hour on two cores.
set -euo pipefail
command=${HYPER_CLEANING:-.build/release/hyper-cleaning}
output=${SEARCH_OUTPUT:-results/runs/search}
common=(run --budget paper --protocol icml2020 --seed 100 --inner-steps 100 --progress none --quiet
  --output "$output" --set data.split=random --set data.test=5000 --set evaluation.every=50
  --outer-iterations 100 --skip-completed "$@")

for inner in 0.1 0.2 0.4; do
  for outer in 0.05 0.2 0.8; do
    echo "rhg inner $inner outer $outer"
    "$command" "${common[@]}" --method rhg --inner-step-size $inner --outer-step-size $outer
  done
done

for inner in 0.8 1.6; do
  for outer in 0.05 0.2; do
    echo "rhg inner $inner outer $outer"
    "$command" "${common[@]}" --method rhg --inner-step-size $inner --outer-step-size $outer
  done
done

for pair in "0.4 0.5" "0.4 0.9"; do
  read -r upper alpha <<< "$pair"
  echo "bda inner 0.8 outer 0.2 upper $upper alpha $alpha"
  "$command" "${common[@]}" --method bda --inner-step-size 0.8 --outer-step-size 0.2 \
    --upper-step-size "$upper" --alpha "$alpha"
done
