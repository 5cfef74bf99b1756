"""Owns the harmony that melodies are given: a chart by rule, a bass on its roots, and the naming of real chords.

`chart_for_melody` finds the path of diatonic triads that fits the notes best, likes changes at bar lines and ends
phrases with a cadence. `chart_for_voices` names what four real voices sound.
"""
from abc_tune import bar_ticks
from abc_voice import Note, midi
from stream import beat_ticks

NAMES = {0: "C", 1: "C#", 2: "D", 3: "Eb", 4: "E", 5: "F", 6: "F#", 7: "G", 8: "Ab", 9: "A", 10: "Bb", 11: "B"}
QUALITIES = {"": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "m7": (0, 3, 7, 10), "maj7": (0, 4, 7, 11), "dim": (0, 3, 6)}
TONIC = {"C": 0, "Am": 9, "Ddor": 2, "Gmix": 7, "Ephr": 4, "Flyd": 5, "Bloc": 11}
# liking of each triad by mode; the first is the tonic, the second the cadence chord
TRIADS = {
    "C": {"C": .4, "G": .3, "F": .25, "Am": .05, "Dm": 0, "Em": -.25},
    "Am": {"Am": .4, "Em": .1, "E": .1, "G": .15, "Dm": .15, "F": .1, "C": .1},
    "Ddor": {"Dm": .4, "C": .3, "Am": .15, "F": .1, "G": .15},
    "Gmix": {"G": .4, "F": .3, "C": .2, "Dm": .15, "Am": 0},
    "Ephr": {"Em": .4, "F": .2, "Am": .2, "G": .1, "Dm": .1, "C": .05},
    "Flyd": {"F": .4, "C": .25, "G": .25, "Am": .05, "Dm": .05},
    "Bloc": {"Bdim": .3, "Em": .2, "C": .2, "Am": .1, "G": .1},
}


def chord_tones(symbol):
    root = symbol[:2] if symbol[1:2] in ("#", "b") and symbol[1:2] else symbol[:1]
    number = next(k for k, v in NAMES.items() if v == root)
    return [(number + n) % 12 for n in QUALITIES[symbol[len(root):]]]


def slots(metre):
    """The one or two places of a bar where a chord may change, as lengths in ticks."""
    ticks, beat = bar_ticks(metre), beat_ticks(metre)
    beats = ticks // beat
    if beats < 2 or metre in ("3/4", "2/4") or ticks % beat:
        return [ticks]
    first = (beats + 1) // 2 * beat
    return [first, ticks - first]


def weights(notes, start, end, beat):
    """How much each pitch class weighs between two ticks of a bar; notes on a beat count more."""
    out, at = {}, 0
    for note in notes:
        shared = min(at + note.ticks, end) - max(at, start)
        if shared > 0:
            for pitch in note.pitches:
                emphasis = 1.5 if at % beat == 0 and at >= start else 1
                out[midi(pitch) % 12] = out.get(midi(pitch) % 12, 0) + shared * emphasis
        at += note.ticks
    return out


def chart_for_melody(bars, metre, home, rng):
    """-> for each bar a list of (symbol, ticks). The best path over all slots (Viterbi)."""
    liking = {name: value + rng.uniform(-.1, .1) for name, value in TRIADS[home].items()}
    names, places, beat = list(liking), slots(metre), beat_ticks(metre)
    tones = {name: chord_tones(name) for name in names}
    score, back = {name: 0. for name in names}, []
    for n, notes in enumerate(bars):
        start = 0
        for k, size in enumerate(places):
            heard = weights(notes, start, start + size, beat)
            total = sum(heard.values()) or 1
            start += size
            last = k == len(places) - 1
            new, trace = {}, {}
            for name in names:
                fit = sum(w * (1 if pc in tones[name] else -1) for pc, w in heard.items()) / total
                fit = 1.6 * fit + liking[name] + (.5 if heard.get(tones[name][0], 0) > total / 3 else 0)
                if n % 4 == 3 and last:
                    fit += {names[0]: .5, names[1]: .35}.get(name, 0) if n % 8 == 3 else {names[0]: 1.}.get(name, 0)
                # staying costs a little at bar lines, changing costs more inside a bar
                best = max(names, key=lambda old: score[old] - (0 if old == name and k else .15 if old == name else .9 if k else .2)
                           + (.3 if n % 4 == 3 and old == names[1] and name == names[0] else 0))
                cost = (0 if k else .15) if best == name else .9 if k else .2
                bonus = .3 if n % 4 == 3 and best == names[1] and name == names[0] else 0
                new[name], trace[name] = score[best] - cost + bonus + fit, best
            score = new
            back.append(trace)
    name = max(score, key=score.get)
    path = [name]
    for trace in reversed(back[1:]):
        name = trace[name]
        path.append(name)
    path.reverse()
    return [joined(path[i:i + len(places)], places) for i in range(0, len(path), len(places))]


def joined(symbols, sizes):
    out = []
    for symbol, size in zip(symbols, sizes):
        if out and out[-1][0] == symbol:
            out[-1] = (symbol, out[-1][1] + size)
        else:
            out.append((symbol, size))
    return out


def chart_for_voices(bar, metre):
    """The chords that the voices of one bar sound; `None` where nothing fits."""
    symbols, start = [], 0
    for size in slots(metre):
        heard = {}
        for voice in bar:
            for pc, weight in weights(voice, start, start + size, beat_ticks(metre)).items():
                heard[pc] = heard.get(pc, 0) + weight
        bass = max(weights(bar[-1], start, start + size, beat_ticks(metre)).items(), key=lambda x: x[1], default=(None, 0))[0]
        total, best, chosen = sum(heard.values()), -9., None
        for root, name in NAMES.items():
            for suffix, shape in QUALITIES.items():
                tones = [(root + n) % 12 for n in shape]
                if not total or any(not heard.get(pc) for pc in tones[:2]):
                    continue
                fit = sum(w * (1 if pc in tones else -1) for pc, w in heard.items()) / total
                fit += (.15 if bass == root else 0) - (.25 if suffix not in ("", "m") else 0)
                if fit > best:
                    best, chosen = fit, name + suffix
        if chosen is None:
            return None
        symbols.append(chosen)
        start += size
    return joined(symbols, slots(metre))


ROOTS = {"C": (0, 0), "C#": (0, 1), "D": (1, 0), "Eb": (2, -1), "E": (2, 0), "F": (3, 0), "F#": (3, 1), "G": (4, 0),
         "Ab": (5, -1), "A": (5, 0), "Bb": (6, -1), "B": (6, 0)}


def bass_for_chart(chords, metre, manner):
    """A bass of one bar, sounding about 36 to 52. `manner`: hold, fifth (root and fifth in turn) or beats."""
    beat, out = beat_ticks(metre), []
    for symbol, ticks in chords:
        root = symbol[:2] if symbol[1:2] in ("#", "b") and symbol[1:2] else symbol[:1]
        degree, alteration = ROOTS[root]
        low = (14 + degree, alteration)      # C,, and up
        if midi(low) < 40:
            low = (low[0] + 7, alteration)
        count = ticks // beat if manner != "hold" and ticks % beat == 0 else 1
        if manner == "fifth" and count > 2:
            count = 2 if ticks % (2 * beat) == 0 else count
        for k in range(count):
            fifth = manner == "fifth" and k % 2 and "dim" not in symbol
            pitch = (low[0] + 4, alteration + (degree == 6)) if fifth else low
            if midi(pitch) > 52:
                pitch = (pitch[0] - 7, alteration)
            out.append(Note((pitch,), ticks // count))
    return out
