use super::super::Patch;
use super::*;

/// The tree in full brackets.
fn shape(node: &Node) -> String {
    use super::super::Kind;
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
    let value = value(text).unwrap_or_else(|error| panic!("{text}: {error}"));
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
