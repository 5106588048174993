#!/usr/bin/env bash
# The runs behind the tables of README.md beside this file: problem 1 with the settings of the
# notebook and as stated, problem 3 on real images with three seeds.
#
# Usage: measure.sh linear | deep | least-squares | cross-entropy [options of `hyper-representation run`]
set -euo pipefail
command=${HYPER_REPRESENTATION:-.build/release/hyper-representation}
part=$1
shift
common=(run --budget paper --seed 0...2 --progress none --quiet --skip-completed "$@")

methods() { # protocol, methods...
  local protocol=$1
  shift
  local names=()
  for name in "$@"; do names+=(--method "$name"); done
  "$command" "${common[@]}" --protocol "$protocol" "${names[@]}" || echo "exit code $?"
}

schedules() { # protocol, schedules...
  local protocol=$1
  shift
  for schedule in "$@"; do
    "$command" "${common[@]}" --protocol "$protocol" --method bda --schedule "$schedule" ||
      echo "exit code $?"
  done
}

case $part in
linear)
  for protocol in pzobo2022-64-notebook pzobo2022-128-notebook; do
    methods $protocol fixed-point cg
  done
  for protocol in pzobo2022-64 pzobo2022-128; do
    methods $protocol rhg t-rhg fixed-point cg neumann one-stage bda one-stage-bda
  done
  ;;
deep)
  methods pzobo2022-deep fixed-point cg rhg bda
  ;;
least-squares | cross-entropy)
  methods set-valued-$part rhg t-rhg cg neumann one-stage bda
  schedules set-valued-$part constant journal official-code
  methods set-valued-$part one-stage-bda bda-cg
  ;;
*)
  echo "measure.sh knows linear, deep, least-squares and cross-entropy, not \"$part\"." >&2
  exit 64
  ;;
esac
