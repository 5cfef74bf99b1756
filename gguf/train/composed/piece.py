"""Owns the making of one composed piece: style, metre, mode, chart, voices and sections, and the words that are true by
the way it was made. What the notes themselves say is left to `captions.py`.
"""
from dataclasses import dataclass, field, replace

from abc_voice import Note, midi
from composed import bass, charts, comping, drums, figures, melody
from composed.melody import Memory, Wish
from composed.rhythm import METRES
from stream import bar_ticks

STYLES = {"rock": 10, "house": 9, "techno": 10, "dub": 8, "funk": 9, "latin": 9, "jazz": 11, "blues": 9, "march": 8, "ballad": 10, "waltz": 7}
STYLE_METRES = {"waltz": ("3/4", "3/4", "3/4", "3/8", "6/8"), "march": ("2/4", "4/4", "6/8", "2/2", "2/4"), "ballad": ("4/4", "3/4", "6/8", "12/8"),
                "blues": ("4/4", "4/4", "12/8", "6/8"), "jazz": ("4/4", "4/4", "3/4", "5/4"), "latin": ("4/4", "2/2", "6/8", "12/8"),
                "rock": ("4/4", "4/4", "6/8", "7/8", "5/4"), "techno": ("4/4", "4/4", "4/4", "7/8", "5/4"), "house": ("4/4",), "dub": ("4/4", "4/4", "12/8"),
                "funk": ("4/4", "4/4", "4/4", "7/8")}
STYLE_HOMES = {"blues": ("C", "Am", "Gmix"), "march": ("C", "C", "Am"), "techno": ("Am", "Ddor", "Ephr", "C", "Gmix"), "dub": ("Am", "Ddor", "C", "Ephr")}
HOMES = ("C", "Am", "Ddor", "Gmix", "Ephr", "Flyd", "C", "Am")
FEELS = {"funk": ("sixteenth", "syncopated"), "latin": ("syncopated",), "jazz": ("straight", "syncopated", "triplet"), "march": ("dotted", "straight"),
         "blues": ("triplet", "syncopated", "airy"), "rock": ("straight", "syncopated"), "ballad": ("straight", "dotted"), "techno": ("sixteenth", "syncopated"),
         "dub": ("airy", "syncopated"), "house": ("syncopated", "airy"), "waltz": ("straight", "dotted")}
KINDS = {"blues": ("blues",), "rock": ("penta", "blues", "mode"), "funk": ("penta", "blues", "mode")}
CENTERS = {"bass": (37, 53), "keys": (52, 71), "arp": (52, 80), "lead": (60, 85), "inner": (52, 68)}
DENSITIES = {"bass": (1.5, 13), "keys": (1, 10), "arp": (3.5, 16), "lead": (1.5, 14), "kit": (3, 16), "inner": (2, 8)}
MODEL = {"lead": 27, "bass": 20, "kit": 14, "keys": 17, "arp": 17, "inner": 5}
PARTNERS = {"kit": 4, "bass": 5, "keys": 4, "arp": 3, "lead": 4}


@dataclass
class Piece:
    metre: str
    home: str
    voices: list                             # (role, bars) in the order of a line; a chart's bars are (symbol, ticks) lists
    models: int                              # how many of the last voices are the model's
    segments: list = field(default_factory=list)     # (bars, words told of the last voice) between places of a caption
    source: str = "composed"
    family: str = ""


def wish(role, style, rng):
    """What a section's voice is to be like; all wishes are equally often, within the role's room."""
    low, high = CENTERS.get(role, (60, 60))
    least, most = DENSITIES[role]
    density = rng.uniform(least, most) if rng.random() < .7 else rng.uniform(least, (least + most) / 2)
    if style == "ballad":
        density = least + (density - least) * .6
    feel = rng.choice(FEELS[style]) if rng.random() < .75 else rng.choice(("straight", "syncopated", "dotted", "triplet", "airy", "sixteenth"))
    kind = rng.choice(KINDS.get(style, ("mode", "mode", "penta")))
    slope = rng.choice((0, 0, rng.uniform(-14, 14), rng.uniform(-10, 10)))
    chromatic = rng.uniform(.2, .7) if rng.random() < (.5 if style == "jazz" else .12) else 0.
    return Wish(density, rng.uniform(low, high), rng.random(), slope, feel, kind, style, chromatic, rng.choice((.2, .6, .9, .9)))


