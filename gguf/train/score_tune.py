"""Owns the reading of scores: a MusicXML file in four parts in, tunes of full bars in the home key out.

Only metre, key, notes and bar lines are read, of each part its first voice; repeats stay as they are written. A score is
cut where metre or key changes, and into tunes of at most 32 bars. What the stream form cannot say raises `Skip`, and the
bars around it are still read.
"""
import xml.etree.ElementTree as ElementTree
import zipfile

from abc_tune import HOME, Tune, bar_ticks, full_bars, length
from abc_voice import LETTERS, WHOLE, Note, Skip, home_steps, midi, signature_of

CHOIR = ("Soprano", "Alto", "Tenor", "Bass")
LONGEST = 32                                 # bars of a tune
ENDINGS = {9: -3, 2: -2, 7: -1, 4: -4, 5: 1}                   # the mode by the last bass note, in the home key


def root(path):
    """The score of a file, packed or not."""
    if path.suffix != ".mxl":
        return ElementTree.parse(path).getroot()
    with zipfile.ZipFile(path) as archive:
        container = ElementTree.fromstring(archive.read("META-INF/container.xml"))
        name = next(e.get("full-path") for e in container.iter() if e.tag.endswith("rootfile"))
        return ElementTree.fromstring(archive.read(name))


def four_parts(score):
    """The measures of the choir's parts, or of the four there are."""
    names = {part.get("id"): (part.findtext("part-name") or "").strip() for part in score.iter("score-part")}
    parts = score.findall("part")
    choir = [part for name in CHOIR for part in parts if names.get(part.get("id")) == name]
    parts = choir if len(choir) == 4 else parts
    if len(parts) != 4:
        raise Skip("parts")
    return list(zip(*(part.findall("measure") for part in parts)))


class Part:
    """Reads the measures of one part in turn."""

    def __init__(self):
        self.divisions, self.metre, self.sharps, self.mode = 1, None, 0, None

    def attributes(self, element):
        self.divisions = int(element.findtext("divisions") or self.divisions)
        if element.find("transpose") is not None:
            raise Skip("transposing part")
        if element.find("time/beats") is not None:
            self.metre = f"{element.findtext('time/beats')}/{element.findtext('time/beat-type')}"
        if element.find("key/fifths") is not None:
            self.sharps, self.mode = int(element.findtext("key/fifths")), element.findtext("key/mode")

    def ticks(self, element):
        """A duration; `None` where it is no whole number of ticks."""
        size, rest = divmod(int(element.findtext("duration") or 0) * WHOLE // 4, self.divisions)
        return None if rest else size

    def measure(self, element):
        """-> [(pitch, alteration) lists, ticks, tie, triplet]s of the first voice; pitches as they are written."""
        notes, voice, at = [], None, 0
        for child in element:
            if child.tag == "attributes":
                self.attributes(child)
            elif child.tag in ("backup", "forward"):
                at += (self.ticks(child) or 0) * (1 if child.tag == "forward" else -1)
            elif child.tag == "note" and child.find("grace") is None:
                voice = voice or child.findtext("voice")
                size = self.ticks(child)
                if size is None:
                    raise Skip("length")
                own = child.findtext("voice") == voice
                if child.find("chord") is not None:
                    if own and notes:
                        notes[-1][0] += pitch(child)
                    continue
                end = sum(n[1] for n in notes)
                if own and at >= end:
                    notes += [[[], at - end, False, 0]] if at > end else []
                    notes.append([pitch(child), size, child.find("tie[@type='start']") is not None, triplet(child, notes)])
                at += size
        return notes


def pitch(note):
    if note.find("pitch") is None:
        return []
    altered = float(note.findtext("pitch/alter") or 0)
    return [(LETTERS.index(note.findtext("pitch/step")) + 7 * int(note.findtext("pitch/octave")), int(altered))]


def triplet(note, before):
    """The place of a note in its triplet, 0 outside."""
    ratio = (note.findtext("time-modification/actual-notes"), note.findtext("time-modification/normal-notes"))
    if ratio == (None, None):
        return 0
    if ratio not in (("3", "2"), ("6", "4")):
        raise Skip("tuplet")
    return before[-1][3] % 3 + 1 if before else 1


def at_home(notes, sharps):
    """The notes of a measure, moved to the key without signature."""
    signature, steps, out = signature_of(sharps), home_steps(sharps), []
    for pitches, ticks, tie, place in notes:
        moved = {(step + steps, altered - signature[LETTERS[step % 7]]) for step, altered in pitches}
        if any(abs(altered) > 1 for _, altered in moved):
            raise Skip("double accidental")
        out.append(Note(tuple(sorted(moved, key=midi)), ticks, tie and not place, place))
    return out


def sections(score):
    """-> (metre, sharps, mode, segments of four voices) between the places where one of these changes."""
    parts, found = [Part() for _ in range(4)], []
    for measures in four_parts(score):
        try:
            voices = [part.measure(measure) for part, measure in zip(parts, measures)]
            if len({(part.metre, part.sharps) for part in parts}) > 1:
                raise Skip("parts differ")
            voices = [at_home(notes, parts[0].sharps) for notes in voices]
        except Skip as reason:
            found.append((str(reason), None, None, []))
            continue
        size = max(map(length, voices))
        # a part that keeps still may be written short
        voices = [notes + ([Note((), size - length(notes))] if length(notes) < size else []) for notes in voices]
        about = (parts[0].metre, parts[0].sharps, parts[0].mode)
        if not found or found[-1][:3] != about:
            found.append((*about, []))
        if size:
            found[-1][-1].append(voices)
    return found


def read_score(path):
    """-> ([tunes], [reasons for those left out])."""
    tunes, left_out = [], []
    try:
        found = sections(root(path))
    except (Skip, ElementTree.ParseError, KeyError) as reason:
        return [], [str(reason)]
    for metre, sharps, mode, segments in found:
        if not segments:
            left_out += [metre]
            continue
        try:
            bars = full_bars(segments, bar_ticks(metre))
        except Skip as reason:
            left_out.append(str(reason))
            continue
        last = next((midi(note.pitches[0]) % 12 for note in reversed(bars[-1][3]) if note.pitches), 0)
        # many a file says major of whatever has its signature
        offset = ENDINGS.get(last, 0) if mode is None else -3 if mode == "minor" or last == 9 else 0
        for at in range(0, len(bars), LONGEST):
            if len(bars) - at >= 8:
                tunes.append(Tune(metre, HOME[offset], "", bars[at:at + LONGEST], work=path.stem))
    return tunes, left_out
