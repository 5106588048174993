#!/usr/bin/env bash
# The search behind the settings of the image protocols: one seed that no table uses (100).
#
# Training, validation and 2,000 held-out images all come from the training file, so the test file is
# not read for a decision. Every method runs in every cell of the same grid of inner and outer step
# sizes, with two or three values of the parameters that only it has. One line per run:
#
#   protocol, method, own parameters, s_l, outer rate, status, F, held-out accuracy %, dist(y_K, S)
#
# One that diverges is a line, too; an interrupt or an error ends the search.
#
# Usage: search.sh least-squares | cross-entropy | few-labels [options of `hyper-representation run`]
set -euo pipefail
command=${HYPER_REPRESENTATION:-.build/release/hyper-representation}
output=${SEARCH_OUTPUT:-results/runs/search}
part=$1
shift
common=(run --budget paper --seed 100 --progress none --quiet --output "$output"
  --set data.testsOnTrainingFile=true --set data.test=2000 --set evaluation.every=100
  --set evaluation.heads=0 --outer-iterations 100 "$@")
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

cell() { # protocol, inner step size, outer rate, method, own options...
  local protocol=$1 inner=$2 outer=$3 method=$4
  shift 4
  local line code=0
  line=$("$command" "${common[@]}" --protocol "$protocol" --inner-step-size "$inner" \
    --upper-step-size "$inner" --outer-step-size "$outer" --method "$method" "$@" 2> "$errors" |
    tail -n 1) || code=$?
  # 3: the run diverged.
  case $code in
  0 | 3) ;;
  *)
    cat "$errors" >&2
    exit "$code"
    ;;
  esac
  # A display name may have a space: fields are counted from the column K, which is 100.
  sed "s/.* 100  *100  */$protocol\t$method\t$*\t$inner\t$outer\t/" <<< "$line" |
    awk -F '\t' -v OFS='\t' '{ split($6, f, / +/); print $1, $2, $3, $4, $5, f[1], f[2], f[4], f[5] }'
}

methods() { # protocol, inner step size, outer rate
  local five
  five=$(awk -v s="$2" 'BEGIN { print 5 * s }')
  cell "$@" rhg
  cell "$@" t-rhg
  for damping in 0 0.01 0.1; do cell "$@" cg --set solver.damping=$damping; done
  for steps in 20 100; do cell "$@" neumann --set solver.steps=$steps; done
  cell "$@" one-stage
  for upper in "$2" "$five"; do
    for schedule in harmonic constant journal official-code; do
      cell "$@" bda --schedule $schedule --upper-step-size "$upper"
    done
    cell "$@" one-stage-bda --upper-step-size "$upper"
  done
  for damping in 0.01 0.1; do cell "$@" bda-cg --set solver.damping=$damping; done
}

case $part in
least-squares)
  for inner in 0.1 0.2; do
    for outer in 0.0003 0.001 0.003; do methods set-valued-least-squares $inner $outer; done
  done
  ;;
cross-entropy)
  methods set-valued-cross-entropy 0.5 0.0003
  methods set-valued-cross-entropy 0.5 0.001
  methods set-valued-cross-entropy 1 0.0003
  ;;
few-labels)
  for inner in 0.1 0.5; do
    for method in rhg bda; do
      for outer in 0.0003 0.001 0.003; do cell few-labels $inner $outer $method; done
      # Filters want larger steps than units.
      for outer in 0.001 0.003 0.01; do
        cell few-labels-convolutional $inner $outer $method
      done
    done
  done
  ;;
*)
  echo "search.sh knows least-squares, cross-entropy and few-labels, not \"$part\"." >&2
  exit 64
  ;;
esac
