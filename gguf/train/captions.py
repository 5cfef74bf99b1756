"""Owns the words: what a four-bar phrase of the lead is like, and which control words are true of it.

Density, register, motion and contour are cut by terciles of the training phrases, so that each word is as frequent as
its two neighbours. The other words stand only where they are clear.
"""
from stream import sound

BANDS = {
    "density": ("sparse", "steady", "busy"),
    "register": ("low", "middle", "high"),
    "motion": ("stepwise", "flowing", "leaping"),
    "contour": ("falling", "level", "rising"),
}
CLEAR = ("dotted", "triplets", "repeating")
GENRES = ("jig", "reel", "hornpipe", "air", "waltz", "march", "polka", "strathspey", "slipjig", "hymn")
WORDS = tuple(word for band in BANDS.values() for word in band) + CLEAR + GENRES


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


def features(bars):
    """Density, register, motion and contour of some bars of one voice, and how dotted, tripled and repeating it is."""
    notes = [note for bar in bars for note in bar if note.pitches]
    tops = [max(sound(note)) for note in notes]
    if len(tops) < 4:
        return None
    wholes = sum(note.ticks for bar in bars for note in bar) / 96
    leaps = [abs(a - b) for a, b in zip(tops, tops[1:])]
    third = max(1, len(tops) // 3)
    pairs = [sorted((a.ticks, b.ticks)) for bar in bars for a, b in zip(bar, bar[1:])]
    return {
        "density": len(tops) / wholes,
        "register": sum(tops) / len(tops),
        "motion": sum(leaps) / len(leaps),
        "contour": (sum(tops[-third:]) - sum(tops[:third])) / third,
        "dotted": sum(a * 3 == b for a, b in pairs),
        "triplets": sum(note.triplet == 1 for note in notes),
        "repeating": sum(leap == 0 for leap in leaps) / len(leaps),
    }


def terciles(all_features):
    """The bounds between the three words of each band."""
    bounds = {}
    for band in BANDS:
        values = sorted(f[band] for f in all_features)
        bounds[band] = [values[len(values) // 3], values[2 * len(values) // 3]]
    return bounds


def true_words(feature, bounds, genre_word):
    """Every control word that is true of a phrase."""
    words = []
    for band, names in BANDS.items():
        low, high = bounds[band]
        words.append(names[(feature[band] >= low) + (feature[band] > high)])
    if feature["dotted"] >= 4:
        words.append("dotted")
    if feature["triplets"] >= 2:
        words.append("triplets")
    if feature["repeating"] >= .3:
        words.append("repeating")
    return words + ([genre_word] if genre_word else [])


def caption(words, rng):
    """A caption line of a random part of the words, in random order; nothing for one phrase in four."""
    if rng.random() > .75 or not words:
        return ""
    chosen = rng.sample(words, rng.randint(1, min(len(words), 5)))
    return "% " + " ".join(chosen) + "\n"
