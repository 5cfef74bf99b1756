"""Owns composed bass lines: patterns of the styles on the chart's roots, walking lines, pedals, ends that lead on.

A pattern is a step of 1/16 per sign: R root, 5 fifth, 8 octave, 3 third, 7 seventh, 6 sixth, s scale step below, N the
next chord's root, a half step to the next root, `-` holds, `.` rests.
"""
from abc_voice import Note, midi
from composed import rhythm
from composed.theory import TONIC_STEPS, chord_at, half_step, index_near, near, scale, spread, tones
from stream import bar_ticks

PATTERNS = {
    "house": ("..R-..R-..R-..R-", "R-..R-8-..R-8-..", "R--R--R-..R-8-R-", "..R-..R...R-..8R", "R-R-..8-..R-R-8-", "..R8..R8..R8..R8"),
    "funk": ("R-.R..8.R..57-8.", "R..R..R.5.7.8...", "R.8..R.7R..5.7R.", "R--.R.7.8-..5.7-", "R.R...8.7.5...R.", "R-..8-7.R..R5.7."),
    "dub": ("R---..5-8---....", "R-..R-5-..8-7-5-", "......R-R-5-8---", "R--R--5-....R-R-", "R---R-....5-3-R-", "..R-R---..5-7-8-"),
    "techno": ("R.RRR.RRR.RRR.RR", "..R...R...R...R.", "R.8.R.8.R.8.R.8R", "RRR8RRR.RR8RR.7R", "R..R..R..R..R.8.", "R.R.8.RR.R7.R.8."),
    "latin": ("......5-----N---", "R-----5-----N---", "R-----5-..5-8---", "R--R..5-R--R..5-", "R-----5-R-----5-", "....R-5-....R-8-"),
    "rock": ("R-R-R-R-R-R-R-R-", "R-R-R-R-5-5-R-R-", "R---R-R-..R-R-R-", "R--RR-R-R--R5-7-", "R-----R-R-----R-", "R-R-8-R-R-R-5-7-"),
    "march": ("R---5---R---5---", "R-......5-......", "R---5---R---a---", "R-.-5-..R-..5-..", "R---3---5---R---"),
    "ballad": ("R-------5---8---", "R-----R-5-------", "R---------------", "R---5---8-------", "R-----5-8-----5-", "R-------3---5---"),
    "blues": ("R-3-5-6-7-6-5-3-", "R-R-5-5-6-6-5-5-", "R---3---5---6---", "R-R-8-7-5-5-3-R-", "R-.R..R-3-5-6-5-"),
    "jazz": ("R---5---R---3---", "R-----5-R-----5-", "R-------5---3---", "R---3---5---a---", "R-----R-5-------"),
    "waltz": ("R-----------....", "R---5---8---5---", "R-------5-------"),
    "root_fifth": ("R-------5-------", "R---5---R---5---", "R-------5---5---", "R-R-5-5-R-R-5-5-", "R---8---5---8---"),
    "octave": ("R-8-R-8-R-8-R-8-", "R---8---R---8---", "R-8-R-8-5-8-R-8-", "R..8R..8R..8R.8."),
    "pedal": ("R---------------", "R-R-R-R-R-R-R-R-", "R---R---R---R---", "R-------R-------", "R--R--R-R--R--R-"),
}
# a beat of three eighths, as six steps
THREES = {
    "rock": ("R-R-R-", "R---R-", "R-R-5-", "R-8-5-"), "blues": ("R---3-", "R-3-5-", "5---6-", "R---R-"), "ballad": ("R-----", "R---5-", "R-5-8-"),
    "latin": ("R---5-", "..R-5-", "R-5---"), "march": ("R-....", "R-----", "R---5-"), "funk": ("R-.R8.", "R..R7.", "R.8.5."),
    "dub": ("R-----", "..5-8-", "R---..", "....R-"), "techno": ("R.RR.R", "R.8.R.", "RRRRRR", "R..R.."), "house": ("..R-R-", "R---8-", "..R-8-"),
}
HELD = ("R-----", "R---5-", "R-----", "R-5-8-", "R---8-")


