#!/bin/sh
# The exporter of the model writes tests/data/tiny.gguf, byte for byte; without torch, in an environment of its own under target/.
set -eu
cd "$(dirname "$0")/.."
venv=target/exporter-venv
# What is not needed of the training's packages is torch.
packages=$(grep -v '^torch' gguf/train/requirements.txt)
# In CI what is missing is a failure.
missing() {
    [ "${CI:-}" != true ] || { echo "$1" >&2; exit 1; }
    echo "skipped: $1"
    exit 0
}
python3 -c 'import ensurepip, venv' 2>/dev/null || missing "no python3 with venv"
if [ "$(cat "$venv/packages" 2>/dev/null)" != "$packages" ]; then
    python3 -m venv --clear "$venv"
    # shellcheck disable=SC2086 # several packages
    "$venv/bin/pip" install --quiet --disable-pip-version-check $packages || missing "pip could not install numpy and gguf"
    echo "$packages" >"$venv/packages"
fi
made=$(mktemp)
trap 'rm -f "$made"' EXIT
PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" gguf/train/tiny.py "$made"
cmp "$made" tests/data/tiny.gguf
echo "tests/data/tiny.gguf is what the exporter writes"
