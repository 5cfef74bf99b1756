"""Owns the texts that test the player's tokens: composed here at random, each with the ids that `tokens.py` gives.

    python token_samples.py ../../tests/data/tokens.json
"""
import json
import random
import sys

import captions
import harmony
import rendition
import stream
import tokens
from abc_tune import bar_ticks
from abc_voice import Note
from composed.piece import compose


def random_bar(metre, rng, low=21, high=42, chromatic=.15):
    """Notes that fill a bar: runs, leaps, rests, triplets, ties and now and then a chord."""
    left, step, notes = bar_ticks(metre), rng.randrange(low + 3, high - 3), []
    while left:
        step = min(high, max(low, step + rng.choice((-5, -3, -2, -1, -1, 0, 1, 1, 2, 3, 5))))
        pitch = (step, rng.choice((-1, 1)) if rng.random() < chromatic else 0)
        if left >= 24 and rng.random() < .12:
            notes += [Note(((step + n, 0),), 8, False, n + 1) for n in range(3)]
            left -= 24
            continue
        ticks = rng.choice([t for t in list(stream.LENGTHS) + [60, 30, 15] if t <= left])
        kind = rng.random()
        pitches = () if kind < .1 else (pitch, (step + 2, 0), (step + 4, 0)) if kind > .92 else (pitch,)
        notes.append(Note(pitches, ticks, rng.random() < .1))
        left -= ticks
    return notes


def random_chart(metre, rng):
    sizes = harmony.slots(metre) if rng.random() < .5 else [bar_ticks(metre)]
    symbols = [rng.choice([p[1:-1] for p in tokens.PIECES if p[:1] == '"' and len(p) > 2]) for _ in sizes]
    return stream.chart(list(zip(symbols, sizes)), metre)


def snippets(rng):
    """A stream as the player writes it: header, captions, bars of one to three voices."""
    for n in range(48):
        metre, home = rng.choice(tokens.METRES[:10]), rng.choice(tokens.HOMES)
        text = stream.header(metre, home) if n % 2 else ""
        for _ in range(rng.randint(1, 3)):
            if rng.random() < .6:
                text += "% " + " ".join(rng.sample(captions.WORDS, rng.randint(1, 6))) + "\n"
            parts = [("lead", stream.music(random_bar(metre, rng), metre))]
            if n % 3:
                parts.insert(0, ("bass", stream.music(random_bar(metre, rng, 14, 24, .05), metre)))
            if n % 5 == 2:
                parts.insert(0, (rng.choice(("keys", "arp", "inner", "hand")), stream.music(random_bar(metre, rng, 20, 34, .05), metre)))
            if n % 4 == 1:
                parts.insert(0, ("ch", random_chart(metre, rng)))
            text += stream.line(parts)
        yield text
    # drums and chords as the composed pieces have them
    for seed in range(12):
        piece = compose(random.Random(20_000_000 + seed))
        yield stream.header(piece.metre, piece.home) + "".join(rendition.lines(piece)[:3])
    # beginnings, as they stand while a bar is being written, and texts outside the form
    yield from ("[V:lead] ", "[V:lead] A", "[V:lead] A2", "[V:lead] (3AB", "[V:lead] ^f'3/", "[V:ch] \"Am", "X:1\n", "%", "% ",
                "% slow and lowish, jigs\n", "% Fährte\n", "[V:kit] C,,,,2 |", "[V:kit] [C,,", "[V:kit] [C,,^F,,", "[V:drums] C,,2 |", "T:Night ferry\nK:Dm\nM:11/8\n", "\tA>B \"^text\" {g}a :|",
                "[V:lead] [=C_E^G]3/2 c''/4d'''12 z16 |\n")


def write(path):
    rng = random.Random(7)
    samples = []
    for text in snippets(rng):
        samples.append({"text": text, "ids": tokens.check(text)})
    with open(path, "w") as out:
        out.write("[\n" + ",\n".join(json.dumps(sample) for sample in samples) + "\n]\n")
    print(len(samples), "texts")


if __name__ == "__main__":
    write(sys.argv[1])
