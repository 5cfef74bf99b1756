//! `barline bench clock`: the composer that is kept busy meanwhile, and the server for what goes through JACK.

use std::path::Path;

use barline::clock::bench::bench_clock;
use barline::compose::Composer;

/// At 5 ms each, a minute for each row.
const MESSAGES: usize = 10_000;

/// At 125 to the minute, two minutes.
#[cfg(feature = "jack")]
const BEATS: usize = 250;

pub type Figures = Vec<(&'static str, f64, &'static str)>;

pub fn figures(model: Option<&Path>) -> Figures {
    let composer = || crate::play::composer(model, None, &|_, text| eprintln!("{text}"));
    let mut figures = bench_clock(composer(), MESSAGES);
    match wire(&composer) {
        Ok(more) => figures.extend(more),
        Err(why) => eprintln!("no figures through JACK: {why}"),
    }
    figures
}

#[cfg(feature = "jack")]
fn wire(composer: &dyn Fn() -> Box<dyn Composer>) -> Result<Figures, String> {
    use barline::clock::server::Server;
    let name = format!("barline-bench-{}", std::process::id());
    // SAFETY: the threads of the figures before have ended, and no other runs yet.
    unsafe { std::env::set_var("JACK_DEFAULT_SERVER", &name) };
    let _server = Server::start(&name, true, 256).ok_or("there is no jackd")?;
    let mut figures = barline::clock::bench::bench_wire(composer(), MESSAGES / 2)?;
    figures.extend(barline::clock::bench::bench_followed(composer(), BEATS)?);
    Ok(figures)
}

#[cfg(not(feature = "jack"))]
fn wire(_: &dyn Fn() -> Box<dyn Composer>) -> Result<Figures, String> {
    Err("built without it (feature `jack`)".to_owned())
}
