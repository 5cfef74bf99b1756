"""Owns rhythms: how a bar of each metre falls into beats, and bars of cells that make a rhythm of a wished density.

A rhythm is a list of signed lengths in ticks of 1/96, negative for rests; triplets are three equal members of 4, 8 or 16.
"""
import math

from stream import bar_ticks

GROUPS = {"2/4": (24, 24), "3/4": (24, 24, 24), "4/4": (24,) * 4, "2/2": (24,) * 4, "5/4": (24,) * 5, "7/8": (24, 24, 36),
          "3/8": (36,), "6/8": (36, 36), "9/8": (36,) * 3, "12/8": (36,) * 4}
METRES = tuple(GROUPS)
CELLS = {
    24: ((24,), (-24,), (12, 12), (-12, 12), (18, 6), (12, -12), (6, 18), (12, 6, 6), (6, 6, 12), (6, 12, 6), (6, 6, 6, 6),
         (8, 8, 8), (-6, 6, 6, 6), (-6, 6, 12), (-12, 6, 6)),
    48: ((48,), (-48,), (36, 12), (24, 24), (-24, 24), (12, 36), (12, 24, 12), (18, 18, 12), (36, 6, 6), (24, 12, 12), (12, 12, 24),
         (-12, 24, 12), (-12, 36), (24, -24), (6, 12, 12, 12, 6), (12, 12, 12, 12), (16, 16, 16), (18, 18, 6, 6)),
    36: ((36,), (-36,), (24, 12), (12, 24), (12, 12, 12), (-12, 12, 12), (-24, 12), (18, 6, 12), (24, 6, 6), (12, 12, 6, 6),
         (6, 6, 12, 12), (6, 6, 6, 6, 12), (6,) * 6, (12, -12, 12), (18, 18)),
    72: ((72,), (36, 36), (48, 24), (24, 48), (24, 12, 36), (36, 24, 12), (-36, 36), (12, 24, 36), (24, 24, 24), (36, -36)),
}
FEELS = ("straight", "straight", "syncopated", "dotted", "triplet", "sixteenth", "airy")


def liking(cell, feel):
    """How much a cell suits a feel."""
    triplet = abs(cell[0]) in (8, 16)
    if triplet:
        return 4. if feel == "triplet" else .03
    weight = 1.
    rests = sum(t < 0 for t in cell)
    weight *= (1.6 if feel == "airy" else .35) ** rests
    if cell[0] < 0:
        weight *= 1.5 if feel in ("syncopated", "airy") else .6
    if cell in ((12, 24, 12), (18, 18, 12), (6, 12, 6), (-12, 24, 12), (12, 36), (6, 12, 12, 12, 6), (6, 18), (12, 24), (18, 18, 6, 6), (24, 48),
                (12, 24, 36), (18, 18), (24, 24, 24)):
        weight *= 4. if feel == "syncopated" else .3
    if cell in ((18, 6), (36, 12), (18, 6, 12), (36, 6, 6)):
        weight *= 5. if feel == "dotted" else .5
    if 6 in cell or -6 in cell:
        weight *= 1.5 if feel == "sixteenth" else 1 if feel in ("dotted", "syncopated") else .4
    return weight


def choose(size, target, feel, rng):
    """A cell of `size` ticks with about `target` notes."""
    cells = CELLS[size]
    weights = [liking(c, feel) * math.exp(-3.5 * (sum(t > 0 for t in c) - target) ** 2) for c in cells]
    return list(rng.choices(cells, weights)[0])


def bar(metre, density, feel, rng):
    """A bar of about `density` notes per whole note."""
    groups, out, n = GROUPS[metre], [], 0
    while n < len(groups):
        size = groups[n]
        wide = n + 1 < len(groups) and groups[n + 1] == size and n % 2 == 0
        if wide and rng.random() < (.75 if density * size / 96 < 1.3 else .35 if feel in ("syncopated", "triplet") else .15):
            size, n = 2 * size, n + 1
        out += choose(size, density * size / 96, feel, rng)
        n += 1
    return out if any(t > 0 for t in out) else [bar_ticks(metre)]


def ending(rhythm, metre, rng):
    """The rhythm with its last half held: a phrase's end."""
    groups = GROUPS[metre]
    keep = sum(groups[:len(groups) // 2]) if rng.random() < .75 or len(groups) < 3 else sum(groups[:-1])
    if rng.random() < .15:
        keep = 0
    head, at = [], 0
    for ticks in rhythm:
        if at + abs(ticks) > keep:
            break
        head.append(ticks)
        at += abs(ticks)
    while head and abs(head[-1]) in (4, 8, 16) and sum(abs(t) in (4, 8, 16) for t in head) % 3:
        at -= abs(head.pop())
    left = bar_ticks(metre) - at
    # a rest after the long note, so that the phrase breathes
    last = groups[-1]
    if left > last and left - last >= 24 and rng.random() < .35:
        return head + [left - last, -last]
    return head + [left]


def thirds(metre):
    """Whether the metre's beats part into three."""
    return GROUPS[metre][0] == 36
