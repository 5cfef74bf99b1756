//! Barline, a live-coding instrument for the terminal: the performer edits text, a language model keeps writing the next bars in ABC,
//! a scheduler plays them on time.
//!
//! # The way of a bar
//!
//! ```text
//! prompts ─watch─▶ ui ──Scene──▶ conductor ──Prompt (newest wins)──▶ compose::link ◀─frames─▶ composer (child process)
//!                  ▲             │ timeline, transport, ladder ◀──────── ComposedBar ───┘
//!                  └───Event─────┤
//!                                └──ScheduledEvent──▶ engine + synth (audio callback) ──Block──▶ tape (own thread)
//!                                ├──ScheduledEvent──▶ midi (own thread)
//!                                └──────Line─────────▶ journal (own thread)
//! ```
//!
//! An evaluated [`prompt::Scene`] goes to the [`conductor`], which asks a [`compose::Composer`] for bars and keeps what it knows of the
//! future in a [`timeline`]. At the commit point, some tens of milliseconds before its bar line, a bar is fixed: what is planned, and
//! the [`ladder`] for what is not there. From then on it is a list of events with frames, which the [`scheduler`] passes to the
//! [`engine`] and to [`midi`] shortly before they are due. `render` runs the same conductor and engine in a loop.
//!
//! # The map
//!
//! | values, without I/O or clock | |
//! | --- | --- |
//! | [`time`] | [`time::Beats`] (exact), [`time::Frames`]; [`transport`] alone converts |
//! | [`abc`], [`score`], [`notes`], [`check`] | text to notes and back, whole tunes and single bars; [`abc::bar`] is the automaton that a bar cannot get out of |
//! | [`prompt`], [`steer`], [`accompany`] | scenes, voices, words; words to control words, by a lexicon; chord symbols to notes |
//! | [`rig`] | hardware by name, the way of each event to it, which boxes follow our MIDI clock, and which one we follow |
//! | [`feature`] | what some bars are like, and which control words are true of them |
//! | [`timeline`], [`transport`], [`ladder`], [`conductor`] | which bars there are, when they are, what fills a gap; [`transport::follow`] another's clock |
//! | [`synth`], [`engine`], [`queue`] | patches, voices, and events in, sound out |
//! | [`render`], [`record`], [`export`], [`import`] | the engine in a loop; WAV, MIDI and ABC of what was played, and MIDI back |
//! | [`journal`], [`replay`] | the lines of a set and their way back; its steps and notes again |
//! | [`hand`] | notes played by hand, as bars; what a hand is for, call and answer; tempo, metre and key of a phrase in free time |
//! | [`keep`] | bars that were heard, written into the text |
//! | [`rehearse`] | scripted sets on virtual time: what would be heard and said |
//! | [`audition`] | what a model writes, judged |
//! | [`event`] | what rooms tell each other |
//! | [`figures`] | what benchmarks share |
//!
//! | rooms | thread |
//! | --- | --- |
//! | [`ui`] | main; the only writer of the editor |
//! | [`watch`] | its own; reads changed files |
//! | [`scheduler`] | its own, real-time where permitted; runs the conductor, through [`journal::Recorder`] |
//! | [`journal::Journal`] | its own; the file of the set |
//! | [`tape`] | its own; what is heard, to disk: the audio callback gives it blocks through a ring ([`tape::Tap`]); the notes of a recording by another |
//! | [`replay::Player`] | its own, real-time where permitted; in the scheduler's place |
//! | [`compose::link`] | its own; owns the child process, restarts it |
//! | [`compose::child`] | the child: a reader thread, and one decode thread at low priority |
//! | [`audio`] | the device's callback, or JACK's process callback, which plays MIDI, too ([`midi::CyclePort`]); it never allocates, locks or logs |
//! | [`midi`] | its own, real-time where permitted; outputs are looked after by another, inputs by a third ([`midi::Inputs`]) |
//! | [`clock`], [`realtime`], [`heap`] | none: what the audio side publishes of its frames any thread reads; priority is raised by each for itself |
//!
//! # Invariants
//!
//! * The music never waits for the model: whoever plays, plays what is there at the commit point. A bar that cannot be there is not begun.
//! * Committed bars never change, and what is committed is what is heard and what was shown. Only a stop takes back those that have not
//!   begun. Where another clock is followed, their places in the music stay and their frames go with it ([`transport::Transport::bend`]).
//! * What the hand plays sounds at once. Its part of a bar is committed as silence; what it played is known when the bar is over, and is
//!   for eyes, the composer and the text alone.
//! * Each bar that a model writes is full and keeps the voice's rules, by construction ([`abc::bar`]), for any vocabulary that can
//!   spell the subset ([`compose::mask::Vocabulary`]); the parent reads it again all the same.
//! * The composer's text is a pure function of header, words and bars ([`compose::stream`]); its cache is only a shortcut.
//! * Who strikes a note ends it: the agenda sends the note-off, the outputs keep a table of what sounds.
//! * The audio callback and the MIDI thread allocate nothing (`tests/realtime.rs` runs them under an allocation check).
//! * What goes to the outputs goes through the recorder, and a replay sends the same again: it is the same music by construction. Only MIDI
//!   clock is not written down, since it follows from the tempo, nor what counts in.
//! * Parsing never fails; it returns what it understood and a list of diagnostics with places.
//! * A text with errors never replaces one without.
//!
//! # Non-goals
//!
//! * No score engraving: any ABC program shows what Barline writes.
//! * No samples and no plug-ins: patches are text, everything else is MIDI.
//! * No llama.cpp sampler or grammar: they cannot count a bar, and abort the process when misused.
//! * No network: what is on stage is on the laptop. Who wants a model elsewhere gives a command that speaks to it (`--composer`).

pub mod abc;
pub mod accompany;
pub mod audio;
pub mod audition;
pub mod check;
pub mod clock;
pub mod compose;
pub mod conductor;
pub mod engine;
pub mod event;
pub mod export;
pub mod feature;
pub mod figures;
pub mod hand;
pub mod heap;
pub mod import;
pub mod journal;
pub mod keep;
pub mod ladder;
pub mod midi;
pub mod notes;
pub mod prompt;
pub mod queue;
pub mod realtime;
pub mod record;
pub mod rehearse;
pub mod render;
pub mod replay;
pub mod rig;
pub mod scheduler;
pub mod score;
pub mod steer;
pub mod synth;
pub mod tape;
pub mod time;
pub mod timeline;
pub mod transport;
pub mod ui;
pub mod watch;
