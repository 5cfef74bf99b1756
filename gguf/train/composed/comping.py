"""Owns composed chords: close voicings that move little, in the rhythms of the styles; pads and comping.

A rhythm is a step of 1/16 per sign: X a chord, `-` holds, `.` rests.
"""
from itertools import combinations

from abc_voice import Note, midi
from composed import rhythm
from composed.theory import chord_at, spread, tones
from stream import LENGTHS

PATTERNS = {
    "pad": ("X---------------", "X-------X-------", "X-----------X---"),
    "house": ("X--X--X---X--X--", "..X-..X-..X-..X-", "X--X..X-..X-X-..", "X-..X-.X..X-.X..", "...X..X....X..X."),
    "funk": ("..X...X...X.X...", "X..X..X.....X.X.", "....X..X....X...", "X.XX..X...X..X..", "...X....X..X...."),
    "dub": ("....X-......X-..", "..X-..X-..X-..X-", "....X.X.....X.X.", "....X-......XX.."),
    "techno": ("X..X..X..X..X.X.", "..X...X...X...X.", "...X...X..X.....", "X.....X.....X..."),
    "latin": ("X-X..X-X-X..X-..", "..X-X..X-.X-X-..", "X--X--X---X-X---", "X-.X..X-..X-.X..", ".-X-.-X-X-.-X-X-"),
    "rock": ("X-X-X-X-X-X-X-X-", "X---X---X---X---", "X-----X-X---X---", "X-..X-X-..X-X-..", "X---..X-X---..X-"),
    "march": ("..X-..X-..X-..X-", "....X-......X-..", "X---X---X---X---"),
    "ballad": ("X-------X-------", "X---X---X---X---", "X-----X-X-------", "X-------X---X---", "X-----------X-X-"),
    "blues": ("X-----X---------", "....X-......X-..", "..X-..X-..X-..X-", "X---..X-....X---"),
    "jazz": ("X-----X-........", "......X-....X-..", "..X-......X-....", "X--...X-......X-", "..X-..X-....X---"),
    "waltz": ("....X---X---....", "....X-..X-......", "X-----------...."),
}
THREES = ("X-----", "X---X-", "..X-X-", "X-X-X-", "....X-", "X-....")


def pattern(style, metre, rng):
    text = rng.choice(PATTERNS[style])
    fours, out, k = [text[n:n + 4] for n in range(0, 16, 4)], "", 0
    threes = [rng.choice(THREES if style != "pad" else ("X-----",)) for _ in range(4)]
    if style == "pad":
        fours = ["X---"] + ["----"] * 3 if rng.random() < .6 else fours
        threes = ["X-----"] + ["------"] * 3
    for n, size in enumerate(rhythm.GROUPS[metre]):
        if size == 24:
            out += fours[k % 4]
            k += 1
        else:
            out += threes[n % (4 if style == "pad" else 2)]
    return out if "X" in out else "X" + out[1:]


def voicing(symbol, before, center, size, rng):
    """Three or four tones within an octave or so, near the ones before and near the centre."""
    classes = tones(symbol)
    pitches = spread(classes, center - 10, center + 10)
    need = set(classes[1:]) if len(classes) > 3 and size == 3 else set(classes[:max(2, min(3, size))])
    best, chosen = None, None
    for group in combinations(pitches, size):
        sounds = [midi(p) for p in group]
        have = {(p[0] % 7, p[1]) for p in group}
        if len(have) < min(size, len(classes)) or size >= 3 and not need <= have or sounds[-1] - sounds[0] > 14 \
                or len(set(p[0] for p in group)) < size:
            continue
        cost = abs(sum(sounds) / size - center) * .6 + rng.random()
        if before and len(before) == size:
            cost += sum(abs(a - b) for a, b in zip(sounds, before)) / size * 1.2
        if best is None or cost < best:
            best, chosen = cost, group
    return chosen or tuple(pitches[:2])


def section(charts, metre, home, wish, rng, size=3):
    """The bars of one rhythm that is kept; its last bar of four may differ; the voicing rises or falls with the wish."""
    style = wish.style
    steps, other = (fit(pattern(style, metre, rng), wish.density, rng) for _ in range(2))
    every = rng.choice((4, 4, 2, 8))
    inner = style in ("pad", "ballad") and rng.random() < .35    # one voice moves within the held chord
    out, before = [], None
    for k, chart in enumerate(charts):
        line = wish.center + wish.slope * (k % 4 / 3 - .5)
        bar, chosen = [], other if k % every == every - 1 else steps
        n, symbol = 0, None
        changes, at = [], 0
        for _, ticks in chart[:-1]:
            at += ticks
            changes.append(at // 6)
        chosen = "".join("X" if n in changes and c == "-" and style == "pad" else c for n, c in enumerate(chosen))
        group = None
        while n < len(chosen):
            end = n + 1
            sign = chosen[n]
            while end < len(chosen) and (chosen[end] == "-" if sign == "X" else chosen[end] != "X"):
                end += 1
            ticks = 6 * (end - n)
            if sign != "X":
                bar.append(Note((), ticks))
            else:
                new = chord_at(chart, 6 * n)
                moved = wish.motion > .6 and bar and rng.random() < wish.motion * .6
                if new != symbol or moved or group is None:
                    shift = rng.choice((-5, 5, 7)) if moved else 0
                    group = voicing(new, None if moved or abs(wish.slope) > 4 and not bar else before, line + shift, size, rng)
                    before, symbol = [midi(p) for p in group], new
                for part in written(ticks):
                    bar.append(Note(group if part > 0 else (), abs(part)))
            n = end
        if inner and len(bar) == 1 and bar[0].ticks % 48 == 0 and bar[0].pitches:
            top = bar[0].pitches[-1]
            moved = bar[0].pitches[:-1] + ((top[0] + 1, 0),)
            bar = [Note(bar[0].pitches, bar[0].ticks // 2), Note(moved, bar[0].ticks // 2)]
        out.append(bar)
    return out


def written(ticks):
    """A chord's length as one length of the table, and the rest struck again where it is long, else silent."""
    if ticks in LENGTHS:
        return [ticks]
    size = max(t for t in LENGTHS if t <= ticks)
    rest = ticks - size
    return [size] + (written(rest) if rest >= 24 else [-rest])


def fit(steps, density, rng):
    """The pattern thinned or filled towards the wished density."""
    steps = list(steps)
    for _ in range(10):
        have = steps.count("X") * 16 / len(steps)
        if have < density - 1.2:
            free = [n for n, c in enumerate(steps) if c != "X" and n % 2 == 0]
            if not free:
                break
            steps[rng.choice(free)] = "X"
        elif have > density + 1.2:
            taken = [n for n, c in enumerate(steps) if c == "X"][1:]
            if not taken:
                break
            steps[rng.choice(taken)] = "-"
        else:
            break
    return "".join(steps)
