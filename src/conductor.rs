//! The conductor: timeline, transport, composer and ladder under one roof. A function of the frame count: [`Conductor::advance`] is called
//! by the scheduler's thread with the clock's time, and by `render` in a loop, with the same result.

mod agenda;
mod armed;
mod count_in;
mod deadline;
mod entrance;
mod free;
mod hand;
pub mod hands;
mod keep;
mod lanes;
mod leader;
mod listening;
mod mix;
mod mixer;
mod pulses;
pub(crate) mod tap;
mod tempo;
mod uses;
mod view;

pub use view::in_unit;

use std::sync::Arc;
use std::time::Duration;

use agenda::Agenda;
use armed::Armed;
use count_in::CountIn;
use free::Free;
use hand::ByHand;
use hands::Hands;
use keep::Listened;
use leader::Leader;
use listening::Listening;
use mix::Told;
use pulses::Pulses;
use tap::Tap;

use crate::compose::speed::Speed;
use crate::compose::{CANDIDATES, ComposedBar, Composer, Knobs, Prompt, Reply, Revision};
use crate::event::{Action, Command, Level, Message, Playing, ScheduledEvent, VoiceSlot};
use crate::keep::Kept;
use crate::prompt::{MAX_VOICES, Scene};
use crate::time::{Beats, Frames, SampleRate, Tempo};
use crate::timeline::{Bar, Entry, Timeline};
use crate::transport::Transport;

/// Events leave for the outputs this long before they are due: longer than any thread oversleeps, short enough for mutes to feel immediate.
const WINDOW: Duration = Duration::from_millis(80);
/// From the decision to play to the first note.
const START_LEAD: Duration = Duration::from_millis(80);

/// Whether time is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The commit point follows the measured speed of the composer.
    Live,
    /// Everything depends on the frame count alone: the same set gives the same music.
    Offline,
}

/// What happened in composing, for the performer's eyes.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Bars played by the ladder.
    pub ladder: u64,
    /// Bars that the composer wrote, before any check.
    pub composed: u64,
    /// Of these, the ones that were not full.
    pub refused: u64,
    pub tokens_per_second: f32,
}

/// What makes the composer worth asking anew.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Asking {
    question: (Revision, u32),
    /// How far it may go.
    reach: i64,
    /// From which bar on, where metre or key change on the way.
    from: i64,
    /// Whether somebody waits for the bars.
    awaited: bool,
    knobs: Knobs,
}

pub struct Conductor {
    timeline: Timeline,
    /// [`Conductor::scene`].
    scene: Arc<Scene>,
    /// The first bar of another scene that has not come in.
    entering: Option<i64>,
    transport: Transport,
    composer: Box<dyn Composer>,
    agenda: Agenda,
    pace: Pace,
    playing: Playing,
    /// Play was asked for, at this frame, and the first bar has not begun.
    starting: Option<Frames>,
    /// The frame on which it is to.
    on_line: Option<Frames>,
    /// The first bar is counted in.
    counting: Option<CountIn>,
    /// The bar that sounds, as an index into the timeline's.
    sounding: Option<usize>,
    /// Names of the voices, by slot: a voice keeps its slot for as long as the instrument runs.
    slots: Vec<String>,
    hands: Hands,
    armed: Armed,
    tap: Tap,
    /// Notes whose beginning a mute or a hush kept back.
    silenced: Vec<(VoiceSlot, u8)>,
    told: Told,
    pulses: Pulses,
    /// The composer's last failure, so that it is said once.
    failure: Option<String>,
    /// Drafts of each bar, of which the composer takes the best.
    candidates: u32,
    /// What the composer was last asked.
    asked: Option<Asking>,
    /// No bar after this one is committed.
    last_bar: Option<i64>,
    /// How long before they are due events leave.
    notice: Duration,
    composer_state: String,
    /// The model's name, once it is there.
    model: String,
    /// What it takes for a bar of one voice.
    speed: Speed,
    /// How long a question and its answer are on the way.
    round_trip: Duration,
    /// Whether it was said to be too slow for the tempo.
    slow: bool,
    tally: Tally,
    messages: Vec<Message>,
    by_hand: ByHand,
    listened: Listened,
    listening: Listening,
    free: Free,
    leader: Leader,
    /// What the performer wants in the text.
    kept: Vec<Kept>,
    /// The bar and voice whose drafts the performer looks at.
    look: Option<(i64, String)>,
}

