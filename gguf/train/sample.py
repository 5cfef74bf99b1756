"""Owns the look at a checkpoint: some bars of every role without a mask, how many are full, how well words are obeyed.

    python sample.py CHECKPOINT [--bars 8] [--rows 16] [--words 16]

Each role stands alone here, without chart or other voices; `barline audition` judges the model as it is played.
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

OPENINGS = [("4/4", "C"), ("6/8", "C"), ("4/4", "Am"), ("3/4", "C"), ("9/8", "Gmix"), ("2/4", "C"), ("4/4", "Ddor"), ("6/8", "Am")]
ROLES = ("lead", "bass", "arp", "keys", "inner", "kit")
TEMPERATURE, MIN_P, TOP_K = .9, .05, 40
NEWLINE = tokens.IDS["\n"]
BAR = 24                                     # tokens that a bar may take; most take 13


@torch.no_grad()
def generate(model, role, rows, count, draw):
    """Lengthen rows of equal length by `count` bars each; like the player, write the tag at the start of a line."""
    tag = tokens.IDS[f"[V:{role}] "]
    ids, begin = torch.tensor([row + [tag] for row in rows]), len(rows[0])
    limit = begin + BAR * count
    while ids.shape[1] < limit and ((ids[:, begin:] == NEWLINE).sum(1) < count).any():
        logits = model(ids[:, -model.shape.context:])[:, -1] / TEMPERATURE
        chance = logits.softmax(-1)
        best = chance.topk(TOP_K).values
        chance[(chance < best[:, -1:]) | (chance < MIN_P * best[:, :1])] = 0
        new = torch.multinomial(chance, 1, generator=draw)
        new[ids[:, -1] == NEWLINE] = tag
        ids = torch.cat((ids, new), 1)
    out = []
    for row in ids:
        row = row[begin:].tolist()
        # a line that the limit has cut is not judged
        ended = [n for n, i in enumerate(row) if i == NEWLINE][:count]
        out.append(tokens.decode(row[:ended[-1] + 1] if ended else []).splitlines())
    return out


def prompt(metre, home, words=""):
    return [tokens.BOS] + tokens.encode(stream.header(metre, home) + (f"% {words}\n" if words else ""))


def full_bars(model, role, count, rows, draw):
    """The share of full bars without a mask, and what is wrong with the others."""
    openings = [OPENINGS[n % len(OPENINGS)] for n in range(rows)]
    texts = generate(model, role, [prompt(*o) for o in openings], count, draw)
    wrong, total = Counter(), 0
    for (metre, home), lines in zip(openings, texts):
        for line in lines:
            fault = bars.faults(line, metre)[0]
            total += 1
            wrong["full" if not fault else "not full" if fault.endswith("ticks") else fault.split(" of ")[0]] += 1
    for (metre, home), lines in list(zip(openings, texts))[:3]:
        print(metre, home, *lines[:4], sep="\n  ")
    print(f"{role}: full bars {wrong['full'] / max(1, total):.3f} of {total};", dict(wrong.most_common(6)), flush=True)


def notes_of(lines, role):
    out = []
    for line in lines:
        try:
            out += [s.notes for s in VoiceReader(Fraction(1, 8), 0).segments(line.replace(f"[V:{role}] ", ""))]
        except ValueError:
            pass
    return out


def obeyed(model, role, profile, rows, draw):
    """For each word of a band: the share of four-bar phrases after it that are what it says (chance 0.33)."""
    openings = [OPENINGS[n % len(OPENINGS)] for n in range(rows)]
    for band in profile:
        low, high = profile[band]
        for n, name in enumerate(captions.BANDS[band]):
            texts = generate(model, role, [prompt(*o, name) for o in openings], 4, draw)
            hits = values = 0
            for (metre, home), lines in zip(openings, texts):
                feature = captions.features(notes_of(lines, role), metre, home)
                if feature:
                    values += 1
                    hits += n == (feature[band] >= low) + (feature[band] > high)
            print(f"{role} {name} {hits / max(1, values):.2f}", end="  ", flush=True)
        print()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--bars", type=int, default=8)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--words", type=int, default=16)
    parser.add_argument("--profile", type=Path, default=Path(__file__).parent.parent / "barline.toml")
    args = parser.parse_args()
    model = read(args.checkpoint)[0].eval()
    draw = torch.Generator().manual_seed(1)
    for role in ROLES:
        full_bars(model, role, args.bars, args.rows, draw)
    profile = tomllib.loads(args.profile.read_text())["bands"]
    for role in ("lead", "bass", "arp") if args.words else ():
        obeyed(model, role, profile[role], args.words, draw)


if __name__ == "__main__":
    main()
