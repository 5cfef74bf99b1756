"""Owns the training: windows of the stream as a player sees it, checkpoints, held-out bits per character.

A window is BOS, the header, then whole phrases of one rendition from a phrase start on, going round at the end. What
the model will never write (header, tags, chart, the hand) carries no loss, given voices a little, its own voices all.
The sources are drawn by fixed shares. The learning rate follows a cosine over the wall-clock minutes given, or over
`--tokens` (in millions), which makes runs equal whatever else the machine does; a run that was stopped goes on from its
last checkpoint with `--resume`; `--warm FILE.gguf` begins with the weights of a model file.

    python train.py CORPUS_OUT RUN --minutes 75 [--gguf FILE] [--warm FILE] [--resume]
    python train.py CORPUS_OUT RUN --tokens 0.6 [--width 256] [--layers 6] [--heads 4] [--hidden 768] [--context 768]
"""
import argparse
import json
import math
import os
import random
import time
from array import array
from collections import Counter
from pathlib import Path

import torch
import torch.nn.functional as F

import captions
import export
import tokens
import warm
from rendition import SHARES
from model import Model
from optimizer import optimizers
from shape import Shape

CLIP, WARM_UP, TOKENS = 1., 50, 4096           # tokens of a step
EVALUATE, KEEP = 480, 480                    # seconds
GIVEN = .2                                   # weight of the loss on a voice that is given
TAGS = {tokens.IDS[f"[V:{role}] "]: role for role in captions.ROLES}
NEWLINE = tokens.IDS["\n"]
# the host's own text
SCAFFOLD = torch.tensor([p.startswith("[V:") or p in ("\n", "%") or p[:1] == " " and p[1:2].isalpha()
                         for p in tokens.VOCABULARY])
CHARACTERS = torch.tensor([0] * tokens.FIRST + [len(p) for p in tokens.PIECES])


class Rendition:
    """One rendition as ids: its header, and its phrases with three captions to choose from."""

    def __init__(self, record):
        self.source, self.voices, self.models = record["source"], record["voices"], record["models"]
        self.header = [tokens.BOS] + tokens.encode(record["header"])
        self.phrases = [[array("H", tokens.encode(text)) for text in phrase] for phrase in record["phrases"]]
        self.size = sum(len(p[-1]) for p in self.phrases)

    def window(self, size, rng):
        """`size` + 1 ids from a random phrase on."""
        ids, k = list(self.header), rng.randrange(len(self.phrases))
        while len(ids) <= size:
            *captions_, music = self.phrases[k]
            ids += rng.choice(captions_)
            ids += music
            k = (k + 1) % len(self.phrases)
        return ids[:size + 1]

    def weights(self, ids):
        """Of each id, what its loss weighs: 1 in the model's voices, less in given ones, 0 in text of the host."""
        out, place, weight = [], 0, 0.
        for i in ids:
            if i == NEWLINE:
                place, weight = 0, 0.
            elif i in TAGS:
                place += 1
                weight = 0. if TAGS[i] in ("ch", "hand") else 1. if place > len(self.voices) - self.models else GIVEN
                out.append(0.)
                continue
            out.append(weight)
        # blanks between voices are the host's; they follow a bar line
        return [0. if a == BAR and b == BLANK else w for a, b, w in zip([0] + ids, ids, out)]


BAR, BLANK = tokens.IDS[" |"], tokens.IDS[" "]


def load(path):
    splits = {"train": [], "held_out": []}
    with open(path / "renditions.jsonl") as file:
        for record in map(json.loads, file):
            splits[record["split"]].append(Rendition(record))
    return splits["train"], splits["held_out"]


def batch(renditions, size, rng):
    """-> ids, targets, and the weight of each target."""
    rows = [r.window(size, rng) for r in renditions]
    ids = torch.tensor(rows)
    return ids[:, :-1], ids[:, 1:], torch.tensor([r.weights(row)[1:] for r, row in zip(renditions, rows)])


def deck(renditions, size, rng):
    """Endless; every rendition once, as often as its length asks, before any comes again."""
    while True:
        cards = []
        for rendition in renditions:
            count, rest = divmod(rendition.size, size)
            cards += [rendition] * (count + (rng.random() < rest / size))
        rng.shuffle(cards)
        yield from cards


