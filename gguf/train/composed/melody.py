"""Owns composed melodies: motifs that are kept, moved and varied over phrases of four bars, ends that come home.

Also riffs and hooks, which are motifs that stay, and second voices below a melody.
"""
from dataclasses import dataclass, field, replace

from abc_voice import Note, midi
from composed import rhythm
from composed.theory import chord_at, half_step, index_near, letter, near, scale, spread, tones, TONIC_STEPS
from stream import bar_ticks, beat_ticks

FORMS = ("abab", "aaab", "abac", "aabc", "abcb", "abca", "aabb")


@dataclass
class Wish:
    """What a section's voice should be like."""
    density: float = 6.                      # notes per whole note
    center: float = 70.                      # MIDI
    motion: float = .4                       # 0 stepwise to 1 leaping
    slope: float = 0.                        # semitones from the first bar to the last of a phrase
    feel: str = "straight"
    kind: str = "mode"                       # of the scale
    style: str = ""
    chromatic: float = 0.
    cadence: float = .7                      # how likely a phrase ends on a long note


@dataclass
class Motif:
    rhythm: list
    moves: list                              # scale steps between its notes
    start: int = 0                           # scale steps from the phrase's line


@dataclass
class Memory:
    """The motifs of a piece, so that what comes back is known."""
    motifs: dict = field(default_factory=dict)


def moves(count, motion, rng):
    out, direction = [], rng.choice((-1, 1))
    for _ in range(count):
        if motion < .33:
            size = rng.choices((0, 1, 2, 3), (.06, .8, .12, .02))[0]
        elif motion < .66:
            size = rng.choices((0, 1, 2, 3, 4), (.1, .5, .25, .1, .05))[0]
        else:
            size = rng.choices((0, 1, 2, 3, 4, 5, 7), (.04, .14, .27, .22, .17, .1, .06))[0]
        if out and abs(out[-1]) >= 3:        # after a leap the line turns back
            direction = -1 if out[-1] > 0 else 1
        elif rng.random() < .35:
            direction = -direction
        out.append(size * direction)
    return out


def motif(metre, wish, rng):
    beats = rhythm.bar(metre, wish.density * rng.uniform(.85, 1.15), wish.feel, rng)
    count = sum(t > 0 for t in beats)
    return Motif(beats, moves(max(0, count - 1), wish.motion, rng), rng.choice((-2, 0, 0, 1, 2)))


