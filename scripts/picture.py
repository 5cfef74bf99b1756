#!/usr/bin/env python3
"""The README's pictures, from a real run: the instrument plays in tmux, keys are typed at their bars, and what the terminal shows becomes SVG.

    scripts/picture.py PROGRAM FOLDER

Writes FOLDER/screen.svg, a still, and FOLDER/set.svg, the whole of it moving. Needs tmux; nothing else.
"""

import html
import os
import re
import subprocess
import sys
import tempfile
import time

COLUMNS, ROWS = 112, 38
# Of a character, in pixels.
WIDTH, HEIGHT, MARGIN = 8.4, 18, 10
# Between two looks at the screen, in seconds.
LOOK = 0.25
SET = """X:1
T:Tram depot
% steady, house
% lead: sparse, high
M:4/4
L:1/8
Q:1/4=122
K:Cm
%%phrase 4
V:kit  by=vary/4 clef=perc
V:bass by=model patch=sub range=C,,..G, scale=key notes=2-6
V:lead by=model patch=reed range=c..c'' scale=penta grid=1/8 notes=1-5
[V:kit] C,,2 ^F,,2 D,,2 ^F,,2 |
"""
# What is typed, when so many seconds have passed.
KEYS = [
    (5.0, ["Down", "Down", "End"]),
    (6.0, list(", dotted")),
    (8.5, ["C-s"]),
    (13.0, ["C-Space", "a", "C-Space", "m", "1"]),
    (15.0, ["C-Space", "a"]),
    (22.0, ["M-1"]),
]
# How long it goes on, and what the still shows.
END, STILL = 26.0, "in 2 beats"

PLAIN = ("#c8ccd4", "#14161a")
COLOURS = ["#3f4451", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4"]
BRIGHT = ["#7f848e", "#ff7b86", "#b1e18b", "#f0d399", "#7fc1ff", "#de8ef0", "#6fd3de", "#ffffff"]


def colour(code, rest):
    """A foreground or background from its SGR code; takes what it needs from the codes behind it."""
    base = code % 10 if code < 90 else code - (90 if code < 100 else 100)
    if code in (38, 48):
        kind = rest.pop(0) if rest else 5
        if kind == 2:
            return "#%02x%02x%02x" % tuple(rest.pop(0) for _ in range(3))
        number = rest.pop(0) if rest else 7
        if number < 16:
            return (COLOURS + BRIGHT)[number]
        if number >= 232:
            return "#%02x%02x%02x" % ((8 + 10 * (number - 232),) * 3)
        steps = [0, 95, 135, 175, 215, 255]
        number -= 16
        return "#%02x%02x%02x" % (steps[number // 36], steps[number // 6 % 6], steps[number % 6])
    return BRIGHT[base] if code >= 90 else COLOURS[base]


def cells(captured):
    """The rows of a captured screen: characters, each with foreground, background, bold and underline. A look goes on over the end of a row."""
    rows = [[]]
    fore = back = None
    bold = dim = under = inverse = False
    for part in re.split(r"(\x1b\[[0-9;]*m)", captured):
        if not part.startswith("\x1b["):
            for character in part:
                if character == "\n":
                    rows.append([])
                    continue
                front, behind = fore or PLAIN[0], back or PLAIN[1]
                if inverse:
                    front, behind = behind, front
                if dim and not inverse:
                    front = BRIGHT[0]
                rows[-1].append((character, front, behind, bold, under))
            continue
        codes = [int(code or 0) for code in part[2:-1].split(";")]
        while codes:
            code = codes.pop(0)
            if code == 0:
                fore = back = None
                bold = dim = under = inverse = False
            elif code in (1, 2, 4, 7):
                bold, dim, under, inverse = bold or code == 1, dim or code == 2, under or code == 4, inverse or code == 7
            elif code == 22:
                bold = dim = False
            elif code == 24:
                under = False
            elif code == 27:
                inverse = False
            elif code == 39:
                fore = None
            elif code == 49:
                back = None
            elif 30 <= code <= 38 or 90 <= code <= 97:
                fore = colour(code, codes)
            elif 40 <= code <= 48 or 100 <= code <= 107:
                back = colour(code, codes)
    return rows[:ROWS]


def drawn(row, line):
    """A row of a screen as SVG: backgrounds, and runs of characters that look the same."""
    out, y, runs = [], MARGIN + row * HEIGHT, []
    for column, (character, *look) in enumerate(line):
        if runs and runs[-1][1] == look:
            runs[-1][2] += character
        else:
            runs.append([column, look, character])
    for start, (front, behind, bold, under), text in runs:
        x, width = MARGIN + start * WIDTH, len(text) * WIDTH
        if behind != PLAIN[1]:
            out.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{HEIGHT}" fill="{behind}"/>')
        if text.strip():
            style = (' font-weight="bold"' if bold else "") + (' text-decoration="underline"' if under else "")
            text = html.escape(text)
            out.append(f'<text x="{x:.1f}" y="{y + 13.5}" fill="{front}" textLength="{width:.1f}"{style}>{text}</text>')
    return "\n".join(out)


def rows(screen):
    return [drawn(row, line) for row, line in enumerate(cells(screen))]


def page(body, style=""):
    width, height = round(2 * MARGIN + COLUMNS * WIDTH), 2 * MARGIN + ROWS * HEIGHT
    font = "ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="{font}" font-size="14" xml:space="preserve">\n{style}'
        f'<rect width="100%" height="100%" rx="6" fill="{PLAIN[1]}"/>\n{body}\n</svg>\n'
    )


def tmux(*arguments):
    return subprocess.run(["tmux", "-L", "barline-picture", *arguments], check=True, capture_output=True, text=True).stdout


def play(program):
    """Runs the set; gives (seconds, screen) for each change of the screen."""
    shots, keys = [], list(KEYS)
    with tempfile.TemporaryDirectory() as home:
        prompt = os.path.join(home, "set", "tram-depot.abc")
        os.makedirs(os.path.dirname(prompt))
        with open(prompt, "w", encoding="utf-8") as file:
            file.write(SET)
        environment = f"HOME={home} XDG_DATA_HOME={home} XDG_STATE_HOME={home} COLORTERM=truecolor"
        command = f"env {environment} {program} {prompt} --audio none --seed 11"
        tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), command)
        try:
            while "▶" not in tmux("capture-pane", "-p"):
                time.sleep(0.1)
            begun = time.monotonic()
            while (passed := time.monotonic() - begun) < END:
                while keys and keys[0][0] <= passed:
                    for key in keys.pop(0)[1]:
                        tmux("send-keys", *(["-l", key] if len(key) == 1 else [key]))
                        time.sleep(0.06)
                screen = tmux("capture-pane", "-e", "-p")
                if not shots or shots[-1][1] != screen:
                    shots.append((passed, screen))
                time.sleep(LOOK)
        finally:
            tmux("kill-server")
    return shots


