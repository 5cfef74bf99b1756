"""Owns the phrases that hold `src/feature.rs` to `captions.py`: composed music of all roles and metres, with the features
and true words of the last voice.

    python feature_samples.py ../barline.toml ../../tests/data/features.json

Each sample: `text`, the stream lines (the chart, where there is one, and the voice); `metre`, `home`, `role`; `root`, the
pitch class of the last chord symbol's root or null; `bands`, the bounds that the words rest on; `features`, `words`.
"""
import json
import random
import sys
import tomllib
from pathlib import Path

import captions
import stream
from abc_voice import SEMITONES
from composed.piece import compose
from composed.theory import tones

COUNT = 64


def phrases():
    """Phrases of four bars, as many of each role as there are, all metres among them."""
    seed, seen = 10_000_000, {}
    while True:
        piece = compose(random.Random(seed))
        seed += 1
        role, bars = piece.voices[-1]
        start = 0
        for count, _ in piece.segments:
            if count == 4:
                break
            start += count
        else:
            continue
        # the rarest role and metre first
        if seen.get(role, 0) * 6 > sum(seen.values()) + 6 or seen.get(piece.metre, 0) * 8 > sum(seen.values()) + 8:
            continue
        seen[role], seen[piece.metre] = seen.get(role, 0) + 1, seen.get(piece.metre, 0) + 1
        yield piece, role, bars[start:start + 4], [c[start:start + 4] for r, c in piece.voices if r == "ch"]


def sample(piece, role, bars, charts, bands):
    root = None
    if charts:
        step, alteration = tones(charts[0][-1][-1][0])[0]
        root = (SEMITONES[step] + alteration) % 12
    lines = []
    for k, bar in enumerate(bars):
        following = bars[k + 1][0] if k + 1 < len(bars) else None
        parts = [("ch", stream.chart(c[k], piece.metre)) for c in charts] + [(role, stream.music(bar, piece.metre, following))]
        lines.append(stream.line(parts))
    found = captions.features(bars, piece.metre, piece.home, root)
    words = captions.true_words(found, bands, role)
    return {"text": "".join(lines), "metre": piece.metre, "home": piece.home, "role": role, "root": root, "bands": bands,
            "features": found and {k: round(v, 6) for k, v in found.items()}, "words": words}


def main(profile, path):
    bands = tomllib.loads(Path(profile).read_text())["bands"]
    samples = []
    for piece, role, bars, charts in phrases():
        samples.append(sample(piece, role, bars, charts, bands[role]))
        if len(samples) == COUNT:
            break
    Path(path).write_text("[\n" + ",\n".join(json.dumps(s) for s in samples) + "\n]\n")
    print(len(samples), "phrases")


if __name__ == "__main__":
    main(*sys.argv[1:])
