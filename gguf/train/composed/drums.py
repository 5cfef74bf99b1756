"""Owns composed drums: the patterns of the styles in General MIDI notes, fills, builds and breaks.

A pattern is a step of 1/16 per sign for each instrument; `x` is a stroke.
"""
from abc_voice import Note, midi
from composed import rhythm
from stream import LENGTHS, bar_ticks

# General MIDI notes as pitches: step 28 is C (60), 14 is C,, (36)
DRUMS = {"K": (14, 0), "r": (14, 1), "S": (15, 0), "c": (15, 1), "F": (17, 0), "H": (17, 1), "P": (18, 1), "L": (19, 0), "O": (19, 1),
         "M": (20, 0), "T": (21, 0), "C": (21, 1), "U": (22, 0), "R": (22, 1), "t": (24, 1), "B": (25, 1), "g": (30, 0), "G": (29, 0),
         "m": (33, 1), "w": (36, 1)}
FOUR = {
    "rock": ({"K": "x.......x.x.....", "S": "....x.......x...", "H": "x.x.x.x.x.x.x.x."}, {"K": "x.....x.x.......", "S": "....x.......x...", "H": "x.x.x.x.x.x.x.x."},
             {"K": "x..x....x.x.....", "S": "....x.......x...", "R": "x.x.x.x.x.x.x.x."}, {"K": "x.x.....x.x...x.", "S": "....x.......x...", "O": "x...x...x...x..."}),
    "house": ({"K": "x...x...x...x...", "c": "....x.......x...", "O": "..x...x...x...x."}, {"K": "x...x...x...x...", "c": "....x.......x...", "H": "xxx.xxx.xxx.xxx.", "O": "..x...x...x...x."},
              {"K": "x...x...x...x..x", "S": "....x.......x...", "H": "..x...x...x...x.", "m": "xxxxxxxxxxxxxxxx"}, {"K": "x...x...x...x...", "c": "....x..x....x...", "O": "..x...x...x...x."}),
    "techno": ({"K": "x...x...x...x...", "O": "..x...x...x...x."}, {"K": "x...x...x...x...", "H": "..x...x...x...xx", "r": "...x..x....x..x."}, {"K": "x...x...x...x...", "H": "xxxxxxxxxxxxxxxx", "c": "....x.......x..."},
               {"K": "x..xx...x..xx...", "H": "..x...x...x...x.", "T": "......x......x.."}, {"K": "x...x...x...x...", "R": "..x...x...x...x.", "r": "x..x..x..x..x.x."}),
    "breakbeat": ({"K": "x.x.......xx....", "S": "....x..x.x..x..x", "H": "x.x.x.x.x.x.x.x."}, {"K": "x.x.......x.....", "S": "....x..x.x....x.", "R": "x.x.x.x.x.x.x.x."}, {"K": "x..x..x...x.....", "S": "....x.......x..x", "H": "xxxxxxxxxxxxxxxx"}),
    "funk": ({"K": "x.x...x...x..x..", "S": "....x..x.x..x..x", "H": "xxxxxxxxxxxxxxxx"}, {"K": "x..x..x...x.....", "S": "....x..x....x...", "H": "x.x.x.x.x.x.x.x."}, {"K": "x.x....x..x.....", "S": "....x..x.x..x...", "H": "x.xxx.xxx.xxx.x."}),
    "dub": ({"K": "........x.......", "S": "........x.......", "H": "x.x.x.x.x.x.x.x."}, {"K": "........x.......", "r": "........x....x..", "H": "x.xxx.x.x.xxx.x."}, {"K": "x...x...x...x...", "r": "....x.......x...", "H": "..x...x...x...x."},
            {"K": "........x.......", "r": "...x....x.......", "H": "x.x.x.x.x.x.x..x"}),
    "latin": ({"r": "x..x..x...x.x...", "K": "x.....x.x.....x.", "m": "x.x.x.x.x.x.x.x."}, {"w": "x..x..x...x.x...", "g": "..x...xx..x...xx", "K": "x..x....x..x...."}, {"B": "x...x.x.x...x.x.", "r": "..x...x.x..x..x.", "K": "......x.......x."},
              {"w": "..x.x...x..x..x.", "m": "xxxxxxxxxxxxxxxx", "K": "x.....x.x.....x."}),
    "jazz": ({"R": "x...x.x.x...x.x.", "P": "....x.......x..."}, {"R": "x...x.x.x...x.x.", "P": "....x.......x...", "S": "..........x....."}, {"R": "x...x.x.x...x.x.", "P": "....x.......x...", "K": "......x.......x."}),
    "march": ({"K": "x.......x.......", "S": "x.x.x.xxx.x.x.xx"}, {"K": "x.......x.......", "S": "....x.......x.xx"}, {"K": "x.......x.......", "S": "x..xx.x.x..xx.x.", "C": "x..............."}),
    "blues": ({"K": "x.......x.....x.", "S": "....x.......x...", "R": "x...x.x.x...x.x."}, {"K": "x.......x.......", "S": "....x.......x...", "H": "x..xx..xx..xx..x"}),
    "ballad": ({"K": "x.......x.......", "r": "....x.......x...", "H": "x...x...x...x..."}, {"K": "x.......x.x.....", "r": "........x.......", "H": "x.x.x.x.x.x.x.x."}, {"K": "x...............", "S": "........x......."}),
}
WALTZ = ({"K": "x...........", "H": "....x...x..."}, {"K": "x...........", "S": "....x...x...", "H": "x...x...x..."}, {"K": "x...........", "R": "x...x.x.x...", "P": "....x...x..."},
         {"K": "x.......x...", "S": "....x.......", "H": "x.x.x.x.x.x."})
