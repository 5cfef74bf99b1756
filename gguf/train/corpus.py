"""Owns the corpus: ABC collections in, training text in the stream form out.

Each tune is rendered several times: an octave shift, a choice of voices (lead alone, or with bass and chart before it)
and captions that are true of each four-bar phrase. Tunes are split into training and held-out by family: tunes whose
lead begins with the same twenty intervals belong together. Writes `renditions.jsonl` and the profile `barline.toml`.

    python corpus.py CORPUS OUT [--tier A] [--profile FILE]
"""
import argparse
import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import captions
import harmony
import stream
from abc_tune import read_file
from abc_voice import Note, Skip, midi

MELODIES = ("oneills1850", "ryansMammoth", "airdsAirs", "northumbrianMinstrelsy")
HYMNS = "openhymnal"
PHRASE = 4
KINDS = (("lead",), ("bass", "lead"), ("ch", "lead"), ("ch", "bass", "lead"))
SHARES = (.50, .20, .15, .15)
RENDITIONS = {"melody": 6, "hymn": 24}
LOWEST, HIGHEST = 43, 96


def single(notes, top):
    """One pitch of each chord: the top for a lead, the lowest for a bass."""
    return [replace(n, pitches=n.pitches[-1:] if top else n.pitches[:1]) for n in notes]


def load(root, tier):
    tunes, left_out = [], Counter()
    for collection in (HYMNS,) + (MELODIES if tier == "B" else ()):
        for path in sorted((root / collection).glob("*.abc")):
            found, reasons = read_file(path, 4 if collection == HYMNS else 1)
            left_out.update(f"{collection}: {reason}" for reason in reasons)
            for tune in found:
                tune.source, tune.genre = collection, captions.genre(tune, collection)
                if collection == HYMNS:
                    tune.bars = [[single(b[0], True), *b[1:3], single(b[3], False)] for b in tune.bars]
                try:                         # what the stream form cannot say is left out here
                    lines(tune, tune.bars, ("lead",), random.Random(0))
                except Skip as reason:
                    left_out[f"{collection}: {reason}"] += 1
                    continue
                tunes.append(tune)
    return tunes, left_out


def find_families(tunes):
    """Name the family of each tune by its first twenty intervals, with and without what stands before the second bar."""
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
        names[root(pair[1])] = root(pair[0])
        keys.append(pair[0])
    for tune, key in zip(tunes, keys):
        tune.family = root(key)


def shifted(bars, octaves):
    def move(note):
        return Note(tuple((s + 7 * octaves, a) for s, a in note.pitches), note.ticks, note.tie, note.triplet)
    return [[[move(n) for n in bar[0]], *bar[1:]] for bar in bars]


def choose_shift(tune, rng):
    tops = [midi(p) for bar in tune.bars for n in bar[0] for p in n.pitches]
    octaves = rng.choices((-1, 0, 1), (.2, .6, .2))[0]
    return octaves if min(tops) + 12 * octaves >= LOWEST and max(tops) + 12 * octaves <= HIGHEST else 0


