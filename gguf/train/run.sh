#!/bin/sh
# Owns the way from the corpora to the model file: environment, corpus, token check, training, export.
#
#   TIER=B MINUTES=75 CORPUS=../shared/abc:corpus gguf/train/run.sh
#
# TIER=A uses the Open Hymnal and composed music alone. A collection comes from the first folder of CORPUS that has it.
# VENV, RUN and OUT say where the environment, the checkpoints and the result live; model and profile go to OUT only at the
# end, together. RESUME=1 goes on from the last checkpoint; WARM=FILE.gguf begins with the weights of a model file.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
: "${TIER:=B}" "${MINUTES:=75}" "${CORPUS:=$root/../shared/abc:$root/corpus}" "${RUN:=$root/target/train}" "${VENV:=$RUN/venv}" "${OUT:=$root/gguf}"
mkdir -p "$RUN"

# A thread that waits for the other must not spin, and freed memory is kept: together 1.5 to 4 times the speed
# of the defaults when the machine is busy with other work.
export OMP_WAIT_POLICY=passive MALLOC_TOP_PAD_=268435456 MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=4294967296

train=$root/gguf/train
[ -x "$VENV/bin/python" ] || python3 -m venv "$VENV"
"$VENV/bin/python" -c "import torch, gguf" 2>/dev/null || "$VENV/bin/pip" install --quiet --requirement "$train/requirements.txt"
if [ -z "${RESUME:-}" ]; then
    "$VENV/bin/python" "$train/corpus.py" "$CORPUS" "$RUN/corpus" --tier "$TIER" --profile "$RUN/barline.toml"
    "$VENV/bin/python" "$train/tokens.py" "$RUN/corpus"
fi
"$VENV/bin/python" "$train/train.py" "$RUN/corpus" "$RUN" --minutes "$MINUTES" --gguf "$RUN/barline.gguf" ${WARM:+--warm "$WARM"} ${RESUME:+--resume}
cp "$RUN/barline.gguf" "$OUT/barline.gguf"
cp "$RUN/barline.toml" "$OUT/barline.toml"
# `barline audition` says how good it is; this only shows some bars
"$VENV/bin/python" "$train/sample.py" "$RUN/checkpoint.pt" --profile "$OUT/barline.toml" --rows 4 --words 0