def pattern(style, metre, rng):
    """The steps of a bar: beats of the style's pattern, more or fewer of them as the metre has, threes for beats of three."""
    text = rng.choice(PATTERNS[style])
    fours = [text[n:n + 4] for n in range(0, 16, 4)]
    threes, out, k = [rng.choice(THREES.get(style, HELD)) for _ in range(4)], "", 0
    for n, size in enumerate(rhythm.GROUPS[metre]):
        if size == 24:
            out += fours[k % 4 if metre != "3/4" or k < 2 else rng.choice((2, 3))]
            k += 1
        else:
            out += threes[n % (2 if metre != "9/8" else 3)]
    if out[0] == "-":
        out = "R" + out[1:]
    return out


def denser(steps, wish, rng):
    """The pattern thinned or filled towards the wished density."""
    have = lambda s: sum(c not in "-." for c in s) * 16 / len(s)
    steps = list(steps)
    for _ in range(12):
        if have(steps) < wish - 1.5:
            free = [n for n, c in enumerate(steps) if c in "-." and n % 2 == 0]
            if not free:
                break
            steps[rng.choice(free)] = rng.choice("RRR58")
        elif have(steps) > wish + 1.5:
            weak = [n for n, c in enumerate(steps) if c not in "-." and n % 4] or [n for n, c in enumerate(steps) if c not in "-." and n]
            if not weak:
                break
            steps[rng.choice(weak)] = "-"
        else:
            break
    return "".join(steps)


def tone(sign, symbol, following, home, center, style, root_center=None):
    """The pitch of a sign on a chord."""
    classes = tones(symbol)
    root = near((classes[0],), root_center or center)
    if style == "pedal":
        root = near(((TONIC_STEPS[home], 0),), center)
        return root if sign in "R5378" else root
    pitches = scale(home)
    third, fifth = (classes + classes)[1], classes[2]
    if sign == "R":
        return root
    if sign == "8":
        return (root[0] + 7, root[1])
    if sign in "53":
        wanted = fifth if sign == "5" else third
        up = near((wanted,), midi(root) + (7 if sign == "5" else 4))
        return (up[0] - 7, up[1]) if midi(up) > center + 12 else up
    if sign in "67":
        if sign == "7" and len(classes) > 3:
            return near((classes[3],), midi(root) + 10)
        return pitches[index_near(pitches, midi(root) + (9 if sign == "6" else 10))]
    if sign == "s":
        return pitches[max(0, index_near(pitches, midi(root)) - 1)]
    target = near((tones(following)[0],), center)
    return target if sign == "N" else half_step(target, -1)


def place(steps, chart, following, home, wish, line):
    """One bar of a pattern; a note ends where the next begins or a rest stands."""
    out, n = [], 0
    while n < len(steps):
        end = n + 1
        if steps[n] in "-.":
            while end < len(steps) and steps[end] in "-.":
                end += 1
            out.append(Note((), 6 * (end - n)))
        else:
            while end < len(steps) and steps[end] == "-":
                end += 1
            symbol = chord_at(chart, 6 * n)
            out.append(Note((tone(steps[n], symbol, following, home, line, wish.style),), 6 * (end - n)))
        n = end
    return out