def varied(m, metre, wish, rng):
    """The motif with one thing changed: its last notes, its direction or one beat of its rhythm."""
    kind = rng.random()
    if kind < .45 and m.moves:
        cut = rng.randrange(len(m.moves))
        return replace(m, moves=m.moves[:cut] + moves(len(m.moves) - cut, wish.motion, rng))
    if kind < .6:
        return replace(m, moves=[-x for x in m.moves])
    if kind < .8:
        return replace(m, start=m.start + rng.choice((-1, 1, 2)))
    other = motif(metre, wish, rng)
    half = sum(rhythm.GROUPS[metre][:len(rhythm.GROUPS[metre]) // 2])
    at, head = 0, []
    for ticks in m.rhythm:
        if at + abs(ticks) > half:
            break
        head.append(ticks)
        at += abs(ticks)
    tail, place = [], 0
    for ticks in other.rhythm:
        if place >= at:
            tail.append(ticks)
        place += abs(ticks)
    if sum(map(abs, head + tail)) != bar_ticks(metre) or not any(t > 0 for t in head + tail):
        return other
    count = sum(t > 0 for t in head + tail) - 1
    return replace(m, rhythm=head + tail, moves=(m.moves + other.moves)[:count] + moves(max(0, count - len(m.moves + other.moves)), wish.motion, rng))


def triplets(beats):
    """Signed lengths with the place in a triplet of each."""
    place = 0
    for ticks in beats:
        place = place % 3 + 1 if abs(ticks) in (4, 8, 16) else 0
        yield ticks, place


def realised(m, line, chart, metre, home, wish, rng):
    """One bar of a motif around a line (MIDI), on the chart: notes on beats are drawn to chord tones."""
    beat, at, out = beat_ticks(metre), 0, []
    pitches = scale(home, "harmonic" if wish.kind == "mode" and home == "Am" and "E" in chart[0][0][:1] and "m" not in chart[0][0] else wish.kind)
    here, step, first = index_near(pitches, line) + m.start, iter(m.moves), True
    for ticks, place in triplets(m.rhythm):
        if ticks < 0 and not place:
            out.append(Note((), -ticks))
            at -= ticks
            continue
        before, move = here, 0 if first else next(step, 0)
        here += move
        # a line that leaves its room turns round
        if abs(midi(pitches[max(0, min(here, len(pitches) - 1))]) - line) > 13:
            here -= 2 * (here - index_near(pitches, line)) // 3
        here = max(0, min(here, len(pitches) - 1))
        strong = at % beat == 0 and (first or abs(ticks) >= beat or rng.random() < .6)
        pitch = pitches[here]
        if strong and wish.style != "techno":
            wanted = tones(chord_at(chart, at))
            if letter(pitch) not in wanted:
                way = -1 if move < 0 else 1
                for near_by in (way, -way, 2 * way, -2 * way):
                    # a line that meant to move does move
                    if 0 <= here + near_by < len(pitches) and letter(pitches[here + near_by]) in wanted and (not move or here + near_by != before):
                        here += near_by
                        break
            pitch = pitches[here]
        if pitch[1] and wish.kind == "blues" and (strong or ticks > 12) and (midi(pitch) - midi((TONIC_STEPS[home], 0))) % 12 == 6:
            here += rng.choice((-1, 1))      # the flat fifth only passes
            pitch = pitches[max(0, min(here, len(pitches) - 1))]
        first = False
        out.append(Note((pitch,), abs(ticks), False, place))
        at += abs(ticks)
    if wish.chromatic:
        out = passing(out, wish.chromatic, rng)
    return out


def passing(notes, chance, rng):
    """Short notes before longer or accented ones become chromatic neighbours of them."""
    out = list(notes)
    for k in range(len(out) - 1):
        one, two = out[k], out[k + 1]
        near_by = one.pitches and two.pitches and abs(midi(one.pitches[0]) - midi(two.pitches[0])) <= 4
        if near_by and one.ticks <= 12 and not one.triplet and rng.random() < chance:
            pitch = half_step(two.pitches[0], rng.choice((-1, -1, 1)))
            out[k] = replace(one, pitches=(pitch,))
    return out


def come_home(notes, chart, home, full, metre):
    """The last note becomes the tonic, or the root of the chord where the phrase stays open."""
    k = max((n for n, note in enumerate(notes) if note.pitches), default=None)
    if k is None:
        return notes
    classes = ((TONIC_STEPS[home], 0),) if full else (tones(chart[-1][0])[0],)
    pitch = near(classes, midi(notes[k].pitches[0]))
    return notes[:k] + [replace(notes[k], pitches=(pitch,))] + notes[k + 1:]


def line_at(k, count, wish):
    return wish.center + wish.slope * (k / max(1, count - 1) - .5)


def section(name, charts, metre, home, wish, memory, rng, phrase=4):
    """The bars of a section; a section of the same name comes back with the same motifs."""
    form = memory.motifs.setdefault((name, "form"), rng.choice(FORMS))
    count, out = len(charts), []
    for k in range(count):
        label = form[k % phrase % 4]
        key = (name, label, round(wish.density), wish.feel)
        if key not in memory.motifs:
            memory.motifs[key] = motif(metre, wish, rng)
        m = memory.motifs[key]
        again = form[:k % phrase % 4].count(label)
        if again and rng.random() < .55 or k >= phrase and rng.random() < .2:
            m = varied(m, metre, wish, rng)
        last = k % phrase == phrase - 1 or k == count - 1
        ends = last and rng.random() < wish.cadence
        if ends:
            m = replace(m, rhythm=rhythm.ending(m.rhythm, metre, rng))
        bar = realised(m, line_at(k % phrase, phrase, wish), charts[k], metre, home, wish, rng)
        if ends:
            bar = come_home(bar, charts[k], home, k == count - 1 or rng.random() < .4, metre)
        out.append(bar)
    return out


def riff(charts, metre, home, wish, memory, rng, name="riff"):
    """A motif that stays, over one or two bars; its end changes every second or fourth bar; it may follow the roots."""
    span = memory.motifs.setdefault((name, "span"), rng.choice((1, 1, 2)))
    every = memory.motifs.setdefault((name, "every"), rng.choice((2, 4, 4)))
    follows = memory.motifs.setdefault((name, "follows"), rng.random() < .5)
    hook = wish.style == "techno" and rng.random() < .6
    out = []
    for k in range(len(charts)):
        key = (name, k % span, round(wish.density), wish.feel)
        if key not in memory.motifs:
            memory.motifs[key] = motif(metre, wish, rng)
            if hook:
                m = memory.motifs[key]
                memory.motifs[key] = replace(m, moves=[rng.choice((0, 0, 0, 0, 2, -2)) for _ in m.moves], start=0)
        m = memory.motifs[key]
        if k % every == every - 1:
            key = (name, "turn", k % 8 // every)
            m = memory.motifs.setdefault(key, varied(m, metre, wish, rng))
        line = line_at(k % 4, 4, wish)
        if follows:
            line = midi(near((tones(charts[k][0][0])[0],), line))
            m = replace(m, start=0)
        flat = replace(wish, style="techno")           # a riff keeps its notes against the chord
        out.append(realised(m, line, charts[k], metre, home, flat if not follows else wish, rng))
    return out


def below(lead, charts, metre, home, center, rng, parallel=True):
    """A second voice under a melody: in thirds or sixths in its rhythm, or chord tones held from beat to beat."""
    out, pitches, before = [], scale(home), None
    gap = rng.choice((2, 2, 5))
    for bar, chart in zip(lead, charts):
        notes, at = [], 0
        if parallel:
            for note in bar:
                if note.pitches:
                    wanted = tones(chord_at(chart, at))
                    k = max(0, index_near(pitches, midi(note.pitches[-1])) - gap)
                    if letter(pitches[k]) not in wanted and at % beat_ticks(metre) == 0 and k and letter(pitches[k - 1]) in wanted:
                        k -= 1
                    notes.append(replace(note, pitches=(pitches[k],)))
                else:
                    notes.append(note)
                at += note.ticks
        else:
            for size in halves(metre, rng):
                wanted = spread(tones(chord_at(chart, at)), center - 9, center + 9)
                pitch = min(wanted, key=lambda p: abs(midi(p) - (before or center)) + .3 * abs(midi(p) - center) + rng.random())
                before = midi(pitch)
                notes.append(Note((pitch,), size))
                at += size
        out.append(notes)
    return out


def halves(metre, rng):
    groups = list(rhythm.GROUPS[metre])
    if rng.random() < .4:
        return groups
    out = []
    while groups:
        size = groups.pop(0)
        if groups and groups[0] == size and rng.random() < .7:
            size += groups.pop(0)
        out.append(size)
    return out