impl std::fmt::Debug for Conductor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conductor")
            .field("playing", &self.playing)
            .field("next", &self.timeline.next_bar())
            .finish_non_exhaustive()
    }
}

impl Conductor {
    /// A conductor that does not play yet.
    #[must_use]
    pub fn new(scene: &Arc<Scene>, composer: Box<dyn Composer>, rate: SampleRate, seed: u64, pace: Pace) -> Conductor {
        let tempo = scene.tempo.unwrap_or(Tempo::DEFAULT);
        let composer_state = if composer.is_there() { "starting" } else { "none" };
        let mut conductor = Conductor {
            timeline: Timeline::new(Arc::clone(scene), seed),
            scene: Arc::clone(scene),
            entering: None,
            transport: Transport::new(rate, Frames(0), tempo),
            composer,
            agenda: Agenda::default(),
            pace,
            playing: Playing::Stopped,
            starting: None,
            on_line: None,
            counting: None,
            sounding: None,
            slots: Vec::new(),
            hands: Hands::default(),
            armed: Armed::default(),
            tap: Tap::default(),
            silenced: Vec::new(),
            told: Told::default(),
            pulses: Pulses::default(),
            failure: None,
            candidates: CANDIDATES,
            asked: None,
            last_bar: None,
            notice: WINDOW,
            composer_state: composer_state.to_owned(),
            model: String::new(),
            speed: Speed::default(),
            round_trip: Duration::ZERO,
            slow: false,
            tally: Tally::default(),
            messages: Vec::new(),
            by_hand: ByHand::default(),
            listened: Listened::default(),
            listening: Listening::default(),
            free: Free::default(),
            leader: Leader::new(None, rate),
            kept: Vec::new(),
            look: None,
        };
        conductor.settle(scene);
        conductor.clock(&scene.clocks);
        conductor.follow(scene.leader.as_ref());
        conductor.meet(scene, true);
        conductor.listen_to(scene.listeners());
        conductor.enter();
        conductor
    }

    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    #[must_use]
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// What the performer has set, as it holds now.
    #[must_use]
    pub fn hands(&self) -> &Hands {
        &self.hands
    }

    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    #[must_use]
    pub fn playing(&self) -> Playing {
        self.playing
    }

