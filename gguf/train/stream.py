"""Owns the stream form: the legal ABC that the model reads and writes, one line per bar with all voices.

Every altered note carries its accidental, `=` stands only where a letter returns within the bar, lengths come from a
finite table at `L:1/8`, one space stands at each beat where a note starts, and nothing else is written.
"""
from abc_tune import bar_ticks
from abc_voice import LETTERS, Skip, midi

LENGTHS = {3: "/4", 6: "/", 9: "3/4", 12: "", 18: "3/2", 24: "2", 36: "3", 48: "4", 72: "6", 84: "7", 96: "8",
           144: "12", 192: "16"}
SIGNS = {1: "^", -1: "_"}


def header(metre, home):
    return f"X:1\nM:{metre}\nL:1/8\nK:{home}\n"


def beat_ticks(metre):
    """The felt beat, at which the stream has its spaces; that of an irregular metre is its unit."""
    if metre in ("3/8", "6/8", "9/8", "12/8"):
        return 36
    return 24 if bar_ticks(metre) % 24 == 0 else 12


def split(ticks):
    """A length as lengths of the table, longest first."""
    parts = []
    for size in sorted(LENGTHS, reverse=True):
        while ticks >= size:
            parts.append(size)
            ticks -= size
    if ticks:
        raise Skip("length")
    return parts


class Spelling:
    """Which accidental a note needs, within one bar of one voice."""

    def __init__(self):
        self.altered = set()

    def write(self, pitch):
        step, alteration = pitch
        letter, octave = LETTERS[step % 7], step // 7
        sign = SIGNS.get(alteration, "")
        if alteration:
            self.altered.add(letter)
        elif letter in self.altered:
            sign = "="
            self.altered.discard(letter)
        if octave >= 5:
            return sign + letter.lower() + "'" * (octave - 5)
        return sign + letter + "," * (4 - octave)

    def write_all(self, pitches):
        if not pitches:
            return "z"
        text = "".join(self.write(p) for p in pitches)
        return f"[{text}]" if len(pitches) > 1 else text


def sound(note):
    """The pitches as sounding numbers."""
    return [midi(p) for p in note.pitches]


def held(before, note):
    """Whether a note only goes on with what the one before it sounds."""
    return bool(before and before.tie and len(before.pitches) == 1 and not note.triplet and sound(note) == sound(before))


def music(notes, metre, following=None, rest="z"):
    """The text of one bar of one voice; `following` is the first note of the next bar, for ties over the bar line."""
    spelling, beat, at, out = Spelling(), beat_ticks(metre), 0, []
    i = 0
    while i < len(notes):
        note = notes[i]
        gap = " " if at and at % beat == 0 else ""
        if note.triplet:
            three = notes[i:i + 3]
            if [n.triplet for n in three] != [1, 2, 3] or len({n.ticks for n in three}) > 1 \
                    or any(len(n.pitches) != 1 for n in three) or note.ticks * 3 // 2 not in LENGTHS or note.ticks % 2:
                raise Skip("triplet")
            suffix = LENGTHS[note.ticks * 3 // 2]
            out.append(gap + "(3" + "".join(spelling.write(n.pitches[0]) + suffix for n in three))
            at += 3 * note.ticks
            i += 3
            continue
        after = notes[i + 1] if i + 1 < len(notes) else following
        tied = after and held(note, after)
        parts = split(note.ticks)
        pitches = note.pitches if len(parts) == 1 and len(set(sound(note))) == len(note.pitches) <= 4 else note.pitches[-1:]
        for n, part in enumerate(parts):
            gap = " " if at and at % beat == 0 else ""
            tie = "-" if pitches and (n + 1 < len(parts) or tied) else ""
            out.append(gap + spelling.write_all(pitches).replace("z", rest) + LENGTHS[part] + tie)
            at += part
        i += 1
    return "".join(out)


def chart(chords, metre):
    """The chord chart of a bar: (symbol, ticks) pairs, each a symbol over invisible rests."""
    beat, at, out = beat_ticks(metre), 0, []
    for symbol, ticks in chords:
        for n, part in enumerate(split(ticks)):
            gap = " " if at and at % beat == 0 else ""
            out.append(gap + (f'"{symbol}"' if n == 0 else "") + "x" + LENGTHS[part])
            at += part
    return "".join(out)


def line(parts):
    """A bar of all voices: (voice name, music) pairs in the order given."""
    return " ".join(f"[V:{name}] {text} |" for name, text in parts) + "\n"
