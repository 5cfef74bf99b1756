use num_rational::Ratio;

use super::*;
use crate::event::Touch;

fn place(bar: i64, above: i64, below: i64) -> Place {
    Place { bar, beat: Ratio::new(above, below) }
}

#[test]
fn a_script_is_read() {
    let text = "# a set\n\n1:1 open \"a b.abc\" # quoted\n1:1 play\n2:5/2 replace \"say \\\"x\\\"#\" \"\\n% low\\\\\" # note\n\
                3:2.25 reroll lead\n3:3 reroll\n4:1 tempo 92.5\n4:1 free bass\n5:1 scene 2\n\
                6:1 lose-port bass\n7:1 find-port Mini\n9:1 end\n# over\n";
    let set = Set::parse(text).expect("a set");
    assert_eq!(set.open, "a b.abc");
    let entries: Vec<(Place, Action)> = set.entries.iter().map(|entry| (entry.place, entry.action.clone())).collect();
    let lead = "lead".to_owned();
    assert_eq!(
        entries,
        [
            (place(1, 1, 1), Action::Play),
            (place(2, 5, 2), Action::Replace { old: "say \"x\"#".into(), new: "\n% low\\".into() }),
            (place(3, 9, 4), Action::Touch { voice: lead, touch: Touch::Reroll }),
            (place(3, 3, 1), Action::Reroll),
            (place(4, 1, 1), Action::Tempo(Ratio::new(185, 2))),
            (place(4, 1, 1), Action::Freeze { voice: "bass".into(), frozen: false }),
            (place(5, 1, 1), Action::Scene(2)),
            (place(6, 1, 1), Action::Port { name: "bass".into(), there: false }),
            (place(7, 1, 1), Action::Port { name: "Mini".into(), there: true }),
            (place(9, 1, 1), Action::End),
        ]
    );
    let play = set.entries[0].span;
    assert_eq!(&text[play.start..play.end], "play");
}

#[test]
fn mistakes_in_a_script_have_places() {
    let open = "1:1 open a.abc\n";
    for (line, said) in [
        ("2:1 evalute", "t:2:5: error: 'evalute' is not an action (did you mean 'evaluate'?)"),
        ("2:1 dance", "t:2:5: error: 'dance' is not an action (there are open play stop "),
        ("2 play", "t:2:1: error: '2' is not a place (a line begins with BAR:BEAT"),
        ("0:1 play", "t:2:1: error: '0:1' is not a place"),
        ("1:0.5 play", "t:2:1: error: '1:0.5' is not a place"),
        ("1:1/0 play", "t:2:1: error: '1:1/0' is not a place"),
        ("1:-1 play", "t:2:1: error: '1:-1' is not a place"),
        ("99999999999999999999:1 play", "t:2:1: error: '99999999999999999999:1' is not a place"),
        ("2:1", "t:2:1: error: what is to be done here?"),
        ("2:1 play loud", "t:2:5: error: write play"),
        ("2:1 mute", "t:2:5: error: write mute VOICE"),
        ("2:1 replace \"a\"", "t:2:5: error: write replace \"OLD\" \"NEW\""),
        ("2:1 replace \"a\" \"b", "t:2:17: error: a quote is not closed"),
        ("2:1 tempo fast", "t:2:5: error: write tempo BEATS-A-MINUTE"),
        ("2:1 tempo 0", "t:2:5: error: write tempo"),
        ("2:1 open b.abc", "t:2:5: error: the set is open already ('load' takes"),
        ("2:1 play\n1:4 stop", "t:3:5: error: the set is at 2:1 already"),
        ("2:1 end\n3:1 play", "t:3:5: error: the set has ended"),
        ("2:1 arm", "t:2:5: error: write arm clear, or one of mute unmute"),
        ("2:1 arm play", "t:2:5: error: write arm clear, or one of mute unmute"),
        ("2:1 arm arm mute bass", "t:2:5: error: write arm clear, or one of mute unmute"),
        ("2:1 arm mute", "t:2:5: error: write arm clear, or one of mute unmute"),
        ("2:1 gain bass 2.1", "t:2:5: error: write gain VOICE FACTOR"),
        ("2:1 ramp 140 0", "t:2:5: error: write ramp BEATS-A-MINUTE BARS"),
        ("2:1 keep lead 2", "t:2:5: error: 'keep' cannot be rehearsed yet"),
        ("2:1 note 60 90 1", "t:2:5: error: 'note' cannot be rehearsed yet"),
        ("2:1 lose-port", "t:2:5: error: write lose-port NAME"),
    ] {
        let text = format!("{open}{line}\n");
        let wrong = Set::parse(&text).expect_err(line);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        let shown = wrong[0].display("t", &text);
        assert!(shown.starts_with(said), "{shown}");
    }
    for text in ["", "# nothing\n", "1:1 play\n"] {
        let wrong = Set::parse(text).expect_err(text);
        assert_eq!(wrong[0].message, "nothing is open", "{text}");
    }
}

#[test]
fn what_is_told_is_a_line() {
    let note = Told::Note {
        bar: 9,
        beat: Ratio::new(5, 2),
        voice: "lead".into(),
        pitch: 62,
        velocity: 80,
        length: Beats::new(1, 8),
        by: "model",
    };
    let message = Told::Message { bar: 12, beat: Ratio::from(1), message: "so".into() };
    assert_eq!(
        (note.to_string(), message.to_string()),
        ("  9:5/2    lead 62 80 1/8 model".into(), " 12:1      so".into())
    );
    assert_eq!(
        serde_json::to_string(&note).expect("JSON"),
        r#"{"bar":9,"beat":"5/2","voice":"lead","pitch":62,"velocity":80,"length":"1/8","by":"model"}"#
    );
    assert_eq!(serde_json::to_string(&message).expect("JSON"), r#"{"bar":12,"beat":"1","message":"so"}"#);
}
