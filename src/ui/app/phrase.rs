//! Free tempo: what a phrase says of the music to come goes into the text, and the set begins on its bar line. Main thread, part of the reducer.

use super::{App, Request, Tune, name_of};
use crate::event::{Before, Command, Level, Phrase, Playing, Reading, SceneName};
use crate::keep::set_fields;
use crate::time::Tempo;

/// A phrase, and which of its readings holds.
#[derive(Debug)]
pub(super) struct Heard {
    phrase: Phrase,
    reading: usize,
}

impl App {
    /// While nothing plays the next phrase is waited for, or no longer; afterwards it is read in another way.
    pub(super) fn free_tempo(&mut self) -> Vec<Request> {
        if self.snapshot.playing == Playing::Stopped {
            let listens = self.snapshot.before != Some(Before::Phrase);
            let said = if listens {
                "free tempo: play a phrase, the set begins on its bar line"
            } else {
                "free tempo: no phrase is waited for any more"
            };
            self.say(Level::Info, said.into());
            return vec![Request::Command(Command::Listen(listens))];
        }
        let Some(heard) = &mut self.heard else {
            self.say(Level::Info, "free tempo begins while nothing plays".into());
            return vec![];
        };
        heard.reading = (heard.reading + 1) % heard.phrase.readings.len();
        let reading = heard.phrase.readings[heard.reading];
        self.take_reading(&reading)
    }

    pub(super) fn take_phrase(&mut self, phrase: Phrase) -> Vec<Request> {
        let Some(&reading) = phrase.readings.first() else { return vec![] };
        self.heard = Some(Heard { phrase, reading: 0 });
        let mut requests = self.take_reading(&reading);
        requests.push(Request::Command(Command::PlayOn(reading.lines)));
        requests
    }

    /// Into the header of the scene that plays, as one step that undo takes back, and evaluated. The tempo holds whatever becomes of that.
    fn take_reading(&mut self, reading: &Reading) -> Vec<Request> {
        let Reading { beats, meter, key, is_bound, .. } = *reading;
        let mut fields = vec![('Q', format!("{}={beats}", meter.beat()))];
        if !is_bound {
            fields.extend([('M', meter.to_string()), ('K', key.to_string())]);
        }
        let what = if is_bound { format!("{beats}") } else { format!("{beats} in {meter}, {key}") };
        let mut requests = Vec::new();
        match self.write_fields(&fields) {
            Ok(number) => requests.extend(self.evaluate(Tune::Number(number))),
            Err(why) => self.say(Level::Warning, format!("{why}: the tempo alone holds")),
        }
        let count = self.heard.as_ref().map_or(1, |heard| heard.phrase.readings.len());
        let others = if count > 1 { "; the same key reads it in another way" } else { "" };
        self.say(Level::Info, format!("heard {what}{others}"));
        let tempo = Tempo::from_beat(meter.beat(), i64::from(beats).into()).checked();
        requests.extend(tempo.map(|tempo| Request::Command(Command::Tempo(tempo))));
        requests
    }