def lines(tune, bars, kind, rng):
    """One line per bar with the voices of a kind of rendition; a hymn has its own bass and harmony."""
    hymn = tune.source == HYMNS
    leads = [bar[0] for bar in bars]
    chart = None
    if "ch" in kind or "bass" in kind and not hymn:
        if hymn:
            chart = [harmony.chart_for_voices(bar, tune.metre) for bar in tune.bars]
            for i, chords in enumerate(chart):
                chart[i] = chords or ([(chart[i - 1][-1][0], stream.bar_ticks(tune.metre))] if i and chart[i - 1] else None)
            if any(chords is None for chords in chart):
                raise Skip("chart")
        else:
            chart = harmony.chart_for_melody(leads, tune.metre, tune.home, rng)
    if "bass" in kind:
        manner = rng.choice(("hold", "fifth", "beats"))
        basses = [bar[-1] for bar in bars] if hymn else [harmony.bass_for_chart(c, tune.metre, manner) for c in chart]
    out = []
    for i in range(len(bars)):
        def after(voice):
            return voice[i + 1][0] if i + 1 < len(voice) else None
        parts = []
        if "ch" in kind:
            parts.append(("ch", stream.chart(chart[i], tune.metre)))
        if "bass" in kind:
            parts.append(("bass", stream.music(basses[i], tune.metre, after(basses))))
        parts.append(("lead", stream.music(leads[i], tune.metre, after(leads))))
        out.append(stream.line(parts))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tier", choices="AB", default="B")
    parser.add_argument("--profile", type=Path)
    args = parser.parse_args()
    rng = random.Random(1)
    tunes, left_out = load(args.corpus, args.tier)
    find_families(tunes)
    families = sorted({tune.family for tune in tunes})
    rng.shuffle(families)
    held_out = set(families[:len(families) // 20])

    renditions = []                          # (tune, kind, bars), then captions once the bounds are known
    for tune in tunes:
        count = RENDITIONS["hymn" if tune.source == HYMNS else "melody"]
        for _ in range(2 if tune.family in held_out else count):
            octaves = choose_shift(tune, rng)
            renditions.append((tune, rng.choices(KINDS, SHARES)[0], shifted(tune.bars, octaves)))

    def phrase_features(bars):
        return [captions.features([bar[0] for bar in bars[k:k + PHRASE]]) for k in range(0, len(bars), PHRASE)]

    described = [phrase_features(bars) for _, _, bars in renditions]
    bounds = captions.terciles([f for (tune, _, _), fs in zip(renditions, described)
                                if tune.family not in held_out for f in fs if f])
    args.out.mkdir(parents=True, exist_ok=True)
    counts, used = Counter(), Counter()
    with open(args.out / "renditions.jsonl", "w") as out:
        for (tune, kind, bars), about in zip(renditions, described):
            try:
                text = lines(tune, bars, kind, rng)
            except Skip:
                text = lines(tune, bars, ("lead",), rng)
            phrases = []
            for k, feature in zip(range(0, len(bars), PHRASE), about):
                words = captions.true_words(feature, bounds, tune.genre) if feature else []
                used.update(words if tune.family not in held_out else ())
                phrases.append([captions.caption(words, rng) for _ in range(3)] + ["".join(text[k:k + PHRASE])])
            split = "held_out" if tune.family in held_out else "train"
            counts[f"{split} renditions"] += 1
            counts[f"{split} characters, {'hymns' if tune.source == HYMNS else 'melodies'}"] += sum(len(p[-1]) for p in phrases)
            json.dump({"split": split, "source": tune.source, "voices": kind, "family": tune.family,
                       "header": stream.header(tune.metre, tune.home), "phrases": phrases}, out)
            out.write("\n")
    counts.update(f"tunes {tune.source}" for tune in tunes)
    counts.update({"families": len(families), "families held out": len(held_out)})
    words = [word for word in captions.WORDS if used[word] >= 100]
    if args.profile:
        write_profile(args.profile, bounds, words)
    report = {"counts": dict(sorted(counts.items())), "words": {w: used[w] for w in captions.WORDS}, "left out": dict(left_out)}
    (args.out / "report.json").write_text(json.dumps(report, indent=1))
    print(json.dumps(report, indent=1))


def write_profile(path, bounds, words):
    """The model's profile, which the player reads."""
    bands = "\n".join(f"{band} = [{low:.3f}, {high:.3f}]" for band, (low, high) in bounds.items())
    path.write_text(f'''# The profile of barline.gguf; written by train/corpus.py.
home_key = "none"
roles = true
context = 512
temperature = 0.9
min_p = 0.05
top_k = 40
words = [{", ".join(f'"{word}"' for word in words)}]

# Bounds between the three words of each band (terciles of the training phrases, four bars of the lead):
# density in notes per whole note, register as mean sounding pitch in the home key, motion as mean interval in
# semitones, contour as mean pitch of the last third minus that of the first third.
[bands]
{bands}
''')


if __name__ == "__main__":
    main()
