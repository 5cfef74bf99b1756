//! Typed text outlives the screen: what no file holds when playing ends is written to the user's state folder. Main thread.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use barline::ui::app::App;

/// The app while it runs. However it ends, by signal or panic too, typed text that no file holds is kept.
pub struct Kept {
    pub app: App,
    pub folder: Option<PathBuf>,
    /// [`TYPED`]
    pub typed: Option<PathBuf>,
}

/// Where typed text is that no file holds, while the instrument runs.
pub const TYPED: &str = "typed.json";

/// Writes it away in the place of what was there; beside it first, so that a machine that fails in the middle leaves the old one. A disk that is
/// full costs no more than this.
pub fn write_typed(path: Option<&Path>, typed: &[(PathBuf, String)]) {
    let Some(path) = path else { return };
    let new = path.with_extension("new");
    let bytes = serde_json::to_vec(typed).unwrap_or_default();
    let _ = std::fs::write(&new, bytes).and_then(|()| std::fs::rename(&new, path));
}

/// What a set before has left.
#[must_use]
pub fn read_typed(path: Option<&Path>) -> Vec<(PathBuf, String)> {
    let bytes = path.and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

impl Kept {
    fn keep(&self, path: &Path, text: &str) -> std::io::Result<PathBuf> {
        let folder = self.folder.as_ref().ok_or_else(|| std::io::Error::other("there is no home folder"))?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        std::fs::create_dir_all(folder)?;
        let kept = folder.join(format!("{now}-{name}"));
        std::fs::write(&kept, text)?;
        Ok(kept)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // The next set is offered what stands there now, however this one ends.
        write_typed(self.typed.as_deref(), &self.app.typed());
        for (path, text) in self.app.unsaved() {
            let outcome = match self.keep(path, &text) {
                Ok(kept) => format!("is in {}", kept.display()),
                Err(error) => format!("could not be kept: {error}"),
            };
            // The terminal may have hung up.
            let _ = writeln!(std::io::stderr(), "barline: the unsaved text of {} {outcome}", path.display());
        }
    }
}
