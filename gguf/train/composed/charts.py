"""Owns the charts of composed music: progressions of the styles in every mode, bar by bar."""
import harmony
from stream import bar_ticks

# Bars are parted by blanks, two chords of one bar by a comma.
PLAIN = {
    "C": ("C G Am F", "C F G C", "Am F C G", "C Am F G", "F G C Am", "C F C G", "C Em F G", "C G F G", "C Dm F G", "C C F G",
          "C G Am Em F C F G", "C F C G C F C,G C", "C Am Dm G", "Fmaj7 G Am C"),
    "Am": ("Am F C G", "Am Dm E Am", "Am G F E", "Am Em F G", "Am Am Dm E", "Am C G Dm", "F G Am Am", "Am Dm G C F Bdim E7 Am",
           "Am G F G", "Dm Am E7 Am", "Am C F E7"),
    "Ddor": ("Dm G Dm G", "Dm C Dm C", "Dm Em F C", "Dm Am C G", "Dm G C Dm", "Dm F G Dm", "Dm Dm C G"),
    "Gmix": ("G F C G", "G F G F", "G C F C", "G Dm F C", "G G F C", "C F G G", "Gsus4 G F C"),
    "Ephr": ("Em F Em F", "Em F G F", "Em Dm F Em", "Em Am F Em", "Em G F Em", "Em Em F Dm"),
    "Flyd": ("F G F G", "F G Em F", "F C G F", "F Am G F", "Fmaj7 G Fmaj7 Em", "F F G C"),
}
JAZZ = {
    "C": ("Cmaj7 Am7 Dm7 G7", "Dm7 G7 Cmaj7 Cmaj7", "Em7 A7 Dm7 G7", "Fmaj7 Dm7 G7 Cmaj7", "Cmaj7,Am7 Dm7,G7 Em7,A7 Dm7,G7",
          "Cmaj7 C7 Fmaj7 G7", "Dm7 G7 Em7 A7 Dm7 G7 Cmaj7 Cmaj7", "Cmaj7 Ebdim Dm7 G7"),
    "Am": ("Am7 Dm7 G7 Cmaj7 Fmaj7 Bdim E7 Am7", "Am7 D7 Am7 E7", "Bdim E7 Am7 Am7", "Am7 Fmaj7 Dm7 E7", "Am7 Dm7 E7 Am7"),
    "Ddor": ("Dm7 G7 Dm7 G7", "Dm7 Em7 Fmaj7 Em7", "Dm7 Dm7 Em7 Am7", "Dm7 Dm7 Dm7 Dm7"),
    "Gmix": ("G7 F G7 C7", "G7 Dm7 G7 F", "G7 G7 Fmaj7 Fmaj7"),
    "Ephr": ("Em7 Fmaj7 Em7 Fmaj7", "Em7 Em7 Fmaj7 Dm7"),
    "Flyd": ("Fmaj7 G Fmaj7 G", "Fmaj7 Em7 Fmaj7 G7", "Fmaj7 Fmaj7 G Am7"),
}
VAMPS = {"C": ("C C C C", "C C F C"), "Am": ("Am Am Am Am", "Am Am F G", "Am7 Am7 Dm7 Dm7"), "Ddor": ("Dm Dm Dm Dm", "Dm7 Dm7 G G"),
         "Gmix": ("G G G F", "G7 G7 G7 G7"), "Ephr": ("Em Em Em Em", "Em Em F F"), "Flyd": ("F F G G", "Fmaj7 Fmaj7 Fmaj7 G")}
BLUES = {"C": "C7 F7 C7 C7 F7 F7 C7 C7 G7 F7 C7 G7", "Am": "Am7 Dm7 Am7 Am7 Dm7 Dm7 Am7 Am7 F E7 Am7 E7",
         "Gmix": "G7 C7 G7 G7 C7 C7 G7 G7 D7 C7 G7 D7"}
MARCH = {"C": ("C C G7 C", "C F G7 C", "C G7 G7 C", "F C G7 C"), "Am": ("Am E Am E", "Am Dm E7 Am")}
STYLE_CHARTS = {"jazz": (JAZZ,), "latin": (PLAIN, JAZZ), "techno": (VAMPS,), "house": (PLAIN, JAZZ, VAMPS), "dub": (PLAIN, VAMPS),
                "funk": (VAMPS, JAZZ), "march": (MARCH, PLAIN), "blues": (BLUES,)}


def progression(style, home, rng):
    """-> bars, each a list of one or two symbols."""
    table = rng.choice(STYLE_CHARTS.get(style, (PLAIN,)))
    choice = table.get(home) or PLAIN[home]
    text = choice if isinstance(choice, str) else rng.choice(choice)
    bars = [bar.split(",") for bar in text.split()]
    if len(bars) == 4 and rng.random() < .3:          # eight bars, the last of them open or closed
        turn = [[rng.choice({"C": ("G", "F"), "Am": ("E", "G"), "Ddor": ("C", "Am"), "Gmix": ("F", "C"), "Ephr": ("F", "Dm"),
                             "Flyd": ("G", "C")}[home])]]
        bars = bars[:3] + turn + bars
    return bars


def chart(bars, metre, count, offset=0):
    """`count` bars of (symbol, ticks) lists, going round."""
    places, out = harmony.slots(metre), []
    for n in range(offset, offset + count):
        symbols = bars[n % len(bars)]
        if len(symbols) == 1 or len(places) == 1:
            out.append([(symbols[0], bar_ticks(metre))])
        else:
            out.append(list(zip(symbols, places)))
    return out
