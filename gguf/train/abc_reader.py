"""Owns the reading of the corpora: an ABC file in, tunes of full bars in the home key out.

Only metre, key, notes, bar lines and repeats are read (and `R:` for the genre word); titles and all other fields are
dropped. A tune comes out transposed by the nearest interval to the key of its mode that has no signature, with
repeats unfolded and pickups joined to the bar before them, so that every bar is exactly full. What cannot be brought
into that form raises `Skip`.
"""
import re
from dataclasses import dataclass, field
from fractions import Fraction

WHOLE = 96                                   # ticks in a whole note
SEMITONES = (0, 2, 4, 5, 7, 9, 11)
LETTERS = "CDEFGAB"
SHARPS = dict(zip("Cb Gb Db Ab Eb Bb F C G D A E B F# C#".split(), range(-7, 8)))
MODES = {"": 0, "maj": 0, "ion": 0, "m": -3, "min": -3, "aeo": -3, "dor": -2, "mix": -1, "phr": -4, "lyd": 1, "loc": -5}
HOME = {0: "C", -3: "Am", -2: "Ddor", -1: "Gmix", -4: "Ephr", 1: "Flyd", -5: "Bloc"}
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


@dataclass
class Tune:
    metre: str
    home: str
    genre: str
    bars: list                               # bars[i][voice] is a list of notes; the lead is voice 0
    family: str = ""
    source: str = ""
    number: int = 0
    features: dict = field(default_factory=dict)


