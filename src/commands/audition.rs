//! `barline audition`: the musical scoreboard of a model, and the file beside it that knows the training.

use crate::cli::{AuditionArguments, Failure};

#[cfg(feature = "llama")]
pub fn audition(arguments: &AuditionArguments) -> Result<(), Failure> {
    use barline::audition::{self, Plan};
    let assets = crate::assets::locate().map_err(|error| Failure::machine(error.to_string()))?;
    let path = crate::library::model(arguments.model.as_deref(), &assets)?
        .ok_or_else(|| Failure::machine("there is no model; give a GGUF file with --model"))?;
    let say = |what: &str| eprintln!("{what}");
    let own = sha256(&path)?;
    let beside = path.with_extension("eval");
    let mut writer = super::load(&path).map_err(Failure::machine)?;
    if let Some(text) = &arguments.learn {
        let mut learned = audition::learn(text).map_err(Failure::input)?;
        let bits = audition::bits_per_char(writer.model_mut(), &learned.texts).map_err(Failure::machine)?;
        learned.eval.figures.extend(bits);
        learned.eval.model = own;
        learned.eval.write(&beside).map_err(Failure::machine)?;
        say(&format!("wrote {}", beside.display()));
        let unit = "from the .eval file".to_owned();
        let figures: Vec<_> =
            learned.eval.figures.iter().map(|(name, &value)| (name.clone(), value, unit.clone())).collect();
        super::print_figures("audition", &figures, arguments.json);
        return Ok(());
    }
    let eval = audition::eval::Eval::read(&beside).map_err(Failure::input)?;
    if eval.is_none() {
        say(&format!(
            "there is no {}: nothing stands beside the figures, and copies are not looked for",
            beside.display()
        ));
    }
    // What is at fault is said before the minutes pass.
    let texts = arguments.text.as_deref().map(audition::learn).transpose().map_err(Failure::input)?;
    let guest = arguments.guest.as_deref().map(super::load).transpose().map_err(Failure::machine)?;
    let plan = if arguments.quick { Plan::QUICK } else { Plan::WHOLE };
    let mut figures = audition::audition(&mut writer, eval.as_ref(), &plan, &say).map_err(Failure::machine)?.0;
    if let Some(learned) = texts {
        say("bits per character");
        let bits = audition::bits_per_char(writer.model_mut(), &learned.texts).map_err(Failure::machine)?;
        let baseline = learned.eval.figures.into_iter().filter(|(name, _)| name.starts_with("bits_per_char"));
        figures.extend(bits.into_iter().chain(baseline).map(|(name, value)| (name, value, "bits".to_owned())));
    } else if let Some(eval) = &eval {
        figures.extend(audition::known(eval, &own).0);
    }
    if let Some(mut guest) = guest {
        figures.extend(audition::guest(&mut guest, &say).map_err(Failure::machine)?.0);
    }
    super::print_figures("audition", &figures, arguments.json);
    Ok(())
}

/// The start of a model file's SHA-256, by which figures know it again.
#[cfg(feature = "llama")]
fn sha256(path: &std::path::Path) -> Result<String, Failure> {
    use sha2::Digest as _;
    let bytes = std::fs::read(path).map_err(|error| Failure::machine(format!("{}: {error}", path.display())))?;
    let digest = sha2::Sha256::digest(&bytes);
    let start: [u8; 8] = std::array::from_fn(|at| digest[at]);
    Ok(format!("{:016x}", u64::from_be_bytes(start)))
}

#[cfg(not(feature = "llama"))]
pub fn audition(_arguments: &AuditionArguments) -> Result<(), Failure> {
    Err(Failure::machine("built without llama.cpp (feature `llama`)"))
}
