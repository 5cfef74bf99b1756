"""Owns the look at a checkpoint: some bars without a mask, how many of them are full, how well words are obeyed.

    python sample.py CHECKPOINT [--bars 16] [--rows 48] [--words 24]
"""
import argparse
import tomllib
from collections import Counter
from fractions import Fraction
from pathlib import Path

import torch

import bars
import captions
import stream
import tokens
from abc_voice import VoiceReader
from train import read

OPENINGS = [("6/8", "C"), ("4/4", "C"), ("2/2", "Am"), ("3/4", "C"), ("9/8", "Gmix"), ("2/4", "C"), ("4/4", "Ddor"), ("6/8", "Am")]
TEMPERATURE, MIN_P, TOP_K = .9, .05, 40
LEAD, NEWLINE = tokens.IDS["[V:lead] "], tokens.IDS["\n"]


@torch.no_grad()
def generate(model, rows, count, draw, limit=480):
    """Lengthen rows of equal length by `count` bars each; like the player, write the tag at the start of a line."""
    ids, begin = torch.tensor(rows), len(rows[0])
    while ids.shape[1] < limit and ((ids[:, begin:] == NEWLINE).sum(1) < count).any():
        logits = model(ids[:, -model.shape.context:])[:, -1] / TEMPERATURE
        chance = logits.softmax(-1)
        best = chance.topk(TOP_K).values
        chance[(chance < best[:, -1:]) | (chance < MIN_P * best[:, :1])] = 0
        new = torch.multinomial(chance, 1, generator=draw)
        new[ids[:, -1] == NEWLINE] = LEAD
        ids = torch.cat((ids, new), 1)
    return [tokens.decode(row[begin:].tolist()).splitlines()[:count] for row in ids]


def prompt(metre, home, words=""):
    return [tokens.BOS] + tokens.encode(stream.header(metre, home) + (f"% {words}\n" if words else ""))


def full_bars(model, count, rows, draw):
    """The share of full bars without a mask, and what is wrong with the others."""
    openings = [OPENINGS[n % len(OPENINGS)] for n in range(rows)]
    texts = generate(model, [prompt(*o) + [LEAD] for o in openings], count, draw)
    wrong, total = Counter(), 0
    for (metre, home), lines in zip(openings, texts):
        for line in lines:
            line = line if line.startswith("[V:") else "[V:lead] " + line
            fault = bars.faults(line, metre)[0]
            total += 1
            wrong["full" if not fault else "not full" if fault.endswith("ticks") else fault.split(" of ")[0]] += 1
    for (metre, home), lines in list(zip(openings, texts))[:4]:
        print(metre, home, *lines[:8], sep="\n  ")
    print(f"full bars {wrong['full'] / total:.3f} of {total};", dict(wrong.most_common(6)))


def obeyed(model, profile, rows, draw):
    """For each word of a band: the share of four-bar phrases after it that are what it says (chance 0.33)."""
    openings = [OPENINGS[n % len(OPENINGS)] for n in range(rows)]
    for band, names in captions.BANDS.items():
        low, high = profile[band]
        for n, name in enumerate(names):
            texts = generate(model, [prompt(*o, name) for o in openings], 4, draw, 160)
            hits = values = 0
            for lines in texts:
                notes = []
                for line in lines:
                    try:
                        notes += [s.notes for s in VoiceReader(Fraction(1, 8), 0).segments(line.replace("[V:lead] ", ""))]
                    except ValueError:
                        pass
                feature = captions.features(notes)
                if feature:
                    values += 1
                    hits += n == (feature[band] >= low) + (feature[band] > high)
            print(f"{name} {hits / max(1, values):.2f}", end="  ", flush=True)
        print()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--bars", type=int, default=16)
    parser.add_argument("--rows", type=int, default=48)
    parser.add_argument("--words", type=int, default=24)
    parser.add_argument("--profile", type=Path, default=Path(__file__).parent.parent / "barline.toml")
    args = parser.parse_args()
    model = read(args.checkpoint)[0].eval()
    draw = torch.Generator().manual_seed(1)
    full_bars(model, args.bars, args.rows, draw)
    if args.words:
        obeyed(model, tomllib.loads(args.profile.read_text())["bands"], args.words, draw)


if __name__ == "__main__":
    main()