    /// What there is to tell the performer, each once.
    pub fn messages(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.messages)
    }

    /// Plays to the end of this bar and no further.
    pub fn end_after(&mut self, bar: i64) {
        self.last_bar = Some(bar);
    }

    /// Of so many drafts of a bar the composer is to take the best, at least 1.
    pub fn set_candidates(&mut self, candidates: u32) {
        self.candidates = candidates;
    }

    /// The outputs want to know of events this long before they are due; [`Duration::ZERO`] where there are none to wait for.
    pub fn set_notice(&mut self, notice: Duration) {
        self.notice = notice;
    }

    /// The slot of a voice of the newest scene.
    #[must_use]
    pub fn slot(&self, voice: &str) -> Option<VoiceSlot> {
        self.slots.iter().position(|name| name == voice).map(|at| VoiceSlot(at as u8))
    }

    /// The name of the voice that has a slot.
    #[must_use]
    pub fn voice_of(&self, slot: VoiceSlot) -> Option<&str> {
        self.slots.get(usize::from(slot.0)).map(String::as_str)
    }

    /// Does what the performer asks; what has to sound goes to `out`.
    pub fn command(&mut self, command: Command, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        self.hands.take(&command);
        match command {
            Command::PlayOn(lines) if self.playing == Playing::Stopped => {
                self.on_line = Some(lines.from(now + self.lead_in()));
                self.command(Command::Play, now, out);
            }
            Command::Listen(on) => self.free.listen(on && self.playing == Playing::Stopped),
            Command::Play if self.playing == Playing::Hushed => self.playing = Playing::Playing,
            Command::Play if self.playing == Playing::Stopped => {
                self.starting = Some(now);
                self.playing = Playing::Playing;
                self.cue(now);
            }
            Command::Play if self.leader.is_waited_for() => self.go_without(now),
            Command::Hush => {
                if self.playing == Playing::Playing {
                    self.playing = Playing::Hushed;
                }
                self.agenda.drop_strikes(VoiceSlot::COUNT_IN);
                out(ScheduledEvent { at: now, action: Action::Flush });
            }
            Command::Stop | Command::Panic => {
                self.hands_off(now);
                self.told.take_back(self.agenda.clear(), now);
                self.silenced.clear();
                self.stop_bars(now);
                self.end_pulses(now, out);
                self.leader.rest();
                self.playing = Playing::Stopped;
                self.starting = None;
                self.on_line = None;
                self.counting = None;
                self.sounding = None;
                out(ScheduledEvent { at: now, action: Action::Flush });
                let action = if matches!(command, Command::Panic) { Action::Panic } else { Action::AllNotesOff };
                out(ScheduledEvent { at: now, action });
            }
            Command::Evaluate { scene, fresh } => {
                let hurry = self.is_late_for(&scene, now);
                let entry = match (fresh, self.is_moving()) {
                    (false, _) => Entry::Edit,
                    (true, true) => Entry::PhraseLine,
                    (true, false) => Entry::AtOnce,
                };
                self.evaluate(&scene, entry, hurry, now, out);
            }
            Command::Mute { .. } | Command::Solo { .. } | Command::Gain { .. } => self.set_mix(&command, now, out),
            Command::Arm(arm) => self.arm(arm, now, out),
            Command::Reroll => self.timeline.reroll(),
            Command::Touch { bar, voice, touch } => {
                let touch = self.touchable(bar).and_then(|()| self.meant(bar, &voice, touch));
                let done = touch.and_then(|touch| self.timeline.touch(bar, &voice, touch));
                self.answer(done);
            }
            Command::Look(at) => self.look = at,
            Command::Freeze { voice, frozen } => {
                let done = self.timeline.freeze(&voice, frozen);
                self.answer(done);
            }
            Command::Use { voice, what } => self.use_hand(&voice, what),
            Command::Tempo(tempo) => self.set_tempo(tempo),
            Command::Ramp { to, bars } => self.ramp(to, bars),
            Command::Tap => self.tap(now),
            Command::Port { port, there } => self.port(&port, there, now, out),
            Command::Clock { message, at } => self.hear_clock(message, at, now, out),
            Command::NoteOn { voice, pitch, velocity } => self.note_on(&voice, pitch, velocity, now, out),
            Command::NoteOff { voice, pitch } => self.note_off(&voice, pitch, now, out),
            Command::Control { voice, controller, value } => self.control(&voice, controller, value, now, out),
            Command::Keep(ask) => self.keep(&ask, now),
            // Taken, or playing already; nudges, patches and quitting are the scheduler's business, what was recorded is the journal's.
            Command::Lock(_)
            | Command::CountIn(_)
            | Command::Turn { .. }
            | Command::Nudge { .. }
            | Command::Play
            | Command::PlayOn(_)
            | Command::Patch(_)
            | Command::Attend { .. }
            | Command::Recorded { .. }
            | Command::Quit => {}
        }
    }

    /// Brings everything up to `now`: takes what the composer wrote, commits bars that are due, sends events that are near.
    pub fn advance(&mut self, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        self.end_short_notes(now, out);
        self.write_hands(now, false);
        self.take_turns(false);
        self.ask(now);
        self.listen(now);
        self.start_if_ready(now);
        self.counting.take_if(|count| count.end() <= now);
        self.keep_step(now);
        self.approach(now);
        while self.is_moving()
            && self.last_bar.is_none_or(|last| self.timeline.next_bar() <= last)
            && now >= self.transport.frame_of(self.timeline.next_start()) - self.lead()
        {
            self.commit(now, out);
            self.fire_scene(now, out);
            self.approach(now);
            self.ask(now);
            // Offline, the composer answers at once; live, it will by the next call.
            self.listen(now);
        }
        let beats = self.transport.beats_at(now);
        let begun = |bar: &Bar| self.transport.frame_of(bar.start) <= now;
        // What was cut short by a stop does not sound once more while the next bar is counted in.
        if self.is_moving() && self.counting.is_none() {
            let bars = self.timeline.bars();
            self.sounding = bars.iter().rposition(begun).filter(|&at| beats < bars[at].start + bars[at].length());
        }
        self.arrive(now, out);
        let horizon = self.horizon(now);
        let (hushed, slots, silenced) = (self.playing == Playing::Hushed, &self.slots, &mut self.silenced);
        let (hands, armed) = (&self.hands, &self.armed);
        // Nobody mutes the count-in, which has no name.
        let silent = |voice: VoiceSlot, at: Frames| {
            let muted = |name: &String| !armed.mix_at(at).unwrap_or(&hands.mix).sounds(name);
            hushed || slots.get(usize::from(voice.0)).is_some_and(muted)
        };
        self.agenda.send_until(horizon, |event| match event.action {
            Action::NoteOn { voice, pitch, .. } if silent(voice, event.at) => {
                silenced.push((voice, pitch));
            }
            // Where two voices share a channel, the end of a note that did not sound would end the other's.
            Action::NoteOff { voice, pitch } => match silenced.iter().position(|note| *note == (voice, pitch)) {
                Some(at) => drop(silenced.swap_remove(at)),
                None => out(event),
            },
            _ => out(event),
        });
        // Behind what starts the boxes.
        self.pulse(horizon, out);
        self.armed.pass(now, &mut self.hands.mix);
    }

    fn start_if_ready(&mut self, now: Frames) {
        let Some(asked) = self.starting else { return };
        if self.is_cued() {
            return;
        }
        let rate = self.transport.rate();
        let earliest = now + self.lead_in();
        let first = self.on_line.map_or(earliest, |line| line.max(earliest));
        // Who plays to a line has counted in.
        let count = if self.on_line.is_none() { self.count_in(first) } else { None };
        let start = count.as_ref().map_or(first, CountIn::end);
        // Whoever composes has the count-in, too.
        let spare = now + (start - first) < asked + rate.frames_in(self.patience());
        let patient = self.pace == Pace::Live
            && self.on_line.map_or(spare, |line| earliest < line)
            && matches!(self.composer_state.as_str(), "starting" | "ready");
        if self.timeline.known_ahead(1) == 0 && patient {
            return;
        }
        self.transport.restart(self.timeline.next_start(), start);
        self.leader.begins(start);
        self.starting = None;
        self.on_line = None;
        if let Some(count) = count {
            self.begin_count(count);
        }
        self.begin_pulses();
    }

    /// Whether the composer cannot have written anything for this scene by the next commit point.
    fn is_late_for(&self, scene: &Scene, now: Frames) -> bool {
        let left = self.transport.frame_of(self.timeline.next_start()) - self.lead() - now;
        let composed = scene.voices.iter().any(|voice| voice.by == crate::prompt::By::Model);
        self.is_moving() && composed && left < self.transport.rate().frames_in(self.answer_time())
    }

    /// From the decision to play to the first note.
    fn lead_in(&self) -> Frames {
        self.transport.rate().frames_in(START_LEAD + self.latency())
    }

    /// Whether bars are being committed.
    fn is_moving(&self) -> bool {
        self.playing != Playing::Stopped && self.starting.is_none()
    }

    /// What is due before this has left for the outputs.
    fn horizon(&self, now: Frames) -> Frames {
        let notice = if self.notice.is_zero() { self.notice } else { self.notice + self.latency() };
        now + self.transport.rate().frames_in(notice)
    }

    /// Gives the scene's voices their slots. When there are no more slots, those of voices that are gone are given again.
    fn settle(&mut self, scene: &Scene) {
        for voice in &scene.voices {
            if self.slot(&voice.name).is_some() {
                continue;
            }
            if self.slots.len() < MAX_VOICES {
                self.slots.push(voice.name.clone());
            } else {
                let (now, newest, next) = (&self.scene, self.timeline.scene(), self.timeline.next_scene());
                let needed = |name: &str| {
                    [scene, now, newest, next].iter().any(|scene| scene.voices.iter().any(|v| v.name == name))
                };
                let Some(free) = self.slots.iter().position(|name| !needed(name)) else {
                    self.say(
                        Level::Error,
                        format!("{} finds no room among {MAX_VOICES} voices until the next bar", voice.name),
                    );
                    continue;
                };
                self.slots[free].clone_from(&voice.name);
            }
        }
    }

    fn commit(&mut self, now: Frames, out: &mut dyn FnMut(ScheduledEvent)) {
        self.enter();
        self.fire(out);
        self.take_turns(true);
        let (bar, rungs) = self.timeline.commit();
        self.tally.ladder += rungs;
        let slots = &self.slots;
        let slot = |name: &str| slots.iter().position(|known| known == name).map(|at| VoiceSlot(at as u8));
        self.agenda.schedule(bar, &self.transport, slot);
        if self.last_bar.is_some_and(|last| self.timeline.next_bar() > last) {
            self.agenda.end_ties(&self.transport);
        }
        self.mix_bar(now);
        self.watch_speed();
    }

    /// Asks the composer anew when the text has changed, when it may go further than before, or when the music begins or ends.
    fn ask(&mut self, now: Frames) {
        let ahead = self.ahead();
        let reach = self.timeline.next_bar() + ahead as i64;
        let awaited = self.playing != Playing::Stopped;
        // What is armed is written as soon as all is there up to its line.
        let armed = self.timeline.turns_to_prepared(ahead);
        let number = |timeline: &mut Timeline| (timeline.question(), timeline.asked_from(ahead));
        let of_armed = armed.then(|| self.timeline.in_prepared(number)).flatten();
        let (question, from) = of_armed.unwrap_or_else(|| number(&mut self.timeline));
        let knobs = self.hands.knobs();
        let asked = Asking { question, reach, from, awaited, knobs };
        if self.asked != Some(asked) {
            self.asked = Some(asked);
            let of_armed = armed.then(|| self.timeline.in_prepared(|timeline| timeline.prompt(ahead))).flatten();
            let prompt = of_armed.unwrap_or_else(|| self.timeline.prompt(ahead));
            let prompt = Prompt { candidates: self.candidates, knobs, due: self.due(now), ..prompt };
            self.composer.ask(&prompt);
        }
    }

    /// Takes what the composer says; what it is asked depends on it where metre or key change.
    fn listen(&mut self, now: Frames) {
        while let Some(reply) = self.composer.poll() {
            self.reply(reply);
            self.ask(now);
        }
    }

    fn reply(&mut self, reply: Reply) {
        match reply {
            Reply::Ready { model, bar_micros } => {
                "ready".clone_into(&mut self.composer_state);
                // Whatever it was asked before, it has not heard of, or with deadlines that have passed.
                self.asked = None;
                self.say(Level::Info, format!("composer ready: {model}"));
                self.model = model;
                if bar_micros > 0 {
                    self.speed.took(Duration::from_micros(bar_micros));
                    self.watch_speed();
                }
            }
            // It is believed to be as long as it ever was, and a little less each time.
            Reply::RoundTrip { micros } => {
                self.round_trip = Duration::from_micros(micros).max(self.round_trip * 7 / 8);
            }
            Reply::Pong { .. } => {}
            Reply::Bar(bar) => self.bar(bar),
            Reply::Failed { message } => {
                "failed".clone_into(&mut self.composer_state);
                if self.failure.as_ref() != Some(&message) {
                    self.say(Level::Error, format!("composer: {message}; the ladder plays on"));
                    self.failure = Some(message);
                }
            }
            Reply::Restarting { reason } => {
                "restarting".clone_into(&mut self.composer_state);
                if self.failure.as_ref() != Some(&reason) {
                    self.say(Level::Warning, format!("composer {reason}; it is started again, the music goes on"));
                    self.failure = Some(reason);
                }
            }
        }
    }

    fn bar(&mut self, bar: ComposedBar) {
        self.tally.composed += 1;
        self.failure = None;
        "ready".clone_into(&mut self.composer_state);
        let voices = bar.cells.len() as u32;
        if bar.micros > 0 && voices > 0 {
            self.speed.took(Duration::from_micros(bar.micros) / voices);
            self.watch_speed();
            let speed = bar.tokens as f32 * 1e6 / bar.micros as f32;
            let share = if self.tally.tokens_per_second == 0.0 { 1.0 } else { 0.1 };
            self.tally.tokens_per_second += share * (speed - self.tally.tokens_per_second);
        }
        if let Err(message) = self.timeline.take(bar) {
            self.tally.refused += 1;
            self.say(Level::Warning, message);
        }
    }

    fn answer(&mut self, done: Result<String, String>) {
        match done {
            Ok(text) => self.say(Level::Info, text),
            Err(text) => self.say(Level::Warning, text),
        }
    }

    fn say(&mut self, level: Level, text: String) {
        self.messages.push(Message { level, text });
    }

    /// Where the music is: the sounding bar and the time within it.
    fn position(&self, now: Frames) -> Option<(&Bar, Beats)> {
        let bar = &self.timeline.bars()[self.sounding?];
        let position = self.transport.beats_at(now) - bar.start;
        Some((bar, position.max(Beats::ZERO)))
    }
}

#[cfg(test)]
mod tests;
