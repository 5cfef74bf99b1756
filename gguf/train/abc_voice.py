"""Owns the reading of one voice: ABC text in, segments of notes in the home key out.

A segment is what stands between two bar lines. Notes are moved, by the nearest interval, from a key signature to the
key without one. What the stream form cannot say raises `Skip`.
"""
import re
from dataclasses import dataclass
from fractions import Fraction

WHOLE = 96                                   # ticks in a whole note
SEMITONES = (0, 2, 4, 5, 7, 9, 11)
LETTERS = "CDEFGAB"
ACCIDENTALS = {"^": 1, "_": -1, "=": 0}


class Skip(ValueError):
    """The tune (or hymn) cannot be written in the stream form."""


@dataclass(frozen=True)
class Note:
    """`pitches` are (diatonic step, alteration) pairs, none for a rest; step 28 is the `C` of ABC. `ticks` sound."""
    pitches: tuple
    ticks: int
    tie: bool = False
    triplet: int = 0                         # place in a triplet, 1 to 3; 0 outside


def midi(pitch):
    step, alteration = pitch
    return 12 * (step // 7 + 1) + SEMITONES[step % 7] + alteration


NUMBER = r"(?:\d*/+\d*|\d+)?"
SCAN = re.compile(
    r'(?P<text>"[^"]*"|![^!|]*!|\+[a-z]+\+|\{[^}]*\})'
    r"|(?P<field>\[[A-Za-z]:[^\]]*\])"
    r"|(?P<bar>\[\|\]?|:*\|[|:\]]*|::+)(?:\s*\[(?P<end1>\d[\d,-]*)|(?P<end2>\d[\d,-]*)(?=[\s\"A-Ga-gz^_=(\[{~.]))?"
    r"|\[(?P<end3>\d[\d,-]*)"
    r"|\((?P<tuplet>\d)(?P<tuplet_more>:[\d:]*)?"
    r"|\[(?P<chord>[^\]|:]*)\](?P<chord_length>" + NUMBER + ")"
    r"|(?P<note>(?:\^\^?|__?|=)?[A-Ga-g][,']*)(?P<note_length>" + NUMBER + ")"
    r"|(?P<rest>[zx])(?P<rest_length>" + NUMBER + ")"
    r"|(?P<broken>[<>]+)|(?P<tie>-)|(?P<blank>[\s.~()H-Wh-wy*$;=\\`])")
CHORD_NOTE = re.compile(r"((?:\^\^?|__?|=)?[A-Ga-g][,']*)(" + NUMBER + ")")


def fraction(text):
    """The length multiplier that ABC writes after a note."""
    if not text:
        return Fraction(1)
    over, slash, under = text.partition("/")
    under = under or "2"
    if set(under) == {"/"}:
        under = 2 ** (1 + len(under))
    return Fraction(int(over or 1), int(under) if slash else 1)


class Segment:
    """What stands between two bar lines: one list of notes, the ending that begins here, the bar line after it."""

    def __init__(self, notes, ending, line):
        self.notes, self.ending, self.line = notes, ending, line


def signature_of(sharps):
    """The alteration of each letter under a key signature."""
    order = "FCGDAEB"
    altered = order[:sharps] if sharps > 0 else order[7 + sharps:] if sharps < 0 else ""
    return {letter: (letter in altered) * (1 if sharps > 0 else -1) for letter in LETTERS}


def home_steps(sharps):
    """Diatonic steps from a key signature to the key without one, by the nearest interval (-5 to +6 semitones)."""
    semitones = (-7 * sharps + 5) % 12 - 5
    return min((n for n in range(-7, 8) if (n + 4 * sharps) % 7 == 0), key=lambda n: abs(semitones - n * 12 / 7))


class VoiceReader:
    """Reads the text of one voice into segments, moved to the home key."""

    def __init__(self, unit, sharps):
        self.unit = unit                     # L: as a fraction of a whole note
        self.signature, self.steps = signature_of(sharps), home_steps(sharps)

    def pitch(self, text):
        found = re.match(r"(\^\^?|__?|=)?([A-Ga-g])([,']*)", text)
        letter = found[2].upper()
        if found[1]:
            if found[1] not in ACCIDENTALS:
                raise Skip("double accidental")
            self.altered[letter] = ACCIDENTALS[found[1]]
        alteration = self.altered.get(letter, self.signature[letter]) - self.signature[letter]
        if abs(alteration) > 1:
            raise Skip("double accidental")
        octave = (5 if found[2].islower() else 4) + found[3].count("'") - found[3].count(",")
        return LETTERS.index(letter) + 7 * octave + self.steps, alteration

    def segments(self, text):
        self.altered = {}
        out, notes, ending, broken, tuplet, at = [], [], None, None, 0, 0
        while at < len(text):
            found = SCAN.match(text, at)
            if not found:
                raise Skip("sign")
            at, kind = found.end(), found.lastgroup
            begins = found["end1"] or found["end2"] or found["end3"]
            if found["field"] and found["field"][1] not in "QPrR":
                raise Skip("inline field")
            if found["bar"]:
                out.append(Segment(notes, ending, found["bar"]))
                notes, ending, self.altered = [], None, {}
            if begins:
                ending = {int(n) for n in re.findall(r"\d", begins)}
            if found["tuplet"]:
                if found["tuplet"] != "3" or (found["tuplet_more"] or "").strip(":23"):
                    raise Skip("tuplet")
                tuplet = 1
            if found["broken"]:
                broken = found["broken"]
            if found["tie"] and notes:
                notes[-1][2] = True
            if found["note"]:
                new = [[self.pitch(found["note"])], fraction(found["note_length"]) * self.unit, False, 0]
            elif found["rest"]:
                new = [[], fraction(found["rest_length"]) * self.unit, False, 0]
            elif found["chord"] is not None:
                inner = CHORD_NOTE.findall(found["chord"])
                if not inner:
                    continue
                pitches = sorted({self.pitch(p) for p, _ in inner}, key=midi)
                new = [pitches, fraction(inner[0][1]) * fraction(found["chord_length"]) * self.unit, False, 0]
            else:
                continue
            if broken:
                if not notes:
                    raise Skip("broken rhythm")
                short = Fraction(1, 2 ** len(broken))
                first, second = (2 - short, short) if broken[0] == ">" else (short, 2 - short)
                notes[-1][1] *= first
                new[1] *= second
                broken = None
            if tuplet:
                new[3], tuplet = tuplet, (tuplet + 1) % 4
            notes.append(new)
        if notes:
            out.append(Segment(notes, ending, "|]"))
        return self.merged(out)

    @staticmethod
    def merged(segments):
        """Empty segments give their marks to their neighbours; notes become `Note`s in ticks."""
        out, ending = [], None
        for segment in segments:
            ending = segment.ending or ending
            if not segment.notes:
                if out:
                    out[-1].line += segment.line
                continue
            notes = []
            for pitches, length, tie, triplet in segment.notes:
                ticks = length * WHOLE * (Fraction(2, 3) if triplet else 1)
                if ticks.denominator != 1 or not ticks:
                    raise Skip("length")
                notes.append(Note(tuple(pitches), int(ticks), tie and not triplet, triplet))
            out.append(Segment(notes, ending, segment.line))
            ending = None
        return out


