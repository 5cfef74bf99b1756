"""Owns the vocabulary and the tokenizer; what it gives must equal llama.cpp's own tokens of the same text.

All pieces, single characters too, are USER_DEFINED tokens, which llama.cpp cuts out of the text before anything else:
longest piece first, over the whole text. `encode` takes the longest piece from left to right instead, which is fast;
the pieces are chosen so that both agree on every stream text, and `check` proves it with a faithful copy of
llama.cpp's `tokenizer_st_partition`.

    python tokens.py CORPUS_OUT          checks every distinct line of renditions.jsonl
"""
import json
import re
import sys
from functools import lru_cache

import captions
import harmony

UNKNOWN, BOS, EOS = 0, 1, 2
CONTROLS = ["<unk>", "<s>", "</s>"]
BYTES = [f"<0x{n:02X}>" for n in range(256)]
METRES = ("2/4", "3/4", "4/4", "2/2", "3/8", "6/8", "9/8", "12/8", "3/2", "6/4", "5/4", "7/8")
HOMES = ("C", "Am", "Ddor", "Gmix", "Ephr", "Flyd", "Bloc")


def pieces():
    """Every piece of the stream form, single characters first."""
    out = [chr(n) for n in range(32, 127)] + ["\n"]
    for sign in ("", "^", "_", "="):
        for letter in "CDEFGAB":
            out += [sign + letter + "," * n for n in range(4)]
            out += [sign + letter.lower() + "'" * n for n in range(4)]
    out += ["3/2", "3/4", "/4", "12", "16", "(3", " |"] + [f"[V:{role}] " for role in captions.ROLES]
    # the drum strokes that fall together most often
    out += [f"[{a}{b}]" for a in ("C,,", "D,,", "^C,,", "^D,,") for b in ("^F,,", "^A,,", "^C,", "^D,")] + ["[C,,D,,]", "[^D,,^F,,^A,,]", "[C,,^F,,^A,,]"]
    roots = [letter + sign for letter in "CDEFGAB" for sign in ("", "#", "b")]
    out += [f'"{root}{suffix}"' for root in roots for suffix in (*harmony.QUALITIES, "sus4")]
    out += ["X:1\n", "L:1/8\n"] + [f"M:{m}\n" for m in METRES] + [f"K:{k}\n" for k in HOMES]
    out += [" " + word for word in captions.WORDS]
    return list(dict.fromkeys(out))


PIECES = pieces()
VOCABULARY = CONTROLS + BYTES + PIECES
FIRST = len(CONTROLS) + len(BYTES)
IDS = {piece: FIRST + n for n, piece in enumerate(PIECES)}
LONGEST = re.compile("|".join(re.escape(p) for p in sorted(PIECES, key=len, reverse=True)) + "|.", re.S)


# no piece goes on after a line's end or has a `[` but as its first sign
PARTS = re.compile(r"(?=\[V:)|(?<=\n)")


def encode(text):
    """The ids of a text, without BOS: the longest piece from left to right; foreign signs as bytes."""
    return [i for part in PARTS.split(text) for i in encoded(part)]


@lru_cache(1 << 19)
def encoded(part):
    """The ids of a bar of a voice or a line without one; many come again and again."""
    return tuple(i for piece in LONGEST.findall(part) for i in ([IDS[piece]] if piece in IDS else as_bytes(piece)))


def as_bytes(text):
    return [len(CONTROLS) + byte for byte in text.encode()]


def decode(ids):
    """The text of ids; control and byte tokens give nothing."""
    return "".join(VOCABULARY[i] for i in ids if i >= FIRST)


def partition(text, order):
    """llama.cpp's way: each piece in turn is cut out of all fragments that are still text."""
    fragments = [text] if text else []
    for piece in order:
        if piece not in text:
            continue
        cut = []
        for fragment in fragments:
            while isinstance(fragment, str) and piece in fragment:
                before, _, fragment = fragment.partition(piece)
                cut += [before, IDS[piece]] if before else [IDS[piece]]
            if fragment != "":
                cut.append(fragment)
        fragments = cut
    return [i for f in fragments for i in (as_bytes(f) if isinstance(f, str) else [f])]


# llama.cpp's sort leaves the order of equal lengths open, so both orders must give the same
ORDERS = (sorted(PIECES, key=len, reverse=True), sorted(reversed(PIECES), key=len, reverse=True))


def check(text):
    ids = encode(text)
    for order in ORDERS:
        if partition(text, order) != ids:
            raise AssertionError(f"llama.cpp would cut {text!r} otherwise")
    return ids


def corpus_parts(path):
    """Every distinct caption and bar of a voice; no piece spans two lines or has a `[` within, so checking these checks
    texts."""
    lines = set()
    with open(path) as file:
        for record in map(json.loads, file):
            for text in [record["header"]] + [text for phrase in record["phrases"] for text in phrase]:
                lines.update(part for part in PARTS.split(text) if part)
    return lines


if __name__ == "__main__":
    count = ids = characters = 0
    for line in sorted(corpus_parts(sys.argv[1] + "/renditions.jsonl")):
        count, ids, characters = count + 1, ids + len(check(line)), characters + len(line)
    print(f"{count} distinct parts of lines, {characters / ids:.2f} characters per token, {len(VOCABULARY)} tokens; all agree")
