"""Owns the reading of the corpora: an ABC file in, tunes of full bars in the home key out.

Only metre, key, notes, bar lines and repeats are read (and `R:` for the genre word); titles and all other fields are
dropped. Repeats are unfolded and pickups joined to the bar before them, so that every bar is exactly full. What cannot
be brought into that form raises `Skip`.
"""
import re
from dataclasses import dataclass
from fractions import Fraction

from abc_voice import WHOLE, Note, Skip, VoiceReader

SHARPS = dict(zip("Cb Gb Db Ab Eb Bb F C G D A E B F# C#".split(), range(-7, 8)))
MODES = {"": 0, "maj": 0, "ion": 0, "m": -3, "min": -3, "aeo": -3, "dor": -2, "mix": -1, "phr": -4, "lyd": 1, "loc": -5}
HOME = {0: "C", -3: "Am", -2: "Ddor", -1: "Gmix", -4: "Ephr", 1: "Flyd", -5: "Bloc"}


@dataclass
class Tune:
    metre: str
    home: str
    genre: str
    bars: list                               # bars[i][voice] is a list of notes; the lead is voice 0
    family: str = ""
    source: str = ""
    number: int = 0
    work: str = ""                           # tunes of one work are one family


def bar_ticks(metre):
    beats, unit = map(int, metre.split("/"))
    return WHOLE * beats // unit


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
