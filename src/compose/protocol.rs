//! The frames between instrument and composer process: four bytes of length (little endian), one of version, then JSON.
//! Plain functions over `Read` and `Write`; used on the link's threads and in the child.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Raised with every change that an older child could not read.
pub const VERSION: u8 = 7;
/// A longer frame is a broken pipe or a stray print, not a prompt.
const MAX_FRAME: u32 = 16 << 20;

pub fn write_frame<T: Serialize>(out: &mut impl Write, value: &T) -> io::Result<()> {
    let body = serde_json::to_vec(value)?;
    let mut frame = Vec::with_capacity(body.len() + 5);
    frame.extend((body.len() as u32 + 1).to_le_bytes());
    frame.push(VERSION);
    frame.extend(body);
    out.write_all(&frame)?;
    out.flush()
}

/// Why there is no frame.
#[derive(Debug)]
pub enum Unreadable {
    /// The stream ended, perhaps within a frame.
    Ended,
    /// The other side speaks frames of this version.
    Version(u8),
    /// What came is no frame.
    Nonsense,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unreadable::Ended => f.write_str("ended"),
            Unreadable::Version(theirs) => write!(
                f,
                "speaks frames of version {theirs}, this barline version {VERSION}: install the same barline on both sides"
            ),
            Unreadable::Nonsense => f.write_str(
                "does not speak Barline's frames; its command must end in `barline compose`, and nothing else may print to its stdout",
            ),
        }
    }
}

/// The next frame.
pub fn read_frame<T: DeserializeOwned>(input: &mut impl Read) -> Result<T, Unreadable> {
    let mut head = [0; 5];
    input.read_exact(&mut head).map_err(|_| Unreadable::Ended)?;
    let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
    if length == 0 || length > MAX_FRAME {
        return Err(Unreadable::Nonsense);
    }
    if head[4] != VERSION {
        return Err(Unreadable::Version(head[4]));
    }
    let mut body = vec![0; length as usize - 1];
    input.read_exact(&mut body).map_err(|_| Unreadable::Ended)?;
    serde_json::from_slice(&body).map_err(|_| Unreadable::Nonsense)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Reply;

    #[test]
    fn frames_come_back_and_garbage_does_not() {
        let mut wire = Vec::new();
        for number in 0..3 {
            write_frame(&mut wire, &Reply::Pong { number }).unwrap();
        }
        let mut input = wire.as_slice();
        for number in 0..3 {
            assert_eq!(read_frame::<Reply>(&mut input).unwrap(), Reply::Pong { number });
        }
        let read = |mut bytes: &[u8]| read_frame::<Reply>(&mut bytes);
        assert!(matches!(read(input), Err(Unreadable::Ended)));
        assert!(matches!(read(&wire[..9]), Err(Unreadable::Ended)));
        for nonsense in [b"Welcome to this machine".as_slice(), b"\0\0\0\0\x03", &[3, 0, 0, 0, VERSION, b'{', b'}']] {
            assert!(matches!(read(nonsense), Err(Unreadable::Nonsense)), "{nonsense:?}");
        }
        wire[4] = VERSION + 1;
        let error = read(&wire).unwrap_err();
        assert!(matches!(error, Unreadable::Version(theirs) if theirs == VERSION + 1));
        let said = error.to_string();
        assert!(
            said.contains(&format!("version {},", VERSION + 1)) && said.contains(&format!("version {VERSION}:")),
            "{said}"
        );
    }
}