def midi(pitch):
    step, alteration = pitch
    return 12 * (step // 7 + 1) + SEMITONES[step % 7] + alteration


def bar_ticks(metre):
    beats, unit = map(int, metre.split("/"))
    return WHOLE * beats // unit


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


def parse_key(text):
    """-> (offset of the mode on the circle of fifths, sharps in the signature)."""
    found = re.match(r"([A-G][#b]?)\s*([A-Za-z]*)", text)
    if not found or re.search(r"[\^_=][A-Ga-g]\b", text):
        raise Skip("key")
    mode = found[2].lower()[:3] if not re.match(r"(?i)clef", found[2]) else ""
    if found[2] in ("m", "M"):
        mode = "m" if found[2] == "m" else "maj"
    if found[1] not in SHARPS or mode not in MODES:
        raise Skip("key")
    offset = MODES[mode]
    sharps = SHARPS[found[1]] + offset
    if abs(sharps) > 7:
        raise Skip("key")
    return offset, sharps


class Segment:
    """What stands between two bar lines: one list of notes, the ending that begins here, the bar line after it."""

    def __init__(self, notes, ending, line):
        self.notes, self.ending, self.line = notes, ending, line


class VoiceReader:
    """Reads the text of one voice into segments, moved to the home key."""

    def __init__(self, unit, sharps):
        self.unit = unit                     # L: as a fraction of a whole note
        order = "FCGDAEB"
        self.signature = {letter: 0 for letter in LETTERS}
        for letter in (order[:sharps] if sharps > 0 else order[7 + sharps:] if sharps < 0 else ""):
            self.signature[letter] = 1 if sharps > 0 else -1
        semitones = (-7 * sharps + 5) % 12 - 5           # nearest interval, -5..+6
        self.steps = min((n for n in range(-7, 8) if (n + 4 * sharps) % 7 == 0), key=lambda n: abs(semitones - n * 12 / 7))

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
        return [s for s in self.merged(out)]

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


def unfold(segments):
    """The order in which the segments sound: repeats and endings written out."""
    order, common, endings, current = [], [], [], None

    def flush(times=1):
        nonlocal common, endings, current
        for n in range(1, max([times] + [max(numbers) for numbers, _ in endings]) + 1):
            order.extend(common)
            for numbers, part in endings:
                if n in numbers:
                    order.extend(part)
        common, endings, current = [], [], None

    for i, segment in enumerate(segments):
        if segment.ending:
            current = (segment.ending, [])
            endings.append(current)
        (current[1] if current else common).append(i)
        line = segment.line
        following = segments[i + 1].ending if i + 1 < len(segments) else None
        if following and endings:            # the next ending of the same group
            current = None
        elif line.startswith(":") or "::" in line or ":|" in line:
            flush(1 if endings else 2)
        elif "||" in line or "|]" in line or "[|" in line or "|:" in line:
            if not following:
                flush()
    flush()
    return order


def length(notes):
    return sum(note.ticks for note in notes)


def full_bars(segments, ticks):
    """Join neighbouring partial segments (each a list of voices) to full bars; mend at most two seams with rests."""
    bars, pending, pickup, mended = [], None, None, 0

    def join(a, b):
        return [x + y for x, y in zip(a, b)]

    def pad(segment):
        missing = ticks - length(segment[0])
        return [voice + [Note((), missing)] for voice in segment]

    for segment in segments:
        if pending:
            if length(pending[0]) + length(segment[0]) <= ticks:
                segment, pending = join(pending, segment), None
            elif not bars and not pickup:
                pickup, pending = pending, None
            else:
                mended += 1
                if 2 * length(pending[0]) >= ticks:
                    bars.append(pad(pending))
                pending = None
        size = length(segment[0])
        if size > ticks:
            raise Skip("long bar")
        if size == ticks:
            bars.append(segment)
        else:
            pending = segment
    if pending:
        if pickup and length(pending[0]) + length(pickup[0]) == ticks:
            bars.append(join(pending, pickup))
        elif 2 * length(pending[0]) >= ticks:
            bars.append(pad(pending))
    if mended > 2 or len(bars) < 8:
        raise Skip("bars")
    return bars


def read_tune(text, voices):
    """One tune of a file; `voices` is how many it must have (1 or 4)."""
    header, names, bodies, current = {}, [], {}, ""
    for line in text.split("\n"):
        line = re.sub(r"%.*", "", line).rstrip()
        mark = re.match(r"([A-Za-z]):\s*(.*)", line)
        if mark:
            key, value = mark[1], mark[2].strip()
            if key == "V":
                current = value.split()[0]
                names += [current] if current not in names else []
            elif "K" in header and key in "KML" and value != header.get(key):
                raise Skip("change")
            elif "K" not in header:
                header.setdefault(key, value)
            continue
        if "K" in header and line.strip():
            tag = re.match(r"\[V:\s*(\S+?)\s*\]", line)
            if tag:
                current, line = tag[1], line[tag.end():]
                names += [current] if current not in names else []
            bodies[current] = bodies.get(current, "") + line + "\n"
    names = [name for name in names if name in bodies] or list(bodies)
    if len(names) != voices:
        raise Skip("voices")
    metre = {"C": "4/4", "C|": "2/2"}.get(header.get("M", "C"), header.get("M", "C"))
    if not re.fullmatch(r"\d+/\d+", metre) or bar_ticks(metre) > 2 * WHOLE:
        raise Skip("metre")
    offset, sharps = parse_key(header.get("K", ""))
    unit = Fraction(header["L"]) if "L" in header else Fraction(1, 16 if bar_ticks(metre) < 72 else 8)
    parts = [VoiceReader(unit, sharps).segments(bodies[name]) for name in names]
    for part in parts:
        if [length(s.notes) for s in part] != [length(s.notes) for s in parts[0]]:
            raise Skip("voices differ")
    order = unfold(parts[0])
    bars = full_bars([[part[i].notes for part in parts] for i in order], bar_ticks(metre))
    number = int(re.sub(r"\D", "", header.get("X", "0")) or 0)
    return Tune(metre, HOME[offset], header.get("R", "").lower(), bars, number=number)


def read_file(path, voices=1):
    """-> ([tunes], [reasons for those left out])."""
    text = path.read_text(encoding="latin-1").replace("\r", "")
    tunes, left_out = [], []
    for part in re.split(r"\n(?=X:)", "\n" + text):
        if part.lstrip().startswith("X:"):
            try:
                # a blank line ends a tune
                tune = re.split(r"\n\s*\n", part.strip())[0] if voices == 1 else part
                tunes.append(read_tune(tune, voices))
            except Skip as reason:
                left_out.append(str(reason))
    return tunes, left_out
