"""Owns the judgement of a bar: does its text keep to the stream form and fill its metre exactly?

Written from the form's description and not from `stream.py`, so that each checks the other.
"""
import re

TICKS = {"/4": 3, "/": 6, "3/4": 9, "": 12, "3/2": 18, "2": 24, "3": 36, "4": 48, "6": 72, "7": 84, "8": 96, "12": 144, "16": 192}
SIZE = "(3/4|3/2|/4|/|12|16|2|3|4|6|7|8)?"
PITCH = r"[_=^]?(?:[A-G],*|[a-g]'*)"
UNIT = re.compile(rf"(?P<triplet>\(3)(?P<three>(?:{PITCH}{SIZE}){{3}})"
                  rf"|(?P<one>{PITCH}|z|x|\[(?:{PITCH}){{2,4}}\])(?P<size>{SIZE})(?P<tie>-?)".replace(SIZE, SIZE.replace("(", "(?:")))
CHORD = re.compile(r'"[A-G][#b]?(?:m7|maj7|dim|sus4|m|7)?"')
VOICE = re.compile(r"\[V:(ch|kit|bass|keys|arp|inner|hand|lead)\] ([^|]*) \|(?: |\n)?")


def bar_ticks(metre):
    beats, unit = map(int, metre.split("/"))
    return 96 * beats // unit


def beat_ticks(metre):
    return 36 if metre in ("6/8", "9/8", "12/8", "3/8") else 12 if metre.endswith("/8") else 24


def fault(text, metre):
    """What is wrong with one bar of one voice, without its bar line; nothing for a good bar."""
    at = place = 0
    beat, altered = beat_ticks(metre), set()
    while place < len(text):
        chord = None
        gap = text[place] == " "
        place += gap
        chord = CHORD.match(text, place)
        place = chord.end() if chord else place
        found = UNIT.match(text, place)
        if not found:
            return f"cannot read {text[place:]!r}"
        if gap != bool(at and at % beat == 0):
            return f"space at {at}"
        if chord and (at % beat or found["one"] != "x"):
            return "chord off the beat"
        for sign, letter in re.findall(r"([_=^]?)([A-Ga-g])", found["three"] or found["one"]):
            letter = letter.upper()
            if sign == "=" and letter not in altered or not sign and letter in altered:
                return f"accidental of {letter}"
            (altered.discard if sign in ("", "=") else altered.add)(letter)
        if found["three"]:
            sizes = re.findall(PITCH + SIZE, found["three"])
            if len(set(sizes)) > 1:
                return "uneven triplet"
            at += 2 * TICKS[sizes[0]]
        else:
            if found["tie"] and found["one"] in "zx":
                return "tied rest"
            at += TICKS[found["size"]]
        place = found.end()
    return "" if at == bar_ticks(metre) else f"{at} of {bar_ticks(metre)} ticks"


def faults(line, metre):
    """The faults of a line, one entry per voice (empty where good)."""
    voices = VOICE.findall(line)
    if not voices or "".join(f"[V:{n}] {m} | " for n, m in voices).strip() != line.strip():
        return ["line"]
    return [fault(music, metre) for _, music in voices]
