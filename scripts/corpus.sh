#!/bin/sh
# Gets the melodies that the tests and the training use into corpus/, out of the Python package music21. Their origin and rights: gguf/README.md.
#
#   scripts/corpus.sh [FOLDER]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
to=${1:-$root/corpus}
package=music21==10.5.1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$root/scripts/setup.sh" train
echo "corpus: downloading $package (20 MB)"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" "$package"
python3 - "$work" "$to" <<'PYTHON'
import pathlib, sys, zipfile

work, to = map(pathlib.Path, sys.argv[1:])
collections = {
    "airdsAirs": "airdsAirs/", "oneills1850": "oneills1850/", "ryansMammoth": "ryansMammoth/",
    "northumbrianMinstrelsy": "miscFolk/northumbrianminstrelsy",
}
[package] = work.glob("*.whl")
with zipfile.ZipFile(package) as archive:
    for name, start in collections.items():
        start = "music21/corpus/" + start
        files = [entry for entry in archive.namelist() if entry.startswith(start) and entry.endswith(".abc")]
        folder = to / name
        folder.mkdir(parents=True, exist_ok=True)
        for entry in files:
            (folder / entry.rsplit("/", 1)[1]).write_bytes(archive.read(entry))
        print(f"corpus: {name}: {len(files)} files")
        if not files:
            sys.exit(f"corpus: {name} is not where it was in {package.name}")
PYTHON
echo "corpus: in $to"
