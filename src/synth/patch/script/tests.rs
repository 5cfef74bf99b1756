use super::super::Patch;
use super::*;

/// The tree in full brackets.
fn shape(node: &Node) -> String {
    use super::super::node::Kind;
    match &node.kind {
        Kind::Constant(value) => value.to_string(),
        Kind::Control(control) => format!("{control:?}").to_lowercase(),
        Kind::Word(word, _) => word.name.to_owned(),
        Kind::Join(join, a, b) => {
            let symbol = match join {
                Join::Pipe => ">>",
                Join::Stack => "|",
                Join::Branch => "^",
                Join::Bus => "&",
                Join::Sum => "+",
                Join::Difference => "-",
                Join::Product => "*",
            };
            format!("({} {symbol} {})", shape(a), shape(b))
        }
    }
}

fn parsed(text: &str) -> String {
    let (value, _) = value(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    shape(&operand(&value).unwrap_or_else(|error| panic!("{text}: {error}")))
}

fn refused(text: &str) -> String {
    Patch::parse("test", text).expect_err("not a patch").to_string()
}

#[test]
fn operators_bind_as_in_rust() {
    // Each pair of neighbours in `| ^ & >> + *`, both ways round.
    assert_eq!(parsed("noise() | pink() ^ noise() >> pass()"), "(noise | (pink ^ (noise >> pass)))");
    assert_eq!(parsed("noise() ^ pink() | noise() & pink()"), "((noise ^ pink) | (noise & pink))");
    assert_eq!(parsed("noise() ^ pink() & noise()"), "(noise ^ (pink & noise))");
    assert_eq!(parsed("noise() & pink() ^ noise()"), "((noise & pink) ^ noise)");
    assert_eq!(parsed("noise() & pink() >> pass()"), "(noise & (pink >> pass))");
    assert_eq!(parsed("noise() >> pass() & pink()"), "((noise >> pass) & pink)");
    assert_eq!(parsed("noise() >> pass() + pink()"), "(noise >> (pass + pink))");
    assert_eq!(parsed("noise() + pink() >> pass()"), "((noise + pink) >> pass)");
    assert_eq!(parsed("noise() + pink() * 2.0"), "(noise + (pink * 2))");
    assert_eq!(parsed("noise() * 2 - pink()"), "((noise * 2) - pink)");
    assert_eq!(parsed("noise() >> pass() >> tanh()"), "((noise >> pass) >> tanh)");
    assert_eq!(parsed("noise() - pink() - noise()"), "((noise - pink) - noise)");
    assert_eq!(parsed("-noise() * 0.5"), "((-1 * noise) * 0.5)");
}

#[test]
fn a_call_binds_the_last_inputs() {
    assert_eq!(parsed("saw(pitch)"), "(pitch >> saw)");
    assert_eq!(parsed("noise() >> lowpass(cutoff, 1)"), "(noise >> ((pass | (cutoff | 1)) >> lowpass))");
    assert_eq!(parsed("lowpass(noise(), 800.0, 1.0)"), "(((noise | 800) | 1) >> lowpass)");
    // Numbers stay numbers until a graph meets them.
    assert_eq!(parsed("let detune = 2.0 * 1.5; saw(pitch + detune)"), "((pitch + 3) >> saw)");
}

#[test]
fn numbers_scale_every_channel() {
    assert_eq!(parsed("(noise() | pink()) * 0.5"), "((noise | pink) * (0.5 | 0.5))");
}

#[test]
fn whole_numbers_divide_as_others_do() {
    assert_eq!(parsed("saw(pitch * (3 / 2))"), "((pitch * 1.5) >> saw)");
    assert_eq!(parsed("6 / 2 * 2"), "6");
    assert_eq!(parsed("(noise() | pink()) / 4"), "((0.25 | 0.25) * (noise | pink))");
    assert_eq!(parsed("-noise() / 2"), "(0.5 * (-1 * noise))");
    assert!(refused("let x = 3; x /= 2; saw(x)").contains("'/='"));
}

#[test]
fn words_that_calculate_yield_numbers_from_numbers() {
    assert_eq!(parsed("semitones(12) + db(0) + abs(-3) + min(1, 2) + max(1, 2.5) + sqrt(4) + pow(2, 3)"), "19.5");
    assert_eq!(parsed("round(sin(PI / 2)) + floor(exp(ln(2.5))) + cos(0)"), "4");
    assert_eq!(parsed("pitch * semitones(macro1)"), "(pitch * (macro(0) >> semitones))");
    assert_eq!(parsed("max(pitch, 100)"), "((pitch | 100) >> max)");
}

#[test]
fn functions_see_their_parameters_and_the_controls() {
    assert_eq!(parsed("fn wide(hz, by) { saw(hz) + saw(hz * by + macro1) } wide(pitch, 2)"), {
        "((pitch >> saw) + (((pitch * 2) + macro(0)) >> saw))"
    });
    assert_eq!(parsed("fn up(pitch) { sine(pitch) } up(220)"), "(220 >> sine)");
    assert_eq!(parsed("let pitch = pitch * 2; saw(pitch)"), "((pitch * 2) >> saw)");
}

#[test]
fn loops_add_partials() {
    assert_eq!(
        parsed("let sum = sine(pitch); for n in 2..=3 { sum += sine(pitch * n) / n; } sum"),
        "(((pitch >> sine) + (0.5 * ((pitch * 2) >> sine))) + (0.33333334 * ((pitch * 3) >> sine)))"
    );
    assert_eq!(parsed("let sum = 0.0; for ratio in [1, 2.76] { sum += sine(pitch * ratio); } sum"), {
        "((0 + ((pitch * 1) >> sine)) + ((pitch * 2.76) >> sine))"
    });
}

#[test]
fn what_is_declared_of_the_voices() {
    use super::super::{Playing, Touch};
    let playing = |text: &str| *Patch::parse("test", text).unwrap_or_else(|error| panic!("{error}")).playing();
    assert_eq!(playing("saw(pitch)"), Playing::default());
    assert_eq!(
        playing("voices(3); glide(0.5); saw(pitch)"),
        Playing { voices: Some(3), touch: Touch::Chords, glide: Some(0.5) }
    );
    assert_eq!(playing("mono(); saw(pitch)").touch, Touch::Mono);
    assert_eq!(playing("fn line() { legato(); } line(); saw(pitch)").touch, Touch::Legato);
}

#[test]
fn errors_say_where_and_what() {
    for (text, expected) in [
        ("saw(pitch", "test.patch:1:"),
        ("saw(pitsch)", "test.patch:1:5: error: 'pitsch' is not a control or variable (did you mean 'pitch'?)"),
        ("saw(pitch)\n  * sow(pitch)", "test.patch:2:5: error: there is no 'sow' for these operands"),
        ("adsr(0.1, 0.2)", "test.patch:1:1: error: adsr is used as adsr(attack, decay, sustain, release)"),
        ("adsr(0.1, 0.2, 2.0, 0.1)", "test.patch:1:1: error: adsr: sustain is between 0 and 1, not 2"),
        ("saw(1, 2, 3)", "test.patch:1:1: error: saw is used as saw(hz)"),
        (
            "saw(pitch) >> lowpass()",
            "test.patch:1:12: error: >> needs as many outputs on its left as inputs on its right (1 channel against 3 channels)",
        ),
        ("saw()", "test.patch:1:0: error: a patch has no open inputs, this one has 1"),
        ("noise() | noise() | noise()", "test.patch:1:0: error: a patch has one or two outputs, this one has 3"),
        ("let x = noise();", "test.patch:1:0: error: a graph or a number is needed here, this is nothing"),
        ("#{}", "test.patch:1:0: error: a kit has one drum at least"),
        ("#{ kik: noise() }", "test.patch:1:0: error: there is no drum 'kik'; a name or a number"),
        ("#{ kick: saw() }", "test.patch:1:0: error: kick: a patch has no open inputs, this one has 1"),
        ("fn f(x) {\n  saw(x) >> lowpass()\n}\nf(pitch)", "test.patch:2:10: error: >> needs as many outputs"),
        (
            "let wide = 2;\nfn f(x) {\n  saw(x * wide)\n}\nf(pitch)",
            "test.patch:3:11: error: 'wide' is not a control or variable (a function sees its parameters and the controls",
        ),
        ("fn f(x) { f(x) } f(1)", "test.patch:1:18: error: functions call each other too deep"),
        ("pitch = 3; saw(pitch)", "test.patch:1:1: error: Cannot modify constant pitch"),
        ("saw(pitch) / velocity", "test.patch:1:12: error: only a number divides"),
        ("saw(pitch) / 0", "test.patch:1:12: error: nothing can be divided by 0"),
        ("sqrt(pitch)", "test.patch:1:1: error: sqrt(x) calculates with numbers alone"),
        (
            "voice(4); saw(pitch)",
            "test.patch:1:1: error: there is no 'voice' for these operands (did you mean 'voices'?)",
        ),
        ("voices(0); saw(pitch)", "test.patch:1:1: error: voices: count is between 1 and 16, not 0"),
        ("voices(17); saw(pitch)", "test.patch:1:1: error: voices: count is between 1 and 16, not 17"),
        ("voices(2.5); saw(pitch)", "test.patch:1:1: error: voices: count is a whole number, not 2.5"),
        ("voices(pitch); saw(pitch)", "test.patch:1:1: error: voices is used as voices(count)"),
        ("voices(4);\n voices(4); saw(pitch)", "test.patch:2:2: error: voices is said twice"),
        ("mono(1); saw(pitch)", "test.patch:1:1: error: mono is used as mono()"),
        ("mono(); mono(); saw(pitch)", "test.patch:1:9: error: mono is said twice"),
        ("mono(); legato(); saw(pitch)", "test.patch:1:9: error: a patch is mono() or legato(), not both"),
        ("voices(4); mono(); saw(pitch)", "test.patch:1:12: error: mono() and legato() have one voice"),
        ("glide(0); saw(pitch)", "test.patch:1:1: error: glide: seconds is between 0.001 and 10, not 0"),
        ("glide(); saw(pitch)", "test.patch:1:1: error: glide is used as glide(seconds)"),
        ("\n glide(1);\n#{ kick: click() }", "test.patch:2:2: error: a kit has two voices for each drum"),
        ("\"saw\"", "test.patch:1:0: error: a graph or a number is needed here"),
    ] {
        let error = refused(text);
        assert!(error.starts_with(expected), "{text}\n  said {error}\n  not  {expected}");
    }
}

#[test]
fn scripts_end_and_stay_inside() {
    for text in [
        "loop { }",
        "let x = noise(); for i in 0..1000 { x = x & x; } x",
        "let x = noise(); while true { x = x + 1.0; } x",
        "fn f(x) { f(x) } f(1)",
        "for n in 0..9000000000000000 { continue; } noise()",
        "for n in range(0, 9000000000000000) { pitch; } noise()",
        "print(\"x\"); noise()",
        "timestamp(); noise()",
        "let s = \"x\"; loop { s += s; }",
        "import \"std\" as std; noise()",
        "eval(\"noise()\")",
        "open_file(\"/etc/passwd\"); noise()",
        "0.0 / 0.0",
    ] {
        refused(text);
    }
    assert!(refused(&format!("let x = noise(); {} x", "x = x & x; ".repeat(9))).contains("more than 200 nodes"));
}

/// What is long or much work counts for more than one node, and many voices for more than eight.
#[test]
fn a_patch_has_its_weight() {
    let size = |text: &str| Patch::parse("test", text).map(|patch| patch.size()).map_err(|error| error.to_string());
    assert_eq!(size("sine(pitch) >> delay(1.0)"), Ok(25));
    assert_eq!(size("sine(pitch) >> reverb(2.0, 0.5)"), Ok(29));
    let rooms = |rooms: usize| format!("let a = sine(pitch); {} a", "a = a >> echo(2.0, 0.3);".repeat(rooms));
    assert!(size(&rooms(4)).is_ok());
    assert!(size(&rooms(5)).unwrap_err().contains("the patch has more than 200 nodes"));
    let voices = format!("voices(16); {}", rooms(3));
    assert_eq!(
        size(&voices).unwrap_err(),
        "test.patch:1:1: error: 16 voices may have 100 nodes each, the patch has 129"
    );
    assert!(size(&voices.replace("16", "12")).is_ok());
}
