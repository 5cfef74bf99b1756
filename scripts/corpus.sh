#!/bin/sh
# Gets the music that the tests and the training use into corpus/: melodies and scores out of the Python package music21, hymns from the
# Open Hymnal Project. Their origin and rights: gguf/README.md.
#
#   scripts/corpus.sh [FOLDER]
#
# A score is taken only where its file says nothing about rights, a hymn only where its file says that it is in the public domain.
# HYMNAL says where else the archive of the hymns lies.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
to=${1:-$root/corpus}
package=music21==10.5.1
hymnal=https://codeload.github.com/mzealey/openhymnal/tar.gz/d35811b2d5c9b0bbc5887d60a2936454815416e8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$root/scripts/setup.sh" train
echo "corpus: downloading $package (20 MB)"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" "$package"
python3 - "$work" "$to" "${HYMNAL:-$hymnal}" <<'PYTHON'
import io, pathlib, re, sys, tarfile, urllib.request, zipfile

work, to = map(pathlib.Path, sys.argv[1:3])
collections = {
    "airdsAirs": "airdsAirs/", "oneills1850": "oneills1850/", "ryansMammoth": "ryansMammoth/",
    "northumbrianMinstrelsy": "miscFolk/northumbrianminstrelsy",
    "polyphony/bach": "bach/", "polyphony/haydn": "haydn/", "polyphony/mozart": "mozart/", "polyphony/beethoven": "beethoven/",
    "polyphony/schumann": "schumann_robert/",
}
RIGHTS = re.compile(r"(?i)copyright|©|\(c\) |licen[cs]e|rights|permission|creative commons")


def put(folder, name, data):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def speaks_of_rights(data):
    """Whether a score says a word about rights outside its lyrics."""
    texts = [data]
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            texts = [packed.read(name) for name in packed.namelist() if not name.startswith("META-INF")]
    # The encoding is not always the one that is declared.
    text = " ".join(part.decode(code, "replace") for part in texts for code in ("utf-8", "utf-16", "latin-1"))
    return bool(RIGHTS.search(re.sub(r"(?s)<!DOCTYPE.*?>|<lyric[ >].*?</lyric>|</?[a-z][^>]*>", "", text)))


[package] = work.glob("*.whl")
with zipfile.ZipFile(package) as archive:
    for collection, start in collections.items():
        start, scores = "music21/corpus/" + start, collection.startswith("polyphony")
        kinds = (".mxl", ".xml") if scores else (".abc",)
        files = [entry for entry in archive.namelist() if entry.startswith(start) and entry.endswith(kinds)]
        taken = 0
        for entry in files:
            data = archive.read(entry)
            if not scores or not speaks_of_rights(data):
                # Movements of different works have the same name.
                put(to / collection, entry[len(start):].replace("/", "-") if scores else entry.rsplit("/", 1)[1], data)
                taken += 1
        print(f"corpus: {collection}: {taken} files" + (f" of {len(files)}" if scores else ""))
        if not taken:
            sys.exit(f"corpus: {collection} is not where it was in {package.name}")

try:
    with urllib.request.urlopen(sys.argv[3], timeout=60) as answer:
        packed = io.BytesIO(answer.read())
except OSError as error:
    sys.exit(f"corpus: the Open Hymnal ({sys.argv[3]}) could not be got, and the training does without it: {error}")
taken = 0
with tarfile.open(fileobj=packed) as archive:
    for entry in archive:
        if entry.name.endswith(".abc"):
            data = archive.extractfile(entry).read()
            free = re.search(rb"(?im)^C: *copyright: public domain", data) and b"All other rights" not in data
            if free and b"part of the Open Hymnal Project" in data:
                put(to / "openhymnal", entry.name.rsplit("/", 1)[1], data)
                taken += 1
print(f"corpus: openhymnal: {taken} files")
PYTHON
echo "corpus: in $to"
