//! Phrases and what they come to: `heard ! refused ? not understood`.

use super::*;

/// What the phrase comes to, in the form of the tables.
fn said(phrase: &str) -> String {
    let lines: Vec<&str> = phrase.lines().collect();
    let steering = steer(&lines, &Lexicon::default());
    let marked = |sign: &str, words: String| if words.is_empty() { words } else { format!("{sign} {words}") };
    let heard = steering.heard.join(" ");
    let parts = [heard, marked("!", steering.refused.join(" ")), marked("?", steering.not_understood.join(", "))];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn check(table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter(|(phrase, expected)| said(phrase) != *expected)
        .map(|(phrase, expected)| format!("{phrase:?}: {:?}, expected {expected:?}", said(phrase)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn control_words_mean_themselves() {
    for word in control::all() {
        let steering = steer(&[word], &Lexicon::default());
        assert_eq!(steering.heard.first(), Some(&word));
        assert_eq!(steering.not_understood, [""; 0]);
    }
}

#[test]
fn everyday_words() {
    check(&[
        ("slow air; sparse, low", "air sparse stepwise low"),
        ("slow air that wakes up; sparse, low", "air sparse stepwise build rising low"),
        ("slow ferry", "sparse ? ferry"),
        ("a night ferry on the lake", "low sparse level flowing ? ferry"),
        ("night", "low sparse"),
        ("rain", "steady stepwise repeating"),
        ("thunder", "low leaping busy"),
        ("a lullaby", "sparse stepwise level repeating"),
        ("running eighths", "busy"),
        ("it climbs slowly", "rising sparse"),
        ("climbing and climbing", "rising"),
        ("a bird high up in the trees", "high busy stepwise"),
        ("galloping horses", "triplets busy repeating"),
        ("drips of water in a deep cave", "falling repeating flowing low sparse"),
        ("four-on-the-floor", "house steady repeating"),
        ("drum'n'bass", "busy syncopated low"),
        ("a funky walking bass", "funk walking steady stepwise"),
        ("jazz waltz", "jazz waltz"),
        ("Adagio cantabile", "sparse stepwise"),
        ("allegro", "busy"),
        ("staccato", "leaping steady"),
        ("Più mosso, crescendo", "busy"),
        ("morendo", "sparse falling"),
        ("silver bells", "high falling repeating steady"),
        ("clockwork", "steady repeating"),
        ("broken chords", "arpeggio flowing"),
        ("call and response", "call answer"),
        ("straight eighths", "! dotted triplets"),
        ("build up, then the drop", "rising busy ! build break"),
        ("breakdown", "break sparse"),
        ("a cadence home", "cadence low stepwise"),
        ("melancholy", "sparse falling stepwise"),
        ("happy", "high flowing rising"),
        ("angry", "low busy leaping"),
        ("dreamy pads", "sparse flowing level pad"),
        ("a spiral staircase", "repeating chromatic rising stepwise"),
        ("lead: answers the bass", "answer"),
        ("the melody of a song for the voice", "stepwise"),
        ("crystalline snowflakes", "high sparse falling stepwise"),
        ("something like a machine", "steady repeating ostinato"),
        ("808s and trap hats", "low busy triplets"),
        ("chromatic slithering", "chromatic"),
        ("velvet", "low stepwise"),
        ("elephants", "low sparse"),
        ("butterflies", "high leaping"),
        ("snail's pace", "sparse"),
        ("hymn-like", "hymn steady stepwise"),
        ("a march for tin soldiers", "march steady leaping repeating"),
        ("spooky old house", "sparse chromatic low"),
        ("sunrise over the mountains", "rising sparse leaping"),
        ("glorp", "? glorp"),
        ("glorp frumious glorp", "? glorp, frumious"),
        ("", ""),
        ("…", ""),
    ]);
}

#[test]
fn negation_and_degree() {
    check(&[
        ("less busy", "steady"),
        ("not busy", "steady"),
        ("not so busy", "steady"),
        ("not too busy", "steady"),
        ("not very busy", "steady"),
        ("too busy", "steady"),
        ("much too busy", "sparse"),
        ("much less busy", "sparse"),
        ("never busy", "sparse"),
        ("not busy at all", "sparse"),
        ("not at all busy", "sparse"),
        ("busy, but not high", "busy middle"),
        ("not so high", "middle"),
        ("not high", "middle"),
        ("a bit lower", "low"),
        ("higher", "high"),
        ("much denser", "busy"),
        ("very dark", "low sparse"),
        ("moderately high", "middle"),
        ("medium fast", "steady"),
        ("no leaps", "stepwise"),
        ("without leaps or triplets", "stepwise ! triplets"),
        ("no triplets and no dotted rhythms", "! triplets dotted"),
        ("without syncopation", "! syncopated"),
        ("no jumps", "stepwise"),
        ("triplets, then no triplets", "! triplets"),
        ("no triplets\ntriplets", "triplets"),
        ("never falling", "rising"),
        ("not falling", "level"),
        ("no drums", "? no drums"),
        ("low, without drums", "low ? without drums"),
        ("don't rush", "steady"),
        ("don't let it get too low", "middle"),
        ("doesn't jump", "flowing"),
        ("less thunder", "middle flowing steady"),
        ("no ferry", "? no ferry"),
        ("high too", "high"),
        ("even higher", "high"),
        ("nothing but leaps", "leaping"),
        ("less and less busy", "steady"),
        ("fewer leaps, more steps", "stepwise"),
        ("fewer notes", "sparse"),
        ("more notes", "busy"),
        ("not straight", "? not straight"),
        ("not jazzy", "! jazz"),
        ("hardly moving", "level"),
        ("no more than a whisper", "low stepwise sparse"),
        ("unhurried, never repeating", "sparse ! repeating"),
        ("not level", "! level"),
        // Behind the word, too, where nothing comes that it could turn.
        ("leap less", "flowing"),
        ("leaps much less", "stepwise"),
        ("triplets not at all", "! triplets"),
        ("triplets never", "! triplets"),
        ("busy no more", "sparse"),
        ("leap less now", "flowing"),
        ("leap less and rise", "flowing rising"),
        ("leap less but rise", "flowing rising"),
        ("leaps less and less", "flowing"),
        ("leap less, rise more", "flowing rising"),
        ("busy not high", "busy middle"),
        ("night, always", "low sparse"),
        ("rising, never", "rising ? never"),
        ("thunder less", "middle flowing steady"),
        ("ferry less", "? ferry, less"),
        ("not straight at all", "? not straight at all"),
    ]);
}

#[test]
fn contradictions() {
    check(&[
        ("busy and sparse", "sparse"),
        ("sparse and busy", "busy"),
        // An image yields to what is said outright, before it or behind.
        ("a dark, high melody", "sparse high"),
        ("high and dark", "high sparse"),
        ("fast techno", "busy techno repeating"),
        ("busy night", "busy low"),
        ("very dark, but high", "sparse high"),
        ("jig, then a reel", "reel"),
        ("rainy night", "stepwise repeating low sparse"),
    ]);
    // A hint yields to what was refused or wished for outright.
    check(&[
        ("no syncopation, samba", "latin busy ! syncopated"),
        ("samba, no syncopation", "latin steady ! syncopated"),
        ("no syncopation, samba, syncopated", "latin busy syncopated"),
        ("chromatic, simple", "chromatic steady stepwise"),
        ("simple, chromatic", "steady stepwise chromatic"),
        ("chromatic, no chromaticism", "! chromatic"),
    ]);
    let overruled = |phrase: &str| steer(&[phrase], &Lexicon::default()).overruled;
    assert_eq!(overruled("busy, low, sparse"), [("busy", "sparse")]);
    assert_eq!(overruled("jig and reel"), [("jig", "reel")]);
    assert_eq!(overruled("a dark, high melody"), []);
    assert_eq!(overruled("not busy at all"), []);
}

#[test]
fn chinese() {
    check(&[
        ("悲伤的旋律", "sparse stepwise falling"),
        ("欢快", "busy high flowing"),
        ("慢", "sparse"),
        ("低沉", "low"),
        ("高亢", "high"),
        ("跳跃", "leaping"),
        ("平静", "sparse stepwise level"),
        ("夜晚", "low sparse"),
        ("夜晚的小雨，慢而低沉", "low stepwise repeating sparse"),
        ("不要太快", "steady"),
        ("不快", "steady"),
        ("少一点音符", "sparse"),
        ("太快了", "steady"),
        ("更低", "low"),
        ("更高一点", "high"),
        ("慢一点", "sparse"),
        ("跳跃少一点", "flowing"),
        ("少一点跳跃", "flowing"),
        ("三连音不要", "! triplets"),
        ("三连音不要了", "! triplets"),
        ("跳跃不要太多", "flowing"),
        ("密集少一些", "steady"),
        ("没有三连音", "! triplets"),
        ("没有跳跃和三连音", "stepwise ! triplets"),
        ("不要鼓", "? 不要鼓"),
        ("非常密集", "busy"),
        ("一点也不密集", "sparse"),
        ("越来越快", "busy build"),
        ("一首摇篮曲", "sparse stepwise level repeating"),
        ("华尔兹", "waltz"),
        ("月光下的小河", "arpeggio flowing steady"),
        ("像瀑布一样", "busy falling"),
        ("先上行，然后下行", "falling"),
        ("不再重复", "! repeating"),
        ("爵士风格的行走低音", "jazz syncopated chromatic walking steady stepwise"),
        ("神秘的森林", "sparse chromatic low flowing"),
        ("万马奔腾", "triplets busy repeating"),
        ("鼓打贝斯", "busy syncopated"),
        ("渡轮夜行", "low sparse ? 渡轮"),
        ("slow 的旋律, 很 dark", "sparse low"),
        ("呼应", "call answer"),
    ]);
}

#[test]
fn facts_are_read_out() {
    let read = |phrase: &str| {
        let facts = steer(&[phrase], &Lexicon::default()).facts;
        let meter = facts.meter.as_ref().map(|meter| format!("{} ({})", meter.value, meter.from));
        let key = facts.key().map(|key| key.to_string());
        let tempo = facts.tempo.as_ref().map(|tempo| format!("{} ({})", tempo.value, tempo.from));
        [meter, key, tempo].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    for (phrase, expected) in [
        ("A jig in D dorian at 110", "6/8 (jig) Ddor 110 (110)"),
        ("in d minor", "Dm"),
        ("D minor", "Dm"),
        ("6/8", "6/8 (6/8)"),
        ("3/4 time", "3/4 (3/4)"),
        ("waltz time", "3/4 (waltz time)"),
        ("a jig in 9/8", "9/8 (9/8)"),
        ("9/8, like a jig", "9/8 (9/8)"),
        ("at 96", "96 (96)"),
        ("96 bpm", "96 (96 bpm)"),
        ("96bpm", "96 (96bpm)"),
        ("tempo 120", "120 (120)"),
        ("tempo: 120", "120 (120)"),
        ("at about 90 beats per minute", "90 (90)"),
        ("at 32 bars", ""),
        ("at 900", ""),
        ("in F# minor", "F#m"),
        ("in f sharp minor", "F#m"),
        ("in B flat", "Bb"),
        ("in B♭ major", "Bb"),
        ("in Eb mixolydian", "Ebmix"),
        ("in G", "G"),
        ("in the key of A", "A"),
        ("in a dream", ""),
        ("in a minor", "Am"),
        ("a minor tune", "Am"),
        ("A minor, slow", "Am 66 (slow)"),
        ("something dorian", "Ddor"),
        ("in D, minor", "Dm"),
        ("in D minor, no: in G", "G"),
        ("D小调", "Dm"),
        ("D大调", "D"),
        ("降B大调", "Bb"),
        ("升F小调", "F#m"),
        ("C调", "C"),
        ("四三拍", "3/4 (四三拍)"),
        ("八分之六拍", "6/8 (八分之六拍)"),
        ("速度 110", "110 (110)"),
        ("每分钟110拍", "110 (110拍)"),
        ("adagio", "66 (adagio)"),
        ("adagio at 50", "50 (50)"),
        ("at 50, adagio", "50 (50)"),
        ("a lullaby", "3/4 (lullaby)"),
        ("a sad tune in D", "D"),
        ("a sad tune", "Am"),
        ("not a waltz", ""),
        ("17/8", ""),
    ] {
        assert_eq!(read(phrase), expected, "{phrase}");
    }
}

#[test]
fn later_words_replace_within_their_band() {
    let lexicon = Lexicon::default();
    let at = |line: &str| steer(&[line], &lexicon);
    let first = at("sparse, low, triplets, leaping, hornpipe");
    for (later, expected) in [
        ("busy", "low triplets leaping hornpipe dotted busy"),
        ("thunder", "triplets hornpipe dotted low leaping busy"),
        ("no triplets", "sparse low leaping hornpipe dotted"),
        ("reel", "sparse low triplets leaping dotted reel"),
        ("glorp", "sparse low triplets leaping hornpipe dotted"),
    ] {
        assert_eq!(at(later).after(&first.heard).join(" "), expected, "{later}");
    }
}