class Maker:
    """Makes the voices of one piece, section by section."""

    def __init__(self, style, metre, home, rng):
        self.style, self.metre, self.home, self.rng = style, metre, home, rng
        self.memory, self.bass_kind = Memory(), {}

    def voice(self, role, w, charts_, following, name, place):
        """-> bars of a role on some bars of chart, and the words told by their making."""
        rng, style = self.rng, self.style
        if place == "build" and role != "inner":
            return self.build(role, w, charts_), [style, "build"]
        if place == "break":
            return self.sparse(role, w, charts_), [style, "break"]
        if role == "kit":
            name_ = "breakbeat" if style in ("techno", "house", "funk") and rng.random() < .2 else "ballad" if style == "waltz" else style
            bars, filled = drums.section(name_, self.metre, w, rng, len(charts_), rng.random() < .25)
            return bars, [style] + ["fill"] * filled
        if role == "bass":
            return self.bass(w, charts_, following, name)
        if role == "keys":
            pad = rng.random() < (.35 if w.density > 4 else .6)
            w = replace(w, style="pad" if pad else style, density=min(w.density, 2.5) if pad else w.density)
            size = rng.choices((2, 3, 4), (.15, .65, .2))[0]
            return comping.section(charts_, self.metre, self.home, w, rng, size), [style, "pad" if pad else "comping"]
        if role == "arp":
            kind = rng.choices(("arpeggio", "ostinato", "riff"), (.45, .25, .3))[0]
            if kind == "riff":
                kinds = "blues" if style in ("blues", "funk") else "penta" if rng.random() < .6 else "mode"
                return melody.riff(charts_, self.metre, self.home, replace(w, kind=kinds), self.memory, rng, "riff" + name), [style, "riff"]
            make = figures.arpeggio if kind == "arpeggio" else figures.ostinato
            return make(charts_, self.metre, self.home, w, rng), [style, kind]
        if style in ("techno", "funk", "rock", "house") and rng.random() < .4:
            return melody.riff(charts_, self.metre, self.home, w, self.memory, rng, "hook" + name), [style, "riff"]
        return melody.section(name, charts_, self.metre, self.home, w, self.memory, rng), [style]

    def bass(self, w, charts_, following, name):
        rng, style = self.rng, self.style
        kind = self.bass_kind.setdefault(name, rng.random())
        if style in ("jazz", "blues") and kind < .6 or kind < .08:
            return bass.walking(charts_, self.metre, self.home, w, rng, following), [style, "walking"]
        if kind > .8 and style in ("techno", "funk", "rock", "dub", "blues", "house", "latin"):
            flat = replace(w, kind="blues" if style in ("funk", "blues") else "penta", density=max(w.density, 3))
            return melody.riff(charts_, self.metre, self.home, flat, self.memory, rng, "bass" + name), [style, "riff"]
        chosen, told = style, [style]
        if kind < .16:
            chosen, told = "pedal", [style, "ostinato"]
        elif kind < .24 and style != "ballad":
            chosen = rng.choice(("octave", "root_fifth"))
        bars, filled = bass.section(charts_, self.metre, self.home, replace(w, style=chosen), rng, None, following)
        return bars, told + ["fill"] * filled

    def build(self, role, w, charts_):
        """Bars that grow denser and, where there is pitch, higher."""
        rng, count = self.rng, len(charts_)
        if role == "kit":
            return drums.build(self.metre, rng, count)
        most = {"lead": 12, "bass": 9, "keys": 8, "arp": 15}[role]
        rise, out, m = rng.uniform(4, 14), [], melody.motif(self.metre, replace(w, density=4, motion=.3), rng)
        for k, chart in enumerate(charts_):
            part = k / max(1, count - 1)
            now = replace(w, density=2 + (most - 2) * part, center=w.center + rise * (part - .5), slope=0, feel="even", motion=min(w.motion, .6), cadence=0)
            if role == "keys":
                bars = comping.section([chart], self.metre, self.home, replace(now, style="rock"), rng)
            elif role == "bass":
                steps = bass.denser("R---" * (bar_ticks(self.metre) // 24) + "R-" * (bar_ticks(self.metre) % 24 // 12), now.density, rng)
                bars = bass.section([chart], self.metre, self.home, replace(now, style="rock"), rng, steps)[0]
            elif role == "arp":
                bars = figures.arpeggio([chart], self.metre, self.home, now, rng)
            else:
                beats = melody.motif(self.metre, now, rng)
                fresh = melody.moves(max(0, len(beats.moves) - len(m.moves)), .3, rng)
                bars = [melody.realised(replace(beats, moves=(m.moves + fresh)[:len(beats.moves)], start=0), now.center, chart, self.metre, self.home, now, rng)]
            out += bars
        return out

    def sparse(self, role, w, charts_):
        """A break: a little of the voice, long or amid rests."""
        rng, metre = self.rng, self.metre
        if role == "kit":
            return drums.sparse(self.style, metre, rng, len(charts_))
        now = replace(w, density=rng.uniform(1, 2.2), feel=rng.choice(("straight", "airy")), motion=min(w.motion, .6))
        if role == "keys":
            return comping.section(charts_, metre, self.home, replace(now, style="pad", density=1), rng)
        if role == "bass":
            return bass.section(charts_, metre, self.home, replace(now, style="ballad"), rng, "R" + "-" * (bar_ticks(metre) // 6 - 1))[0]
        return melody.section("break", charts_, metre, self.home, now, self.memory, rng)


def rest(metre):
    return [Note((), bar_ticks(metre))]


def dialogue(maker, w, charts_, name):
    """Two voices in turn, a bar or two each: the call, then its answer on the same motif."""
    rng = maker.rng
    span = rng.choice((1, 2, 2))
    maker.memory.motifs[(name, "form")] = "aabb" if span == 1 else "abab"
    w = replace(w, cadence=.85)
    bars = melody.section(name, charts_, maker.metre, maker.home, w, maker.memory, rng, 2 * span if span == 2 else 2)
    first = [bar if k // span % 2 == 0 else rest(maker.metre) for k, bar in enumerate(bars)]
    second = [bar if k // span % 2 else rest(maker.metre) for k, bar in enumerate(bars)]
    return first, second


def sections(rng, build_role):
    """-> (name, bars, place) of each section; some begin in mid-phrase."""
    form = rng.choice(("AABA", "ABAB", "AAB", "AABB", "ABAC", "ABCA"))
    out = []
    for name in form:
        count = rng.choice((4, 4, 8))
        place = ""
        if out and build_role and rng.random() < .2:
            place = rng.choice(("build", "break"))
            count = 4 if rng.random() < .8 else 8
        if rng.random() < .13:               # what is said changes in mid-phrase
            out += [(name, 2, ""), (name + "'", 2 if rng.random() < .7 else 6, place)]
        else:
            out.append((name, count, place))
    return out


def compose(rng):
    """One piece, all of whose choices come from `rng`."""
    style = rng.choices(list(STYLES), list(STYLES.values()))[0]
    metre = rng.choice(STYLE_METRES[style]) if rng.random() < .75 or style == "waltz" else rng.choice(METRES)
    home = rng.choice(STYLE_HOMES.get(style, HOMES))
    maker = Maker(style, metre, home, rng)
    role = rng.choices(list(MODEL), list(MODEL.values()))[0]
    turns = role == "lead" and rng.random() < .3
    others = {r: n for r, n in PARTNERS.items() if r != role}
    partners = []
    for _ in range(rng.choices((0, 1, 2, 3), (.22, .4, .28, .1))[0]):
        chosen = rng.choices(list(others), list(others.values()))[0]
        del others[chosen]
        partners.append(chosen)
    if role == "inner" and "lead" not in partners:
        partners.append("lead")
    if turns:
        partners = [p for p in partners if p != "lead"] + ["lead"]
    if turns:
        hand = "lead" if rng.random() < .6 else None
    else:
        hand = rng.choice([p for p in partners if p != "kit"] or [None]) if rng.random() < .22 else None
    plan = sections(rng, True)
    progressions, base = {}, {r: wish(r, style, rng) for r in partners}
    voices = {r: [] for r in partners + [role + "*"]}
    chart, segments = [], []
    answers = rng.random() < .65
    section_charts = []
    for name, count, place in plan:
        letter = name[0]
        if letter not in progressions:
            progressions[letter] = charts.progression(style, home, rng)
        section_charts.append(charts.chart(progressions[letter], metre, count, 2 if name.endswith("'") else 0))
    kept = {}
    for n, (name, count, place) in enumerate(plan):
        here = section_charts[n]
        following = section_charts[n + 1][0] if n + 1 < len(plan) else section_charts[0][0]
        chart += here
        # a section that comes back is as it was, or has new wishes
        w = kept[name] if name in kept and rng.random() < .4 else wish(role, style, rng)
        kept[name] = w
        for partner in partners:
            if turns and partner == "lead":
                continue
            bars, _ = maker.voice(partner, base[partner], here, following, partner + name, "" if rng.random() < .7 else place)
            voices[partner] += bars
        if turns:
            first, second = dialogue(maker, w, here, name)
            if rng.random() < .5:
                shift = rng.choice((-7, 7)) if 55 < w.center < 72 else -7 if w.center >= 72 else 7
                first = [[Note(tuple((s + shift, a) for s, a in note.pitches), note.ticks, False, note.triplet) for note in bar] for bar in first]
            voices["lead"] += first if answers else second
            bars, told = (second if answers else first), [style, "answer" if answers else "call"]
        elif role == "inner":
            parallel = rng.random() < .5
            bars = melody.below(voices["lead"][-count:], here, metre, home, min(w.center, base["lead"].center - 5), rng, parallel)
            told = [style]
        else:
            bars, told = maker.voice(role, w, here, following, role + name, place)
        voices[role + "*"] += bars
        for k in range(0, count, 4):
            segments.append((min(4, count - k), told if "fill" not in told or k + 4 <= count else [t for t in told if t != "fill"]))
    order = [("ch", chart)] if rng.random() < .62 else []
    if rng.random() < .4:
        rng.shuffle(partners)
    else:
        partners.sort(key=("kit", "bass", "keys", "arp", "lead").index)
    models = 1
    if partners and partners[-1] != hand and not turns and role != "inner" and rng.random() < .3:
        models = 2
    order += [("hand" if p == hand else p, voices[p]) for p in sorted(partners, key=lambda p: 0)]
    return Piece(metre, home, order + [(role, voices[role + "*"])], models, segments)


def interval_key(bars):
    """What names the family of a line: its first intervals and lengths."""
    notes = [note for bar in bars for note in bar if note.pitches][:16]
    tops = [midi(n.pitches[-1]) for n in notes]
    return ",".join(f"{b - a}:{n.ticks}" for a, b, n in zip(tops, tops[1:], notes))
