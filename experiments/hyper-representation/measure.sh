#!/usr/bin/env bash
# The runs behind the tables of README.md beside this file, three seeds each; settings that are not
# those of the protocol are what search.sh found.
#
# Usage: measure.sh linear | deep | least-squares | longer | cross-entropy | few-labels
#   [options of `hyper-representation run`]
set -euo pipefail
command=${HYPER_REPRESENTATION:-.build/release/hyper-representation}
part=$1
shift
common=(run --budget paper --seed 0...2 --progress none --quiet --skip-completed "$@")

runs() { # protocol, options...
  local protocol=$1
  shift
  local code=0
  "$command" "${common[@]}" --protocol "$protocol" "$@" || code=$?
  # 3: a run diverged, which its row says; an interrupt or an error ends it all.
  case $code in 0 | 3) ;; *) exit "$code" ;; esac
}

case $part in
linear)
  for protocol in pzobo2022-64 pzobo2022-128; do
    runs $protocol --method rhg --method t-rhg --method fixed-point --method cg --method neumann \
      --method one-stage --method bda --method one-stage-bda
  done
  # The notebook's rate for AID-CG at p = 128.
  runs pzobo2022-128 --method cg --outer-step-size 0.01
  for protocol in pzobo2022-64-factor-two pzobo2022-128-factor-two; do
    runs $protocol --method fixed-point --method cg
  done
  ;;
deep)
  runs pzobo2022-deep --method fixed-point --method rhg --method bda
  # The notebook's T for AID-CG.
  runs pzobo2022-deep --method cg --inner-steps 30 --set solver.steps=30
  ;;
least-squares)
  protocol=set-valued-least-squares
  runs $protocol --method rhg --method t-rhg --method one-stage --method cg --method bda
  runs $protocol --method bda-cg --upper-step-size 0.1
  runs $protocol --method neumann --set solver.steps=100 --set solver.damping=0
  runs $protocol --method bda --schedule journal
  for schedule in constant official-code; do
    runs $protocol --method bda --schedule $schedule --upper-step-size 0.1
  done
  # Not finite at the protocol's outer rate.
  runs $protocol --method one-stage-bda --outer-step-size 0.0003 --upper-step-size 0.1
  ;;
longer)
  # Ten times the inner steps: nearer to S(x).
  runs set-valued-least-squares --inner-steps 1000 --method rhg --method bda
  runs set-valued-least-squares --inner-steps 1000 --method bda --schedule constant \
    --upper-step-size 0.1
  ;;
cross-entropy)
  protocol=set-valued-cross-entropy
  runs $protocol --method rhg --method t-rhg --method cg --method bda --method bda-cg
  runs $protocol --method neumann --set solver.steps=100 --set solver.damping=0
  for schedule in constant journal official-code; do
    runs $protocol --method bda --schedule $schedule
  done
  # Neither is stable at the protocol's outer rate.
  runs $protocol --method one-stage --method one-stage-bda --outer-step-size 0.0001
  ;;
few-labels)
  for name in mnist fashion-mnist; do
    for labels in 5 10 50; do
      runs few-labels --dataset $name --set data.perClass=$labels \
        --method rhg --method cg --method one-stage --method bda
      runs few-labels-convolutional --dataset $name --set data.perClass=$labels \
        --method rhg --method bda
    done
  done
  ;;
*)
  echo "measure.sh knows linear, deep, least-squares, longer, cross-entropy and few-labels, not" \
    "\"$part\"." >&2
  exit 64
  ;;
esac