def batches(renditions, size, rng):
    """Endless; each row's source is drawn by its share."""
    groups = {source: [r for r in renditions if r.source == source] for source in SHARES}
    decks = {source: deck(group, size, rng) for source, group in groups.items() if group}
    names, shares = list(decks), [SHARES[source] for source in decks]
    while True:
        yield batch([next(decks[source]) for source in rng.choices(names, shares, k=TOKENS // size)], size, rng)


def halves():
    """Products of matrices in bfloat16 where the processor has them (weights stay as they are): 1.8 times the speed."""
    cpu = Path("/proc/cpuinfo")
    able = cpu.exists() and any(flag in cpu.read_text() for flag in ("avx512_bf16", "amx_bf16"))
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=able)


def loss_of(model, ids, targets, weights):
    with halves():
        logits = model(ids)
    loss = F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="none")
    return (loss * weights.flatten()).sum() / weights.sum()


@torch.no_grad()
def held_out(model, renditions):
    """Bits per character of the music of the model's voices, on one fixed window of each held-out rendition, by source
    and by source and role of the last voice."""
    model.eval()
    rng, bits, characters = random.Random(0), Counter(), Counter()
    for k in range(0, len(renditions), 8):
        rows = renditions[k:k + 8]
        ids, targets, weights = batch(rows, model.shape.context, rng)
        with halves():
            logits = model(ids)
        loss = F.cross_entropy(logits.float().transpose(1, 2), targets, reduction="none") / math.log(2)
        mine = (weights == 1) & ~SCAFFOLD[targets]
        for row, own, lost, target in zip(rows, mine, loss, targets):
            for name in (row.source, f"{row.source} {row.voices[-1]}"):
                bits[name] += lost[own].sum().item()
                characters[name] += CHARACTERS[target[own]].sum().item()
    model.train()
    return {name: bits[name] / max(1, characters[name]) for name in sorted(bits)}


def chosen(kept, each, rng):
    """So many held-out renditions of each source and last voice."""
    groups = {}
    for rendition in kept:
        groups.setdefault((rendition.source, rendition.voices[-1]), []).append(rendition)
    return [r for _, group in sorted(groups.items()) for r in rng.sample(group, min(each, len(group)))]


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
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--minutes", type=float, default=75)
    limit.add_argument("--tokens", type=float, help="millions")
    for name in ("width", "layers", "heads", "hidden", "context"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Shape, name))
    parser.add_argument("--gguf", type=Path)
    parser.add_argument("--warm", type=Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.run.mkdir(parents=True, exist_ok=True)
    checkpoint = args.run / "checkpoint.pt"
    train, kept = load(args.corpus)
    torch.manual_seed(0)
    model = Model(Shape(len(tokens.VOCABULARY), args.width, args.layers, args.heads, args.hidden, args.context))
    state = {"seconds": 0., "step": 0, "tokens": 0}
    saved = None
    if args.resume and checkpoint.exists():
        model, saved = read(checkpoint)
        state = saved["state"]
        torch.manual_seed(state["step"])
    elif args.warm:
        print(warm.start(model, args.warm), flush=True)
    # A model that knows half of it already would first forget it at the full rate.
    rule = optimizers(model, 1e-3, .01) if args.warm else optimizers(model)
    if saved:
        for optimizer, remembered in zip(rule, saved["optimizers"]):
            optimizer.load_state_dict(remembered)
    sizes = Counter()
    for rendition in train:
        sizes[rendition.source] += rendition.size
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, {len(train)} renditions, tokens of",
          ", ".join(f"{source} {size / 1e6:.2f} M" for source, size in sizes.items()), f"; {len(kept)} held out", flush=True)

    def report(loss, each=8):
        bits = held_out(model, chosen(kept, each, random.Random(0)))
        print(f"{state['seconds'] / 60:.1f} min, step {state['step']}, {state['tokens'] / 1e6:.2f} M tokens, "
              f"{state['tokens'] / max(1, state['seconds']):.0f} tokens/s, training loss {loss:.3f}, held out bits/char of music: "
              + ", ".join(f"{name} {value:.3f}" for name, value in bits.items()), flush=True)
        state["held_out"] = bits

    def keep():
        save(checkpoint, model, rule, state)
        if args.gguf:
            export.write(model.shape, model.arrays(), args.gguf)

    if not saved:
        report(0)
    source = batches(train, model.shape.context, random.Random(1 + state["step"]))
    started, before = time.time(), state["seconds"]
    due, smooth = {"evaluate": before + 120, "keep": before + 300}, None
    while (done := state["tokens"] / 1e6 / args.tokens if args.tokens else state["seconds"] / 60 / args.minutes) < 1:
        rise = min(1, (state["step"] + 1) / WARM_UP)
        rate = rise * (.02 + .98 * .5 * (1 + math.cos(math.pi * done)))
        for group in (group for optimizer in rule for group in optimizer.param_groups):
            group["lr"] = rate * group["full"]
        ids, targets, weights = next(source)
        loss = loss_of(model, ids, targets, weights)
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
    report(smooth or 0, each=16)
    keep()


if __name__ == "__main__":
    main()