def run(chart, following, metre, home, line, rng):
    """A last beat or two that leads to the next root by step."""
    sizes = [size for group in rhythm.GROUPS[metre][-(2 if rng.random() < .4 else 1):] for size in ([12] * (group // 12))]
    if rng.random() < .3:
        sizes = [6] * (2 * len(sizes))
    pitches = scale(home)
    goal = index_near(pitches, midi(near((tones(following)[0],), line)))
    direction = rng.choice((-1, 1))
    steps = [pitches[max(0, goal - direction * (len(sizes) - n))] for n in range(len(sizes))]
    if rng.random() < .4:
        steps[-1] = half_step(pitches[goal], rng.choice((-1, 1)))
    return [Note((p,), size) for p, size in zip(steps, sizes)]


def cut(notes, ticks):
    """The notes of a bar up to a tick."""
    out, at = [], 0
    for note in notes:
        if at >= ticks:
            break
        out.append(Note(note.pitches, min(note.ticks, ticks - at)))
        at += note.ticks
    return out


def section(charts, metre, home, wish, rng, steps=None, following=None):
    """-> bars of a pattern that is kept, changed a little every second or fourth bar, with a run at the end of a phrase;
    and whether such a run was played."""
    style = wish.style
    steps = steps or denser(pattern(style, metre, rng), wish.density, rng)
    other = denser(pattern(style, metre, rng), wish.density, rng)
    half = len(steps) // 2
    turned = steps[:half] + other[half:]
    every, fills = rng.choice((2, 4, 4)), rng.random() < .45
    out, filled = [], False
    for k, chart in enumerate(charts):
        following_chart = charts[k + 1] if k + 1 < len(charts) else following or charts[0]
        line = wish.center + wish.slope * (k % 4 / 3 - .5)
        chosen = turned if k % every == every - 1 else steps
        bar = place(chosen, chart, following_chart[0][0], home, wish, line)
        if wish.motion < .3 and rng.random() < .6:
            bar = stepped(bar, home, rng)
        elif wish.motion > .7:
            bar = [Note(((n.pitches[0][0] + 7, n.pitches[0][1]),), n.ticks) if n.pitches and i % 2 and rng.random() < .5 and midi(n.pitches[0]) < wish.center + 6
                   else n for i, n in enumerate(bar)]
        if fills and k % 4 == 3 and style not in ("pedal", "ballad"):
            end = run(chart, following_chart[0][0], metre, home, line, rng)
            bar = cut(bar, bar_ticks(metre) - sum(n.ticks for n in end)) + end
            filled = True
        out.append(bar)
    return out, filled


def stepped(bar, home, rng):
    """Leaps of a bar made smaller: a note far from the one before moves beside it."""
    pitches, out, before = scale(home), [], None
    for note in bar:
        if note.pitches and before is not None and abs(midi(note.pitches[0]) - before) > 4:
            k = index_near(pitches, before) + (1 if midi(note.pitches[0]) > before else -1)
            note = Note((pitches[k],), note.ticks)
        before = midi(note.pitches[0]) if note.pitches else before
        out.append(note)
    return out


def walking(charts, metre, home, wish, rng, following=None):
    """A note on every beat: the root first, then chord and scale tones towards the next root, a half step before it."""
    out, here = [], None
    pitches = scale(home)
    sizes = []
    for group in rhythm.GROUPS[metre]:
        sizes += [group] if group == 24 else [24, 12] if rng.random() < .8 or wish.density > 3.5 else [36]
    if wish.density < 3 and metre in ("4/4", "2/2", "12/8") and rng.random() < .5:
        sizes = [sizes[0] + sizes[1]] + sizes[2:] if len(sizes) > 2 else sizes
    for k, chart in enumerate(charts):
        following_chart = charts[k + 1] if k + 1 < len(charts) else following or charts[0]
        line = wish.center + wish.slope * (k % 4 / 3 - .5)
        bar, at = [], 0
        goal = near((tones(following_chart[0][0])[0],), line if here is None else (line + here) / 2)
        changes = {0}
        total = 0
        for _, size in chart:
            changes.add(total)
            total += size
        for n, size in enumerate(sizes):
            symbol = chord_at(chart, at)
            if at in changes:
                pitch = near((tones(symbol)[0],), line if here is None else (line + here) / 2)
            elif n == len(sizes) - 1:
                goal = near((tones(following_chart[0][0])[0],), (line + here) / 2)
                pitch = half_step(goal, rng.choice((-1, -1, 1))) if rng.random() < .65 else pitches[index_near(pitches, midi(goal)) + rng.choice((-1, 1))]
            else:
                towards = midi(goal) if n > len(sizes) // 2 else line + rng.choice((-7, 7))
                chord = spread(tones(symbol), 24, 76)
                options = [p for p in (chord if rng.random() < .7 else pitches) if 0 < abs(midi(p) - here) <= (4 if wish.motion < .4 else 9)]
                pitch = min(options, key=lambda p: abs(midi(p) - towards) + 4 * rng.random(), default=pitches[index_near(pitches, here + 2)])
            here = midi(pitch)
            if size >= 24 and wish.density > 4.5 and rng.random() < (wish.density - 4) * .16:
                bar += [Note((pitch,), size - 12), Note((pitch,), 12)] if rng.random() < .5 else [Note((pitch,), 18), Note((pitch,), size - 18)]
            else:
                bar.append(Note((pitch,), size))
            at += size
        out.append(bar)
    return out
