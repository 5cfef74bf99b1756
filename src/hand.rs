//! The performer's hand: what it played, bar by bar or in free time, what it is for, and whose turn it is when a voice trades with it. Values;
//! the conductor owns them.

mod capture;
mod quantise;
mod spell;
pub mod tempo;
mod trade;
mod uses;

pub use capture::{Capture, Grid};
pub use spell::spell;
pub use tempo::{Estimate, estimate};
pub use trade::Trade;
pub use uses::{Turn, Use};
