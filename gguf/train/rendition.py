"""Owns what a tune, hymn or score of the books becomes: pieces of the same form as the composed ones, with voices given and
voices of the model.

Melodies stand alone, or with chart and bass by rule before them, or are themselves given (as `lead` or `hand`) while
bass, chords or figures are composed to them. Hymns and scores lend every one of their four voices to be written.
"""

import harmony
import stream
from abc_voice import Note, Skip, midi
from composed import bass, comping, figures, melody, rhythm
from composed.melody import Wish
from composed.piece import Piece
from composed.theory import TONIC_STEPS

# of the tokens that the training draws, in parts of what there is
SHARES = {"melodies": .45, "hymns": .15, "polyphony": .12, "composed": .40}
# what books of four voices become, and the words told of it
VOICES = {"openhymnal": ("hymns", ["hymn"]), "polyphony": ("polyphony", [])}
LOWEST, HIGHEST = 43, 96
# voices in the order of a line, how many of the last are the model's, share
MELODY_KINDS = (("lead", 1, .38), ("bass lead", 1, .10), ("ch lead", 1, .12), ("ch bass lead", 1, .12), ("ch bass lead", 2, .04), ("hand:bass lead", 1, .03),
                ("hand:below lead", 1, .04), ("ch lead bass", 1, .05), ("hand bass", 1, .03), ("ch lead keys", 1, .03), ("ch hand keys", 1, .02),
                ("lead arp", 1, .02), ("lead inner", 1, .02))
HYMN_KINDS = (("0", 1, .12), ("ch 0", 1, .08), ("3 0", 1, .08), ("ch 3 0", 1, .08), ("ch 3 0", 2, .05), ("0 3", 1, .08), ("ch 0 3", 1, .08),
              ("0 1", 1, .06), ("0 3 1", 1, .06), ("ch 0 3 2", 1, .06), ("0 3 1 2", 2, .05), ("0 3 2 1", 1, .04), ("hand 3", 1, .05), ("hand 1", 1, .04),
              ("1 2 3 0", 1, .04), ("3 1 0", 1, .03))
HYMN_ROLES = {"0": "lead", "1": "inner", "2": "inner", "3": "bass", "hand": "hand"}


def shifted(bars, octaves):
    return [[Note(tuple((s + 7 * octaves, a) for s, a in n.pitches), n.ticks, n.tie, n.triplet) for n in bar] for bar in bars]


def choose_shift(lead, rng):
    tops = [midi(p) for bar in lead for n in bar for p in n.pitches]
    octaves = rng.choices((-1, 0, 1), (.2, .6, .2))[0]
    return octaves if min(tops) + 12 * octaves >= LOWEST and max(tops) + 12 * octaves <= HIGHEST else 0


def hymn_chart(tune):
    chart = []
    for bar in tune.bars:
        chords = harmony.chart_for_voices(bar, tune.metre)
        if not chords and not chart:
            raise Skip("chart")
        chart.append(chords or [(chart[-1][-1][0], stream.bar_ticks(tune.metre))])
    return chart


def segments(count, told):
    return [(min(4, count - k), told) for k in range(0, count, 4)]


def of_hymn(tune, rng):
    kind, models, _ = rng.choices(HYMN_KINDS, [k[2] for k in HYMN_KINDS])[0]
    names = kind.split()
    octaves = choose_shift([bar[0] for bar in tune.bars], rng) if set(names) <= {"ch", "0"} else 0
    voices = []
    for name in names:
        if name == "ch":
            voices.append(("ch", hymn_chart(tune)))
        else:
            part = [bar[0 if name == "hand" else int(name)] for bar in tune.bars]
            voices.append((HYMN_ROLES[name], shifted(part, octaves)))
    source, told = VOICES[tune.source]
    return Piece(tune.metre, tune.home, voices, models, segments(len(tune.bars), told), source, tune.family)


