//! The program: reads the command line and hands over to the command. A table of contents.

mod assets;
mod cli;
mod commands;
mod desk;
mod kept;
mod last;
mod library;
mod outputs;
mod play;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};

/// Counts its calls, for `bench`.
#[global_allocator]
static HEAP: barline::heap::Counted = barline::heap::Counted;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(Command::Play(cli.play));
    if matches!(
        command,
        Command::Rehearse(_)
            | Command::Notes(_)
            | Command::Check(_)
            | Command::Devices { .. }
            | Command::Doctor
            | Command::Bench(_)
    ) {
        commands::end_with_the_reader();
    }
    let result = match command {
        Command::Play(arguments) => play::play(&arguments),
        Command::Render(arguments) => commands::render(&arguments),
        Command::Replay(arguments) => commands::replay(&arguments),
        Command::Rehearse(arguments) => commands::rehearse(&arguments),
        Command::Notes(arguments) => commands::notes(&arguments),
        Command::Check(arguments) => commands::check(&arguments),
        Command::Devices { json } => commands::devices(json),
        Command::Doctor => commands::doctor(),
        Command::Bench(arguments) => commands::bench(&arguments),
        Command::Audition(arguments) => commands::audition(&arguments),
        Command::Compose { model } => commands::compose(model.as_deref()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                eprintln!("barline: {}", failure.message);
            }
            ExitCode::from(failure.code)
        }
    }
}
