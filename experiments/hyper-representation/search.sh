#!/usr/bin/env bash
# The search behind the step sizes of the image protocols: one seed that no table uses (100).
#
# Training, validation and 2,000 held-out images all come from the training file, so the test file is
# not read for a decision. RHG chooses the inner and the outer step size by the validation loss at
# the end (column F); all methods share them. The results are in README.md beside this file.
set -euo pipefail
command=${HYPER_REPRESENTATION:-.build/release/hyper-representation}
output=${SEARCH_OUTPUT:-results/runs/search}
common=(run --budget paper --seed 100 --progress none --quiet --output "$output"
  --set data.testsOnTrainingFile=true --set data.test=2000 --set evaluation.every=50
  --outer-iterations 100 --skip-completed "$@")

search() { # protocol, inner step sizes, outer step sizes
  for inner in $2; do
    for outer in $3; do
      echo "$1 inner $inner outer $outer"
      "$command" "${common[@]}" --protocol "$1" --method rhg --inner-step-size "$inner" \
        --outer-step-size "$outer" || echo "ended with exit code $?"
    done
  done
}

search set-valued-least-squares "0.05 0.1 0.2 0.4" "0.0003 0.001 0.003"
search set-valued-cross-entropy "0.5 1 2" "0.0003 0.001 0.003"
search few-labels "0.1 0.5" "0.0003 0.001 0.003"
