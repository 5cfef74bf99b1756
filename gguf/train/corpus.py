"""Owns the corpus: ABC collections, scores and composed pieces in, training text in the stream form out.

Each tune is rendered several times (see `rendition.py`), with captions that are true of each phrase of the model's last
voice. All is split into training and held-out by family: tunes whose lead, and composed pieces whose last voice, begin
with the same intervals belong together, and so do the parts of one score. Writes `renditions.jsonl`, `report.json` and the profile `barline.toml`.

    python corpus.py CORPUS[:CORPUS] OUT [--tier A] [--profile FILE] [--composed 7000]

A collection is taken from the first folder that has it; one that none has is left out, which is said.
"""
import argparse
import json
import random
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import bars as form
import captions
import profile_file
import rendition
import stream
from abc_tune import read_file
from abc_voice import SEMITONES, Skip, midi
from composed.piece import compose, interval_key
from composed.theory import tones
from score_tune import read_score

MELODIES = ("oneills1850", "ryansMammoth", "airdsAirs", "northumbrianMinstrelsy")
HYMNS, SCORES = "openhymnal", "polyphony"
RENDITIONS = {HYMNS: 20, SCORES: 6}          # of a melody 4


def single(notes, top):
    """One pitch of each chord: the top for a lead, the lowest for a bass."""
    return [replace(n, pitches=n.pitches[-1:] if top else n.pitches[:1]) for n in notes]


def load(roots, tier):
    tunes, left_out = [], Counter()
    for collection in (HYMNS,) + ((*MELODIES, SCORES) if tier == "B" else ()):
        folder = next((root / collection for root in roots if (root / collection).is_dir()), None)
        if not folder:
            print(f"no {collection} in {' or '.join(map(str, roots))}: left out")
            continue
        for path in sorted(path for path in folder.rglob("*") if path.suffix in (".abc", ".mxl", ".xml")):
            found, reasons = read_score(path) if collection == SCORES else read_file(path, 4 if collection == HYMNS else 1)
            left_out.update(f"{collection}: {reason}" for reason in reasons)
            for tune in found:
                tune.source, tune.genre = collection, captions.genre(tune, collection)
                if collection in (HYMNS, SCORES):
                    tune.bars = [[single(b[0], True), *(single(v, True) for v in b[1:3]), single(b[3], False)] for b in tune.bars]
                try:                         # what the stream form cannot say is left out here
                    rendition.plain(tune)
                except Skip as reason:
                    left_out[f"{collection}: {reason}"] += 1
                    continue
                tunes.append(tune)
    return tunes, left_out


def find_families(tunes):
    """Name the family of each tune by its first twenty intervals, with and without what stands before the second bar, and
    by its work."""
    names = {}

    def root(key):
        while names.setdefault(key, key) != key:
            key = names[key]
        return key

    keys = []
    for tune in tunes:
        pair = []
        for start in (0, 1):
            tops = [midi(n.pitches[-1]) for bar in tune.bars[start:] for n in bar[0] if n.pitches]
            pair.append(",".join(str(b - a) for a, b in zip(tops[:20], tops[1:21])))
        for other in pair[1:] + [tune.work] * bool(tune.work):
            names[root(other)] = root(pair[0])
        keys.append(pair[0])
    for tune, key in zip(tunes, keys):
        tune.family = root(key)


