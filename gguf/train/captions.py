"""Owns the words: what a phrase of one voice is like, and which control words are true of it.

`src/feature.rs` computes the same; `tests/data/features.json` (see `feature_samples.py`) holds both to each other.
Density, register, motion and contour are cut by terciles of the training phrases, for each role apart, so that each
word is as frequent as its two neighbours. The other words stand only where they are clear.
"""
from dataclasses import dataclass

from abc_voice import midi
from stream import bar_ticks, beat_ticks, held, sound

BANDS = {
    "density": ("sparse", "steady", "busy"),
    "register": ("low", "middle", "high"),
    "motion": ("stepwise", "flowing", "leaping"),
    "contour": ("falling", "level", "rising"),
}
CLEAR = ("dotted", "triplets", "repeating", "syncopated", "chromatic")
PLACES = ("cadence", "build", "break", "fill")
GENRES = ("jig", "reel", "hornpipe", "air", "waltz", "march", "polka", "strathspey", "slipjig", "hymn")
STYLES = ("walking", "ostinato", "riff", "arpeggio", "pad", "comping", "call", "answer", "blues", "funk", "rock", "house",
          "techno", "dub", "latin", "jazz", "ballad")
WORDS = tuple(word for band in BANDS.values() for word in band) + CLEAR + PLACES + GENRES + STYLES
ROLES = ("ch", "kit", "bass", "keys", "arp", "inner", "lead", "hand")
BAND_WORDS = {word: (band, n) for band, words in BANDS.items() for n, word in enumerate(words)}
KIT_BANDS = ("density",)
SCALE = {0, 2, 4, 5, 7, 9, 11}               # of every home key: it has no signature
TONICS = {"C": 0, "Am": 9, "Ddor": 2, "Gmix": 7, "Ephr": 4, "Flyd": 5, "Bloc": 11}


def genre(tune, collection):
    """The genre word of a tune, or nothing where it is not certain."""
    if collection == "openhymnal":
        return "hymn"
    told = tune.genre.replace(" ", "")
    for word in ("slipjig", "strathspey", "hornpipe", "jig", "reel", "air", "waltz", "march", "polka"):
        if word in told:
            return "slipjig" if word == "jig" and tune.metre == "9/8" else word
    if tune.metre == "9/8":
        return "slipjig"
    if collection == "oneills1850" and 0 < tune.number <= 600:
        return "air"                         # the book's first section
    return ""


@dataclass
class Struck:
    """A struck note or chord: place in its bar and length with ties, in ticks of 1/96; sounding pitches, ascending."""
    bar: int
    onset: int
    ticks: int
    pitches: list


def struck(bars):
    """What is struck in some bars of one voice. A tie into the first bar is unknown here: its note counts as struck."""
    out, before = [], None
    for number, bar in enumerate(bars):
        at = 0
        for note in bar:
            if held(before, note) and out:
                out[-1].ticks += note.ticks
            elif note.pitches:
                out.append(Struck(number, at, note.ticks, sorted(sound(note))))
            at += note.ticks
            before = note
    return out


def features(bars, metre, home="C", root=None):
    """What some bars of one voice are like; nothing where fewer than four notes are struck.

    density: struck notes per whole note. register: mean of the tops (the highest pitch of each struck note or chord).
    motion: mean size of the intervals between successive tops, semitones. contour: mean of the last third of the tops
    minus mean of the first third (a third of n is n // 3, at least 1). dotted: neighbours within a bar whose lengths
    are 3 to 1 or 1 to 3, per bar; the second begins where the first ends. triplets: struck notes whose length is no
    multiple of 1/32, per bar. repeating: share of intervals that are 0. syncopated: share of struck notes that begin
    off the beat and sound past the next one. chromatic: share of struck notes with a pitch that the key's signature
    does not have. cadence: 1 where the last struck note is in the last bar, lasts at least a third of a bar, and a
    pitch of it is the tonic or the pitch class `root` (of the last chord symbol of the phrase, if there is a chart).
    """
    notes = struck(bars)
    if len(notes) < 4:
        return None
    size, beat = bar_ticks(metre), beat_ticks(metre)
    tops = [note.pitches[-1] for note in notes]
    steps = [abs(a - b) for a, b in zip(tops, tops[1:])]
    third = max(1, len(tops) // 3)
    last = notes[-1]
    dotted = sum(a.bar == b.bar and a.onset + a.ticks == b.onset and sorted((a.ticks, b.ticks))[0] * 3 == max(a.ticks, b.ticks)
                 for a, b in zip(notes, notes[1:]))
    home_pitches = {TONICS[home], root}
    return {
        "density": len(tops) * 96 / (size * len(bars)),
        "register": sum(tops) / len(tops),
        "motion": sum(steps) / len(steps),
        "contour": (sum(tops[-third:]) - sum(tops[:third])) / third,
        "dotted": dotted / len(bars),
        "triplets": sum(note.ticks % 3 != 0 for note in notes) / len(bars),
        "repeating": sum(step == 0 for step in steps) / len(steps),
        "syncopated": sum(n.onset % beat != 0 and n.onset % beat + n.ticks > beat for n in notes) / len(notes),
        "chromatic": sum(any(p % 12 not in SCALE for p in n.pitches) for n in notes) / len(notes),
        "cadence": float(last.bar == len(bars) - 1 and 3 * last.ticks >= size and any(p % 12 in home_pitches for p in last.pitches)),
    }


# the least value of a feature of which its word is said
LEAST = {"dotted": 1., "triplets": 1.5, "repeating": .3, "syncopated": .2, "chromatic": .12, "cadence": 1.}


def terciles(weighted):
    """The bounds between the three words of each band, of (weight, features) pairs: the first word is below the first
    bound, the last above the second."""
    bounds = {}
    for band in BANDS:
        values = sorted((feature[band], weight) for weight, feature in weighted)
        total, heard, bounds[band] = sum(weight for _, weight in values), 0., []
        for value, weight in values:
            heard += weight
            if heard > total * (len(bounds[band]) + 1) / 3 and len(bounds[band]) < 2:
                bounds[band].append(round(value, 3))
    return bounds


def true_words(feature, bounds, role, told=()):
    """Every control word that is true of a phrase: of its notes, and those that its maker told."""
    words = []
    for band in (KIT_BANDS if role == "kit" else BANDS) if feature else ():
        low, high = bounds[band]
        words.append(BANDS[band][(feature[band] >= low) + (feature[band] > high)])
    for word, least in LEAST.items() if feature else ():
        if feature[word] >= least and not (role == "kit" and word in ("repeating", "chromatic", "cadence")):
            words.append(word)
    return words + [word for word in told if word not in words]


class Sayer:
    """Says words so that the rare are not drowned: within each band and role every word is said equally often, and the
    other words the oftener the rarer they are."""

    def __init__(self, counts):
        """`counts[role][word]`: of how many training phrases of the role a word is true."""
        self.chance = {}
        for role, words in counts.items():
            chance = self.chance[role] = {}
            total = max(1, max(words.values()))
            for word, count in words.items():
                if word in BAND_WORDS:
                    rarest = min(words.get(w, 0) or count for w in BANDS[BAND_WORDS[word][0]])
                    chance[word] = .6 * rarest / count
                else:
                    chance[word] = min(.7, max(.25, .06 * total / count))

    def caption(self, words, role, rng):
        """A caption line of a random part of the words, in random order; nothing for one phrase in five."""
        if rng.random() < .2:
            return ""
        chosen = [word for word in words if rng.random() < self.chance[role].get(word, .5)]
        rng.shuffle(chosen)
        return "% " + " ".join(chosen[:6]) + "\n" if chosen else ""
