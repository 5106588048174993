#!/usr/bin/env bash
# The table of clean.md: labels are made wrong by `datasets corrupt`, `hyper-cleaning clean` sees the
# result, and evaluate_clean.py compares with the truth. Data as `make data` leaves it.
#
#     experiments/hyper-cleaning/clean.sh FOLDER [data sets [rules [fractions [checked samples]]]]
set -euo pipefail
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
bin=${BIN:-$here/../../.build/release}
out=$1
for set in ${2:-mnist fashion-mnist cifar-10-subset}; do
  for rule in ${3:-uniform class-dependent instance-dependent}; do
    for fraction in ${4:-0.1 0.3 0.5}; do
      for checked in ${5:-50 200 1000}; do
        folder=$out/$set/$rule/$fraction/$checked
        if [ ! -s "$folder/row" ]; then
          "$bin/datasets" corrupt "$set-train" --rule "$rule" --fraction "$fraction" \
            --count "${COUNT:-5000}" --checked "$checked" --seed "${SEED:-1}" --output "$folder" > /dev/null
          "$bin/hyper-cleaning" clean --train "$folder/train.h5" --checked "$folder/checked.h5" \
            --output "$folder" > "$folder/output" 2> "$folder/log" ||
            { echo "$set | $rule | $fraction | $checked | $(tail -1 "$folder/log")"; continue; }
          "${PYTHON:-python3}" "$here/evaluate_clean.py" "$folder" > "$folder/row"
          rm -f "$folder/clean.h5"
        fi
        echo "| $set | $rule | $fraction | $checked | $(cat "$folder/row") |"
      done
    done
  done
done