def held(families, rng):
    """One family in twenty."""
    rng.shuffle(families)
    return set(families[:len(families) // 20])


def composed(count):
    """-> (piece, lines) of composed music; a piece that breaks the stream form is an error of the composer."""
    for seed in range(count):
        piece = compose(random.Random(seed))
        text = rendition.lines(piece)
        for line in text:
            if any(form.faults(line, piece.metre)):
                raise AssertionError(f"composed piece {seed}: {line}")
        role, bars = piece.voices[-1]
        piece.family = f"{role} {interval_key(bars)}"
        yield piece, text


def described(piece):
    """-> for each segment its bars and the features of the last voice."""
    out, at, bars = [], 0, piece.voices[-1][1]
    chart = next((c for role, c in piece.voices if role == "ch"), None)
    for count, _ in piece.segments:
        root = None
        if chart:
            step, alteration = tones(chart[at + count - 1][-1][0])[0]
            root = (SEMITONES[step] + alteration) % 12
        out.append(captions.features(bars[at:at + count], piece.metre, piece.home, root))
        at += count
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=lambda text: [Path(folder) for folder in text.split(":")])
    parser.add_argument("out", type=Path)
    parser.add_argument("--tier", choices="AB", default="B")
    parser.add_argument("--profile", type=Path)
    parser.add_argument("--composed", type=int, default=7000)
    args = parser.parse_args()
    rng = random.Random(1)
    tunes, left_out = load(args.corpus, args.tier)
    find_families(tunes)
    made = list(composed(args.composed))
    # each kind by the same draw as ever, so that a warm start has not seen what is held out
    kinds = [set(), {piece.family for piece, _ in made}, {tune.family for tune in tunes if tune.source == SCORES}]
    kinds[0] = {tune.family for tune in tunes} - kinds[2]
    held_out = set().union(*(held(sorted(families), random.Random(n)) for n, families in enumerate(kinds, 1)))

    pieces = []                              # (piece, lines)
    for tune in tunes:
        pieces += [rendition.render(tune, rng) for _ in range(3 if tune.family in held_out else RENDITIONS.get(tune.source, 4))]
    pieces += made
    about = [described(piece) for piece, _ in pieces]

    # bounds and counts as the training will meet them: sources weigh as they are drawn
    phrases = Counter()
    for piece, _ in pieces:
        phrases[piece.source] += len(piece.segments) * (piece.family not in held_out)
    weight = {source: rendition.SHARES[source] / count for source, count in phrases.items() if count}
    values = defaultdict(list)
    for (piece, _), found in zip(pieces, about):
        if piece.family not in held_out:
            values[piece.voices[-1][0]] += [(weight[piece.source], f) for f in found if f]
    bounds = {role: captions.terciles(weighted) for role, weighted in values.items()}
    true, plain_count = defaultdict(Counter), defaultdict(Counter)
    said = defaultdict(Counter)
    for (piece, _), found in zip(pieces, about):
        role = piece.voices[-1][0]
        for feature, (_, told) in zip(found, piece.segments):
            if piece.family not in held_out:
                for word in captions.true_words(feature, bounds[role], role, told):
                    true[role][word] += weight[piece.source]
                    plain_count[role][word] += 1
    sayer = captions.Sayer(true)

    args.out.mkdir(parents=True, exist_ok=True)
    counts, shown, often = Counter(), Counter(), Counter()
    with open(args.out / "renditions.jsonl", "w") as out:
        for (piece, text), found in zip(pieces, about):
            role, split = piece.voices[-1][0], "held_out" if piece.family in held_out else "train"
            record, at = [], 0
            for feature, (count, told) in zip(found, piece.segments):
                words = captions.true_words(feature, bounds[role], role, told)
                three = [sayer.caption(words, role, rng) for _ in range(3)]
                if split == "train":
                    shown[role] += 3 * weight[piece.source]
                    for word in (word for c in three for word in c[2:].split()):
                        said[role][word] += weight[piece.source]
                        often[word] += 1
                record.append(three + ["".join(text[at:at + count])])
                at += count
            counts[f"{split} renditions, {piece.source}"] += 1
            counts[f"{split} characters, {piece.source}"] += sum(len(p[-1]) for p in record)
            counts[f"{split} bars, {piece.source}, {role}"] += len(text)
            json.dump({"split": split, "source": piece.source, "voices": [r for r, _ in piece.voices], "models": piece.models,
                       "family": piece.family, "header": stream.header(piece.metre, piece.home), "phrases": record}, out)
            out.write("\n")
    counts.update(f"tunes {tune.source}" for tune in tunes)
    counts.update({"families held out": len(held_out)})
    # of 1,000 phrases of a role, as the training draws them, how many are told a word
    said = {role: {word: round(1000 * part / shown[role]) for word, part in words.most_common()} for role, words in said.items()}
    words = [word for word in captions.WORDS if often[word] >= 300]
    if args.profile:
        profile_file.write(args.profile, bounds, words)
    report = {"counts": dict(sorted(counts.items())), "said per 1000": said, "said": dict(often.most_common()),
              "true": {r: dict(plain_count[r].most_common()) for r in plain_count}, "bounds": bounds, "left out": dict(left_out)}
    (args.out / "report.json").write_text(json.dumps(report, indent=1))
    for name, count in report["counts"].items():
        print(f"{count:9d} {name}")
    for role in said:
        print(role, *(f"{word} {said[role][word]}" for word in captions.WORDS if said[role].get(word)))


if __name__ == "__main__":
    main()
