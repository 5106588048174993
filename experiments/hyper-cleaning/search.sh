#!/usr/bin/env bash
# The search behind the step sizes of the protocol icml2020: K = 100, one seed that no table uses.
#
# The split is "random": training, validation and 5,000 held-out images all come from the training
# file, so the test file is not read for a decision. Chosen by accuracy on the held-out images
# (the column test % of these runs); results in README.md beside this file.
# Takes about half an hour on two cores. A trial that diverges is a row; an interrupt or an error ends the
# search, and a second call skips what is done.
set -euo pipefail
command=${HYPER_CLEANING:-.build/release/hyper-cleaning}
output=${SEARCH_OUTPUT:-results/runs/search}
common=(run --budget paper --protocol icml2020 --seed 100 --inner-steps 100 --progress none --quiet
  --output "$output" --set data.split=random --set data.test=5000 --set evaluation.every=50
  --outer-iterations 100 --skip-completed "$@")

trial() { # what to call it, options of its own...
  local code=0
  echo "$1"
  "$command" "${common[@]}" "${@:2}" || code=$?
  # 3: a run diverged, which its row says.
  case $code in 0 | 3) ;; *) exit "$code" ;; esac
}

for inner in 0.1 0.2 0.4; do
  for outer in 0.05 0.2 0.8; do
    trial "rhg inner $inner outer $outer" \
      --method rhg --inner-step-size $inner --outer-step-size $outer
  done
done

for inner in 0.8 1.6; do
  for outer in 0.05 0.2; do
    trial "rhg inner $inner outer $outer" \
      --method rhg --inner-step-size $inner --outer-step-size $outer
  done
done

for choice in "harmonic 0.4 0.5" "harmonic 0.4 0.9" "harmonic 0.8 0.9" "harmonic 1.6 0.9" \
  "harmonic 3.2 0.9" "harmonic 6.4 0.9" "harmonic 12.8 0.9" "harmonic 25.6 0.9" \
  "constant 0.4 0.1" "constant 0.8 0.1" "constant 0.8 0.3" "constant 0.8 0.5" "constant 1.6 0.3"; do
  read -r schedule upper alpha <<< "$choice"
  trial "bda inner 0.8 outer 0.2 $schedule upper $upper alpha $alpha" \
    --method bda --inner-step-size 0.8 --outer-step-size 0.2 \
    --schedule "$schedule" --upper-step-size "$upper" --alpha "$alpha"
done
