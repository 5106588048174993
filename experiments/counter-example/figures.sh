#!/usr/bin/env bash
# The figures of this experiment, from nothing: runs what they show, then draws them.
#
#     figures.sh [starts|methods|schedules|time|memory ...]      (default: all)
#
# Data files and gnuplot scripts are written to FIGURES (default results/figures) in any case, SVG
# and PNG where gnuplot is installed. Records go to RECORDS (default results/figures/records), away
# from those of `make reproduce`; a figure's records are run again only where they are missing.
# COMMANDS is the folder of the executables (default .build/release).
set -euo pipefail
commands=${COMMANDS:-.build/release}
figures=${FIGURES:-results/figures}
records=${RECORDS:-$figures/records}

# Runs `counter-example` into a folder of records of its own, unless it is there.
records_of() { # folder, arguments...
  local folder=$records/$1
  shift
  [ -d "$folder" ] && return
  echo "counter-example $*" >&2
  "$commands/counter-example" "$@" --scalar double --quiet --output "$folder.partial" > /dev/null 2>&1 ||
    { echo "figures.sh: 'counter-example $*' failed with exit code $?" >&2; exit 1; }
  mv "$folder.partial" "$folder"
}

draw() { # folder of records, name, title, arguments...
  local folder=$records/$1 name=$2 title=$3
  shift 3
  "$commands/report" figure --runs "$folder" --name "$name" --title "$title" --output "$figures" "$@"
}

error='|x - x*|, x* = 1'

# (a) Errors against outer iterations, from several starting points.
figure_starts() {
  local options=() curves=()
  for y in 0,0 2,2 -3,-3 8,8; do options+=(--start=$y); done
  records_of starts run --method rhg --method bda --inner-steps 256 --alpha 0.9 \
    --outer-iterations 40 "${options[@]}"
  for y in 0 2 -3 8; do curves+=(--label "RHG y1=$y y2=$y -> RHG, from ($y, $y)"); done
  for y in 0 2 -3 8; do
    curves+=(--label "BDA alpha=0.9 y1=$y y2=$y -> BDA, alpha_k = 0.9/k, from ($y, $y)")
  done
  draw starts counter-example-starts \
    'RHG stays at the wrong point that its start decides (K = 256)' \
    --metric upperError --logarithmic --minimum 1e-4 --y-label "$error" "${curves[@]}"
}

# (b) The final error against K, for every method.
figure_methods() {
  records_of methods sweep
  records_of damped sweep --method cg --damping 0.01
  mkdir -p "$records/all" && cp -r "$records/methods/." "$records/damped/." "$records/all"
  draw all counter-example-methods \
    'Methods that assume one lower solution are flat in K (s = 1/2, from (0, 0))' \
    --metric upperError --logarithmic --minimum 1e-6 --variant sweep=innerSteps --y-label "$error" \
    --method cg --method one-stage --method rhg --method t-rhg --method neumann \
    --method one-stage-bda --method t-bda --method bda --method v-pbgd \
    --label 'CG damping=0 -> CG (breaks down)' --label 'One-stage RHG' \
    --label 'CG damping=0.01 -> CG, damping 0.01' --label RHG --label 'T-RHG' \
    --label 'Neumann damping=0 -> Neumann' \
    --label 'One-stage BDA alpha=0.5 harmonic -> One-stage BDA' \
    --label 'T-BDA alpha=0.5 harmonic -> T-BDA' --label 'BDA alpha=0.5 harmonic -> BDA, alpha_k = 0.5/k' \
    --label V-PBGD
}

# (c) The ablation of schedules, forms A to F: the two that are summable (D, E) stop short.
figure_schedules() {
  records_of schedules sweep --schedules
  draw schedules counter-example-schedules \
    'Summable weights (D, E) stop short, divergent ones do not (s = 1/2, from (0, 0))' \
    --metric upperError --logarithmic --minimum 1e-4 \
    --variant inner.stepSize=0.5 --variant y1=0 --y-label "$error" \
    --variant aggregation.schedule=,journal,harmonic,official-code,geometric,outer-harmonic,outer-power,constant \
    --label 'RHG -> alpha = 0 (RHG)' \
    --label 'BDA alpha=0.5 journal -> B: 0.5/(k+1), mu = 1/2' \
    --label 'BDA alpha=0.5 harmonic -> A: 0.5/k' \
    --label 'BDA alpha=0.6 harmonic -> C: 0.6/k (BOML)' \
    --label 'BDA alpha=0.9 harmonic -> A: 0.9/k' \
    --label 'BDA alpha=0.5 geometric -> E: 0.5 0.9^(k-1), summable' \
    --label 'BDA alpha=0.6 official-code -> D: 0.6 0.9^(k-1), summable' \
    --label 'BDA alpha=0.9 outer-harmonic -> F: 0.9/(n+1)' \
    --label 'BDA alpha=0.9 outer-power -> F: 0.9/(n+1)^0.1' \
    --label 'BDA alpha=0.5 constant -> A: 0.5 constant'
}

# (d) Time and memory of one hypergradient against n.
cost() { # name, title, metric, label of the axis, arguments...
  records_of scaling scaling
  draw scaling "$1" "$2" --metric "$3" --logarithmic --y-label "$4" "${@:5}" \
    --label 'FHG -> FHG (forward)' --label 'Forward BDA -> Forward BDA' \
    --label 'RHG -> RHG (reverse)' --label 'BDA -> BDA (reverse)' \
    --label 'CG -> CG (implicit)' --label 'Neumann -> Neumann (implicit)' \
    --label 'BDA-CG -> BDA-CG (implicit)' \
    --label 'One-stage RHG' --label 'One-stage BDA'
}
figure_time() {
  cost counter-example-time 'Seconds for one hypergradient, K = 16' hypergradientSeconds seconds
}
figure_memory() {
  cost counter-example-memory 'Memory that one hypergradient adds, K = 16' addedPeakBytes bytes --minimum 1e4
}

mkdir -p "$records"
[ $# -gt 0 ] || set -- starts methods schedules time memory
for figure in "$@"; do
  case $figure in
  starts | methods | schedules | time | memory) figure_$figure ;;
  *)
    echo "figures.sh: there is no figure '$figure'; see the head of this file." >&2
    exit 64
    ;;
  esac
done