def accompaniment(role, chart, tune, rng):
    """-> bars of a voice composed to a melody's chart, and its words."""
    metre, home = tune.metre, tune.home
    w = Wish(rng.uniform(1.5, 9), 44, rng.random(), rng.choice((0, 0, rng.uniform(-10, 10))), "straight")
    if role == "bass":
        w.center, w.style = rng.uniform(36, 50), rng.choice(("root_fifth", "root_fifth", "octave", "ballad", "march", "walking", "pedal"))
        if w.style == "walking":
            return bass.walking(chart, metre, home, w, rng), ["walking"]
        return bass.section(chart, metre, home, w, rng)[0], ["ostinato"] if w.style == "pedal" else []
    if role == "keys":
        pad = rng.random() < .4
        w.center, w.style, w.density = rng.uniform(52, 66), "pad" if pad else rng.choice(("march", "ballad", "rock", "waltz")), 1.5 if pad else w.density
        return comping.section(chart, metre, home, w, rng), ["pad" if pad else "comping"]
    w.center, w.density = rng.uniform(50, 74), rng.uniform(3.5, 14)
    return figures.arpeggio(chart, metre, home, w, rng), ["arpeggio"]


def of_melody(tune, rng):
    kind, models, _ = rng.choices(MELODY_KINDS, [k[2] for k in MELODY_KINDS])[0]
    names = kind.split()
    lead = [bar[0] for bar in tune.bars]
    lead = shifted(lead, choose_shift(lead, rng))
    if names[-1] != "lead" and (tune.metre not in rhythm.GROUPS or tune.home not in TONIC_STEPS):
        names, models = ["lead"], 1
    chart = harmony.chart_for_melody(lead, tune.metre, tune.home, rng) if len(names) > 1 else None
    manner = rng.choice(("hold", "fifth", "beats"))
    voices, told = [], []
    for n, name in enumerate(names):
        last = n == len(names) - 1
        if name == "ch":
            voices.append(("ch", chart))
        elif name in ("lead", "hand"):
            voices.append((name, lead))
        elif name == "hand:below":
            if tune.home not in TONIC_STEPS:
                continue
            parallel = rng.random() < .5 and all(len(note.pitches) < 2 for bar in lead for note in bar)
            voices.append(("hand", melody.below(lead, chart, tune.metre, tune.home, 60, rng, parallel) if tune.metre in rhythm.GROUPS or parallel else lead))
        elif not last or name == "hand:bass":
            voices.append((name.split(":")[0], [harmony.bass_for_chart(c, tune.metre, manner) for c in chart]))
        elif name == "inner":
            average = sum(midi(n.pitches[-1]) for bar in lead for n in bar if n.pitches) / sum(bool(n.pitches) for bar in lead for n in bar)
            voices.append(("inner", melody.below(lead, chart, tune.metre, tune.home, average - 9, rng, rng.random() < .6)))
        else:
            bars, told = accompaniment(name, chart, tune, rng)
            voices.append((name, bars))
    told = ([tune.genre] if tune.genre else []) + told
    return Piece(tune.metre, tune.home, voices, models, segments(len(lead), told), "melodies", tune.family)


def lines(piece):
    """The text of each bar of a piece. Raises `Skip` where the stream form cannot say it."""
    out = []
    for i in range(len(piece.voices[0][1])):
        parts = []
        for role, bars in piece.voices:
            following = bars[i + 1][0] if role != "ch" and i + 1 < len(bars) else None
            parts.append((role, stream.chart(bars[i], piece.metre) if role == "ch" else stream.music(bars[i], piece.metre, following)))
        out.append(stream.line(parts))
    return out


def plain(tune):
    """A tune's lead alone, to see whether it can be said at all."""
    return lines(Piece(tune.metre, tune.home, [("lead", [bar[0] for bar in tune.bars])], 1))


def render(tune, rng):
    """One rendition of a tune; where the kind drawn cannot be said, the lead alone."""
    try:
        piece = (of_hymn if tune.source in VOICES else of_melody)(tune, rng)
        return piece, lines(piece)
    except Skip:
        lead = [bar[0] for bar in tune.bars]
        source, told = VOICES.get(tune.source) or ("melodies", [tune.genre] if tune.genre else [])
        piece = Piece(tune.metre, tune.home, [("lead", lead)], 1, segments(len(lead), told), source, tune.family)
        return piece, lines(piece)