SIX = ({"K": "x...........", "S": "......x.....", "H": "x.x.x.x.x.x."}, {"K": "x.........x.", "S": "......x.....", "H": "x.x.x.x.x.x."}, {"K": "x.....x.....", "H": "x...x.x...x.", "S": "......x....."},
       {"K": "x...x.......", "r": "......x.....", "R": "x...x.x...x."}, {"K": "x...........", "S": "....x.x...x.", "H": "x.x.x.x.x.x."}, {"B": "x...x...x...", "K": "x.....x.....", "g": "..x...x.x..."})


def pattern(style, metre, rng):
    """-> {instrument: steps of one bar}. Beats of the style's pattern as the metre has them."""
    groups = rhythm.GROUPS[metre]
    if metre == "3/4":
        return dict(rng.choice(WALTZ))
    six = rng.choice(SIX if style == "latin" else SIX[:-1])
    four = rng.choice(FOUR[style])
    out, k, m = {}, 0, 0
    for n, size in enumerate(groups):
        done = sum(groups[:n]) // 6
        source, start, width = (four, 4 * (k % 4), 4) if size == 24 else (six, 6 * (m % 2), 6)
        k, m = k + (size == 24), m + (size == 36)
        for name, steps in source.items():
            row = out.setdefault(name, "")
            out[name] = row.ljust(done, ".") + steps[start:start + width]
    total = bar_ticks(metre) // 6
    return {name: row.ljust(total, ".") for name, row in out.items()}


def thinned(rows, wish, rng):
    """Strokes taken away or hats added towards the wished density (strokes at one time count once)."""
    rows, total = {k: list(v) for k, v in rows.items()}, len(next(iter(rows.values())))
    for _ in range(16):
        taken = [n for n in range(total) if any(r[n] == "x" for r in rows.values())]
        have = len(taken) * 16 / total
        if have > wish + 1:
            weak = [n for n in taken if n % 4 == 1 or n % 4 == 3] or [n for n in taken if n % 4 == 2] or taken[1:]
            if not weak:
                break
            n = rng.choice(weak)
            for row in rows.values():
                row[n] = "."
        elif have < wish - 1:
            free = [n for n in range(0, total, 2) if n not in taken] or [n for n in range(total) if n not in taken]
            if not free:
                break
            hat = next((name for name in "HRmO" if name in rows), "H")
            rows.setdefault(hat, ["."] * total)[rng.choice(free)] = "x"
        else:
            break
    return {k: "".join(v) for k, v in rows.items()}


