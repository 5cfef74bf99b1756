"""Owns the training: windows of the stream as a player sees it, checkpoints, held-out bits per character.

A window is BOS, the header, then whole phrases of one rendition from a phrase start on, going round at the tune's end.
The header carries no loss. The learning rate follows a cosine over the wall-clock minutes given; a run that was
stopped goes on from its last checkpoint with `--resume`.

    python train.py CORPUS_OUT RUN --minutes 75 [--gguf FILE] [--resume]
"""
import argparse
import json
import math
import os
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import export
import tokens
from model import Model, Shape
from optimizer import optimizers

CLIP, WARM_UP, BATCH = 1., 50, 8
EVALUATE, KEEP = 480, 480                    # seconds


class Rendition:
    """One rendition as ids: its header, and its phrases with three captions to choose from."""

    def __init__(self, record):
        self.source, self.voices = record["source"], record["voices"]
        self.header = [tokens.BOS] + tokens.encode(record["header"])
        self.phrases = [[tokens.encode(text) for text in phrase] for phrase in record["phrases"]]

    def window(self, size, rng):
        """`size` + 1 ids from a random phrase on, and how many belong to the header."""
        ids, k = list(self.header), rng.randrange(len(self.phrases))
        while len(ids) <= size:
            *captions, music = self.phrases[k]
            ids += rng.choice(captions) + music
            k = (k + 1) % len(self.phrases)
        return ids[:size + 1], len(self.header)


def load(path):
    splits = {"train": [], "held_out": []}
    with open(path / "renditions.jsonl") as file:
        for record in map(json.loads, file):
            splits[record["split"]].append(Rendition(record))
    return splits["train"], splits["held_out"]


def batch(renditions, size, rng):
    """-> ids and targets; the header's targets are -100, which carries no loss."""
    rows = [r.window(size, rng) for r in renditions]
    ids = torch.tensor([row for row, _ in rows])
    targets = ids[:, 1:].clone()
    for n, (_, head) in enumerate(rows):
        targets[n, :head - 1] = -100
    return ids[:, :-1], targets


def batches(renditions, size, rng):
    """Endless; every rendition once, as often as its length asks, before any comes again."""
    lengths = [sum(len(p[-1]) for p in r.phrases) for r in renditions]
    while True:
        deck = []
        for rendition, length in zip(renditions, lengths):
            count, rest = divmod(length, size)
            deck += [rendition] * (count + (rng.random() < rest / size))
        rng.shuffle(deck)
        for k in range(0, len(deck) - BATCH + 1, BATCH):
            yield batch(deck[k:k + BATCH], size, rng)


CHARACTERS = torch.tensor([0] * tokens.FIRST + [len(p) for p in tokens.PIECES])
# the host's own text, which costs a model nothing to foresee
SCAFFOLD = torch.tensor([p.startswith("[V:") or p in ("\n", "%") or p[:1] == " " and p[1:2].isalpha()
                         for p in tokens.VOCABULARY])


@torch.no_grad()
def held_out(model, renditions):
    """Bits per character on one fixed window of each held-out rendition: of all text, and of the music alone."""
    model.eval()
    rng, bits, characters = random.Random(0), [0., 0.], [0, 0]
    for k in range(0, len(renditions), 8):
        ids, targets = batch(renditions[k:k + 8], model.shape.context, rng)
        loss = F.cross_entropy(model(ids).flatten(0, 1), targets.flatten(), reduction="none", ignore_index=-100)
        kept = targets.flatten()[targets.flatten() >= 0]
        loss = loss[targets.flatten() >= 0] / math.log(2)
        for n, mask in enumerate((torch.ones_like(kept, dtype=bool), ~SCAFFOLD[kept])):
            bits[n] += loss[mask].sum().item()
            characters[n] += CHARACTERS[kept][mask].sum().item()
    model.train()
    return bits[0] / characters[0], bits[1] / characters[1]


def save(path, model, optimizers, state):
    """Write beside, then rename, so that a reader never sees half a file."""
    aside = path.with_suffix(".part")
    torch.save({"shape": vars(model.shape), "weights": model.state_dict(), "state": state,
                "optimizers": [o.state_dict() for o in optimizers]}, aside)
    os.replace(aside, path)


def read(path):
    """-> model, checkpoint"""
    saved = torch.load(path, weights_only=True)
    model = Model(Shape(**saved["shape"]))
    model.load_state_dict(saved["weights"])
    return model, saved


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, default=75)
    parser.add_argument("--gguf", type=Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.run.mkdir(parents=True, exist_ok=True)
    checkpoint = args.run / "checkpoint.pt"
    train, kept = load(args.corpus)
    torch.manual_seed(0)
    model, state = Model(Shape(len(tokens.VOCABULARY))), {"seconds": 0., "step": 0, "tokens": 0}
    saved = None
    if args.resume and checkpoint.exists():
        model, saved = read(checkpoint)
        state = saved["state"]
        torch.manual_seed(state["step"])
    rule = optimizers(model)
    if saved:
        for optimizer, remembered in zip(rule, saved["optimizers"]):
            optimizer.load_state_dict(remembered)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, {len(train)} renditions, "
          f"{sum(len(p[-1]) for r in train for p in r.phrases) / 1e6:.2f} M tokens, {len(kept)} held out", flush=True)

    def report(loss, every=6):
        everything, music = held_out(model, kept[::every])
        print(f"{state['seconds'] / 60:.1f} min, step {state['step']}, {state['tokens'] / 1e6:.2f} M tokens, "
              f"{state['tokens'] / max(1, state['seconds']):.0f} tokens/s, training loss {loss:.3f}, held out "
              f"{everything:.4f} bits/char, {music:.4f} bits/char of music", flush=True)
        state["held_out"] = [everything, music]

    def keep():
        save(checkpoint, model, rule, state)
        if args.gguf:
            export.write(model, args.gguf)

    source = batches(train, model.shape.context, random.Random(1 + state["step"]))
    total, started, before = args.minutes * 60, time.time(), state["seconds"]
    due, smooth = {"evaluate": before + 120, "keep": before + 300}, None
    while state["seconds"] < total:
        warm = min(1, (state["step"] + 1) / WARM_UP)
        rate = warm * (.02 + .98 * .5 * (1 + math.cos(math.pi * state["seconds"] / total)))
        for group in (group for optimizer in rule for group in optimizer.param_groups):
            group["lr"] = rate * group["full"]
        ids, targets = next(source)
        loss = F.cross_entropy(model(ids).flatten(0, 1), targets.flatten(), ignore_index=-100)
        for optimizer in rule:
            optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        for optimizer in rule:
            optimizer.step()
        smooth = loss.item() if smooth is None else .95 * smooth + .05 * loss.item()
        state["step"] += 1
        state["tokens"] += ids.numel()
        state["seconds"] = before + time.time() - started
        if state["seconds"] >= due["evaluate"]:
            report(smooth)
            due["evaluate"] += EVALUATE
        if state["seconds"] >= due["keep"]:
            keep()
            due["keep"] += KEEP
    report(smooth or 0, every=1)
    keep()


if __name__ == "__main__":
    main()
