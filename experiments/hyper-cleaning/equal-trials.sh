#!/usr/bin/env bash
# A search with equal budgets on MNIST: twelve trials a method, K = 100, three seeds that no table uses.
#
# The split is "random": training, validation and 5,000 held-out images all come from the training file,
# so the test file is not read for a decision. A setting is eligible if on every seed it is within two points of
# that seed's best (a rate that wins once and diverges elsewhere is not); among the eligible ones the best mean
# accuracy on the held-out images (the column test % of these runs) is chosen. Its results are not stored yet.
# About two hours on two cores. A trial that diverges is a row; an interrupt or an error ends the search, and a
# second call skips what is done.
set -euo pipefail
command=${HYPER_CLEANING:-.build/release/hyper-cleaning}
output=${SEARCH_OUTPUT:-results/runs/equal-trials}
seeds=${SEEDS:-100,101,102}
common=(run --budget paper --protocol icml2020 --seed "$seeds" --inner-steps 100 --progress none --quiet
  --output "$output" --set data.split=random --set data.test=5000 --set evaluation.every=50
  --outer-iterations 100 --skip-completed "$@")

trial() { # what to call it, options of its own...
  local code=0
  echo "$1"
  "$command" "${common[@]}" "${@:2}" || code=$?
  # 3: a run diverged, which its row says.
  case $code in 0 | 3) ;; *) exit "$code" ;; esac
}

for outer in 0.05 0.2 0.8; do
  for inner in 0.8 1.0 1.2 1.4; do
    for method in rhg t-rhg; do
      trial "$method inner $inner outer $outer" \
        --method $method --inner-step-size $inner --outer-step-size $outer
    done
  done
done

for upper in 3.2 6.4 12.8 25.6; do
  for inner in 0.8 1.0 1.2; do
    trial "bda inner $inner outer 0.2 harmonic upper $upper alpha 0.9" \
      --method bda --inner-step-size $inner --outer-step-size 0.2 \
      --schedule harmonic --upper-step-size $upper --alpha 0.9
  done
done