def notes(rows):
    """The strokes as notes: each lasts to the next, as one length of the table and a rest."""
    total = len(next(iter(rows.values())))
    times = [n for n in range(total) if any(r[n] == "x" for r in rows.values())]
    out = [Note((), 6 * times[0])] if times and times[0] else [] if times else [Note((), 6 * total)]
    for n, end in zip(times, times[1:] + [total]):
        pitches = tuple(sorted((DRUMS[name] for name, row in rows.items() if row[n] == "x"), key=midi))[:4]
        ticks = 6 * (end - n)
        size = max(t for t in LENGTHS if t <= ticks)
        out.append(Note(pitches, size))
        if ticks > size:
            out.append(Note((), ticks - size))
    return out


def fill(rows, metre, rng):
    """The last beat or two become strokes of snare and toms downwards."""
    total = bar_ticks(metre) // 6
    beats = rhythm.GROUPS[metre][-(1 if len(rhythm.GROUPS[metre]) < 3 or rng.random() < .5 else 2):]
    start, step = total - sum(beats) // 6, rng.choice((1, 1, 2))
    out = {name: row[:start] + "." * (total - start) for name, row in rows.items()}
    way = rng.choice(("SSTTMMLL", "SSSSTTLL", "TTMMLLFF", "SSSSSSSS", "SKSKTKLK", "STSTMTLT"))
    places = [n for n in range(start, total, step) if rng.random() < .85 or n == start]
    for k, n in enumerate(places):
        name = way[k * 8 // max(1, len(places))]
        row = out.get(name, "." * total)
        out[name] = row[:n] + "x" + row[n + 1:]
    return out


def section(style, metre, wish, rng, count, crash=False):
    """-> bars of a pattern, small changes every second bar, a fill at the end of some phrases; and whether there is one."""
    base = thinned(pattern(style, metre, rng), wish.density, rng)
    total = len(next(iter(base.values())))
    turned, kick = dict(base), list(base.get("K", "." * total))
    for n in rng.sample(range(2, total, 2), min(2, total // 2 - 1)):
        kick[n] = "x" if kick[n] == "." else "."
    turned["K"] = "".join(kick)
    fills = rng.random() < .5
    out = []
    for k in range(count):
        rows = turned if k % 2 and (k % 4 == 3 or rng.random() < .35) else base
        if fills and k % 4 == 3:
            rows = fill(rows, metre, rng)
        if crash and k == 0:
            rows = {**rows, "C": "x" + "." * (total - 1)}
        out.append(notes(rows))
    return out, fills


def build(metre, rng, count):
    """Strokes that grow denser bar by bar: a roll of snare, clap or toms over the bass drum, hats that fill up."""
    total = bar_ticks(metre) // 6
    beat = 6 if rhythm.thirds(metre) else 4
    name = rng.choice("SScSTH")
    kick = rng.choice((beat, beat, 2 * beat, 0))
    hats, shift = rng.choice(("", "", "O", "H", "R", "m")), rng.choice((0, 0, beat // 2))
    grows, drop = rng.choice(((2 * beat, beat, 2, 1), (beat, max(2, beat // 2), 2, 1), (beat, beat, 2, 1), (beat, 2, 2, 1))), rng.random() < .4
    out = []
    for k in range(count):
        part = k * 4 // count
        step = grows[part]
        half = total // 2 // beat * beat if rng.random() < .35 and part < 3 else total       # the second half already denser
        finer = grows[part + 1] if part < 3 else step
        strokes = [n for n in range(total) if (n % step == 0 if n < half else n % finer == 0) and not (part == 0 and n == 0 and shift)]
        rows = {name: "".join("x" if n in strokes else "." for n in range(total))}
        if kick and not (part == 3 and drop):
            rows["K"] = "".join("x" if n % kick == 0 else "." for n in range(total))
        if hats and hats != name:
            rows[hats] = "".join("x" if n % beat == shift and (part < 3 or not drop) else "." for n in range(total))
        out.append(notes(rows))
    return out


def sparse(style, metre, rng, count):
    """A break: little, and the same in every bar."""
    total = bar_ticks(metre) // 6
    beat = 6 if rhythm.thirds(metre) else 4
    name = rng.choice("HrKHR")
    places = {0} | set(rng.sample(range(0, total, max(2, beat // 2)), min(2, total // beat)))
    rows = {name: "".join("x" if n in places else "." for n in range(total))}
    other = {**rows, "S": "." * (total - beat) + "x" + "." * (beat - 1)}
    return [notes(other if k % 4 == 3 else rows) for k in range(count)]