def moving(shots):
    """All screens above each other, each seen in its time. A line that stays is drawn once for all its time."""
    kept = [(time, rows(screen)) for time, screen in shots]
    spans = {}
    for index, (begin, lines) in enumerate(kept):
        end = kept[index + 1][0] if index + 1 < len(kept) else END
        for row, line in enumerate(lines):
            seen = spans.setdefault((row, line), [])
            if seen and abs(seen[-1][1] - begin) < 1e-6:
                seen[-1][1] = end
            else:
                seen.append([begin, end])
    body, rules, names = [], [], {}
    for (row, line), seen in spans.items():
        if not line:
            continue
        whole = len(seen) == 1 and seen[0][0] <= kept[0][0] and seen[0][1] >= END
        if whole:
            body.append(line)
            continue
        key = tuple(tuple(span) for span in seen)
        name = names.setdefault(key, f"s{len(names)}")
        body.append(f'<g class="{name}">\n{line}\n</g>')
    for key, name in names.items():
        steps = ["0%{visibility:hidden}"] if key[0][0] > 0 else []
        for begin, end in key:
            steps.append(f"{100 * begin / END:.2f}%{{visibility:visible}}")
            if end < END:
                steps.append(f"{100 * end / END:.2f}%{{visibility:hidden}}")
        rules.append(f"@keyframes {name}{{{''.join(steps)}}}.{name}{{visibility:hidden;animation:{name} {END:g}s step-end infinite}}")
    return page("\n".join(body), "<style>" + "\n".join(rules) + "</style>\n")


def main():
    program, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    shots = play(program)
    still = next(screen for _, screen in reversed(shots) if STILL in screen)
    for name, picture in [("screen", page("\n".join(filter(None, rows(still))))), ("set", moving(shots))]:
        path = os.path.join(folder, name + ".svg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(picture)
        print(f"{path}: {len(picture) // 1024} kB")


main()