    /// Brings the scene's text to the screen; its number.
    fn write_fields(&mut self, fields: &[(char, String)]) -> Result<u32, String> {
        let scene = self.snapshot.scene.clone();
        let SceneName { path, number } = scene.ok_or("no scene plays")?;
        let at = self.documents.iter().position(|document| document.path == path);
        let at = at.ok_or_else(|| format!("{} is not on the screen any more", name_of(&path)))?;
        let text = set_fields(&self.documents[at].editor.text(), number, fields)?;
        self.current = at;
        self.documents[at].edit(|editor| editor.set_text_keeping_cursor(&text));
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;
    use crate::abc::Meter;
    use crate::abc::key::Key;
    use crate::event::{Event, Lines, Snapshot};
    use crate::time::Frames;
    use crate::ui::app::Input;

    const TEXT: &str = "X:1\nT:a\nK:C\n\nX:2\nT:b\nM:4/4\nQ:1/4=120\nK:C\n";

    fn app(playing: Playing) -> App {
        let mut app = App::new(vec![("n.abc".into(), String::new()), ("a.abc".into(), TEXT.into())], (80, 24));
        see(&mut app, playing);
        app
    }

    fn see(app: &mut App, playing: Playing) {
        let scene = Some(SceneName { path: "a.abc".into(), number: 2 });
        app.update(Input::Event(Event::Snapshot(Arc::new(Snapshot { playing, scene, ..Snapshot::default() }))));
    }

    /// The key after the leader; what is asked.
    fn press(app: &mut App) -> Vec<Request> {
        app.update(Input::Key(KeyEvent::new(KeyCode::Char(' '), KeyModifiers::CONTROL)));
        app.update(Input::Key(KeyEvent::new(KeyCode::Char('y'), KeyModifiers::NONE)))
    }

    fn phrase(is_bound: bool) -> Phrase {
        let lines = Lines { at: Frames(1000), apart: Frames(90_000) };
        let (waltz, jig) = (Meter::parse("3/4").unwrap(), Meter::parse("6/8").unwrap());
        let reading =
            |beats, meter, key: &str| Reading { beats, meter, key: Key::parse(key).unwrap().0, lines, is_bound };
        Phrase { readings: vec![reading(92, waltz, "Gdor"), reading(61, jig, "F")] }
    }

    fn said(requests: &[Request]) -> Vec<String> {
        let word = |request: &Request| match request {
            Request::Save { path, .. } => format!("save {}", path.display()),
            Request::Evaluate { path, tune, .. } => format!("evaluate {} {tune:?}", path.display()),
            Request::Command(Command::Tempo(tempo)) => format!("tempo {}", tempo.0),
            Request::Command(Command::PlayOn(lines)) => format!("play on {}", lines.at.0),
            Request::Command(Command::Listen(on)) => format!("listen {on}"),
            other => format!("{other:?}"),
        };
        requests.iter().map(word).collect()
    }

    #[test]
    fn a_phrase_is_written_into_the_scene_that_plays_and_begins_it() {
        let mut app = app(Playing::Stopped);
        assert_eq!(said(&press(&mut app)), ["listen true"]);
        let requests = app.update(Input::Event(Event::Phrase(Box::new(phrase(false)))));
        assert_eq!(said(&requests), ["save a.abc", "evaluate a.abc Number(2)", "tempo 92", "play on 1000"]);
        let expected = "X:1\nT:a\nK:C\n\nX:2\nT:b\nM:3/4\nQ:1/4=92\nK:Gdor\n";
        assert_eq!(app.document().editor.text(), expected);
        see(&mut app, Playing::Playing);
        assert_eq!(said(&press(&mut app)), ["save a.abc", "evaluate a.abc Number(2)", "tempo 183/2"]);
        assert!(app.document().editor.text().ends_with("M:6/8\nQ:3/8=61\nK:F\n"));
        assert_eq!(app.messages().back().unwrap().text, "heard 61 in 6/8, F; the same key reads it in another way");
        press(&mut app);
        assert_eq!(app.document().editor.text(), expected, "round again");
    }

    #[test]
    fn metre_and_key_of_notes_that_are_there_stay() {
        let mut app = app(Playing::Stopped);
        app.update(Input::Event(Event::Phrase(Box::new(phrase(true)))));
        assert!(app.document().editor.text().ends_with("M:4/4\nQ:1/4=92\nK:C\n"));
    }

    #[test]
    fn without_a_place_for_it_the_tempo_alone_holds() {
        let mut app = App::new(vec![("a.txt".into(), "a slow jig".into())], (80, 24));
        let requests = app.update(Input::Event(Event::Phrase(Box::new(phrase(false)))));
        assert_eq!(said(&requests), ["tempo 92", "play on 1000"]);
        let mut app = self::app(Playing::Playing);
        assert_eq!(said(&press(&mut app)), [""; 0], "nothing was played");
    }
}
