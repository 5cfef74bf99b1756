"""Owns composed figures: arpeggios of many orders over the chart and ostinati that stay."""
from abc_voice import Note, midi
from composed import rhythm
from composed.melody import Wish, motif, realised
from composed.theory import chord_at, spread, tones
from stream import bar_ticks

ORDERS = {
    "up": (0, 1, 2, 3), "down": (3, 2, 1, 0), "updown": (0, 1, 2, 3, 2, 1), "alberti": (0, 2, 1, 2), "broken": (0, 2, 1, 3),
    "waves": (0, 1, 2, 1), "wide": (0, 2, 4, 2), "leaps": (0, 3, 1, 4), "far": (0, 4, 2, 5, 3, 1), "climb": (0, 1, 2, 3, 4, 5),
    "fall": (5, 4, 3, 2, 1, 0), "pedal": (0, 3, 0, 2), "top": (3, 0, 3, 1), "pairs": (0, 0, 1, 1, 2, 2), "turn": (1, 0, 1, 2),
}
CLOSE = ("up", "down", "updown", "alberti", "waves", "turn", "pairs")
FAR = ("wide", "leaps", "far", "pedal", "top", "broken")


def steps(metre, wish, rng):
    """The lengths of a bar of an arpeggio: even ones, or a tresillo, or with a held beginning."""
    groups, density, out = rhythm.GROUPS[metre], wish.density, []
    kind = .5 if wish.feel == "even" else rng.random()
    if metre in ("4/4", "2/2") and kind < .2:
        return rng.choice(([36, 36, 24], [18, 18, 12] * 2, [24, 12, 24, 12, 24], [12, 24, 24, 24, 12], [36, 12, 24, 24]))
    if metre in ("6/8", "12/8") and kind < .15:
        return [24, 24, 24] * (len(groups) // 2)
    size = 24 if density < 5 else 12 if density < 10 else 8 if density < 12.5 and groups[0] == 24 else 6
    for n, group in enumerate(groups):
        if group == 36 and size == 24:
            out += rng.choice(([24, 12], [36])) if n else [36]
        elif group == 36 and size == 8:
            out += [12] * 3
        else:
            out += [size] * (group // size)
    if kind > .85 and len(out) > 4 and size in (12, 6):
        out = [2 * size] + out[2:]                   # the first note held
    elif kind > .75 and size in (12, 6):
        out[-1] = -size                              # a breath before the next bar
    return out


def order(wish, rng):
    if wish.motion < .35:
        return ORDERS[rng.choice(CLOSE)]
    return ORDERS[rng.choice(FAR if wish.motion > .65 else tuple(ORDERS))]


def arpeggio(charts, metre, home, wish, rng):
    """An order of chord tones, kept; the line climbs or falls with the wish; the fourth bar may turn."""
    sizes, way, other = steps(metre, wish, rng), order(wish, rng), order(wish, rng)
    turns, again = rng.random() < .45, rng.random() < .6
    added = rng.random() < .25                       # a ninth among the chord tones
    out = []
    for k, chart in enumerate(charts):
        line = wish.center + wish.slope * (k % 4 / 3 - .5)
        bar, at, n, before = [], 0, 0, None
        chosen = other if turns and k % 4 == 3 else way
        for ticks, place in triplet_places(sizes):
            symbol = chord_at(chart, at)
            if symbol != before and again:
                n = 0
            before = symbol
            if ticks < 0:
                bar.append(Note((), -ticks))
                at -= ticks
                continue
            classes = tones(symbol)
            if added:
                root = classes[0]
                classes = classes[:3] + (((root[0] + 1) % 7, 0),)
            ladder = spread(classes, line - (12 if wish.motion > .65 else 9), line + 24)
            bar.append(Note((ladder[min(chosen[n % len(chosen)], len(ladder) - 1)],), ticks, False, place))
            at += ticks
            n += 1
        out.append(bar)
    return out


def triplet_places(sizes):
    count = 0
    for ticks in sizes:
        count = count % 3 + 1 if ticks == 8 else 0
        yield ticks, count


def ostinato(charts, metre, home, wish, rng):
    """A short figure that never leaves: as it is, or with its notes drawn to the chord of each bar."""
    figure = motif(metre, Wish(**{**vars(wish), "motion": wish.motion * .8}), rng)
    second = motif(metre, wish, rng) if rng.random() < .35 else None
    draws = rng.random() < .6
    flat = Wish(**{**vars(wish), "style": "" if draws else "techno"})
    out, kept = [], {}
    for k, chart in enumerate(charts):
        m = second if second and k % 2 else figure
        key = (m is second, chart[0][0] if draws else "")
        if key not in kept:
            kept[key] = realised(m, wish.center, chart, metre, home, flat, rng)
        if wish.slope and abs(wish.slope) > 5 and draws:
            out.append(realised(m, wish.center + wish.slope * (k % 4 / 3 - .5), chart, metre, home, flat, rng))
        else:
            out.append(kept[key])
    return out
