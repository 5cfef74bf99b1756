"""Owns the pitches of composed music: chord tones as they are spelt, scales of every home key, the nearest of many.

A pitch is (diatonic step, alteration) as in `abc_voice.Note`; step 28 is the `C` of ABC, MIDI 60.
"""
from bisect import bisect_left
from functools import lru_cache

from abc_voice import SEMITONES, midi
from harmony import QUALITIES, ROOTS

SHAPES = {"": (0, 2, 4), "m": (0, 2, 4), "dim": (0, 2, 4), "7": (0, 2, 4, 6), "m7": (0, 2, 4, 6), "maj7": (0, 2, 4, 6),
          "sus4": (0, 3, 4)}
SUSPENDED = (0, 5, 7)
TONIC_STEPS = {"C": 0, "Am": 5, "Ddor": 1, "Gmix": 4, "Ephr": 2, "Flyd": 3}
MINOR = ("Am", "Ddor", "Ephr")
PENTATONIC = {True: (0, 2, 3, 4, 6), False: (0, 1, 2, 4, 5)}     # degrees; minor or not
BLUES = ((0, 0), (2, 3), (3, 5), (4, 6), (4, 7), (6, 10))        # degree and semitones above the tonic


def spelt(step, semitones):
    """The pitch class on a letter (0-6) that sounds `semitones` (0-11)."""
    alteration = (semitones - SEMITONES[step % 7] + 6) % 12 - 6
    return step % 7, alteration


@lru_cache(None)
def tones(symbol):
    """The chord's pitch classes as (letter, alteration), root first."""
    root = symbol[:2] if symbol[1:2] in ("#", "b") and symbol[1:2] else symbol[:1]
    quality = symbol[len(root):]
    step, alteration = ROOTS[root]
    base = SEMITONES[step] + alteration
    shape = SUSPENDED if quality == "sus4" else QUALITIES[quality]
    return tuple(spelt(step + up, (base + n) % 12) for up, n in zip(SHAPES[quality], shape))


def spread(classes, low=24, high=100):
    """All pitches of some pitch classes between two MIDI notes, ascending."""
    out = [(letter + 7 * octave, alteration) for letter, alteration in classes for octave in range(0, 9)]
    return sorted((p for p in out if low <= midi(p) <= high), key=midi)


@lru_cache(None)
def scale(home, kind="mode"):
    """The pitches of a scale on the key's tonic, ascending: mode, penta, blues, harmonic (raised seventh)."""
    tonic = TONIC_STEPS[home]
    if kind == "penta":
        classes = [((tonic + d) % 7, 0) for d in PENTATONIC[home in MINOR]]
    elif kind == "blues":
        classes = [spelt(tonic + d, (SEMITONES[tonic] + n) % 12) for d, n in BLUES]
    else:
        classes = [(n, 0) for n in range(7)]
        if kind == "harmonic":
            classes[(tonic + 6) % 7] = spelt(tonic + 6, (SEMITONES[tonic] + 11) % 12)
    return spread(classes)


def index_near(pitches, target):
    """The index of the pitch that sounds nearest to a MIDI number."""
    sounds = [midi(p) for p in pitches]
    at = bisect_left(sounds, target)
    return min((n for n in (at - 1, at) if 0 <= n < len(sounds)), key=lambda n: abs(sounds[n] - target))


def near(classes, target):
    """The pitch of some pitch classes that sounds nearest to a MIDI number."""
    pitches = spread(classes)
    return pitches[index_near(pitches, target)]


def letter(pitch):
    return pitch[0] % 7, pitch[1]


def half_step(pitch, direction):
    """The chromatic neighbour below (-1) or above (+1), on the neighbouring letter where that needs no odd spelling."""
    step, _ = pitch
    want = midi(pitch) + direction
    for candidate in ((step + direction, 0), (step, direction) if pitch[1] == 0 else (step, 0), (step + direction, -direction),
                      (step + direction, direction)):
        if midi(candidate) == want:
            return candidate
    return pitch


def chord_at(chart, tick):
    """The symbol in force at a tick of a bar."""
    at = 0
    for symbol, size in chart:
        if tick < at + size:
            return symbol
        at += size
    return chart[-1][0]
