//! The frames between instrument and composer process: four bytes of length (little endian), one of version, then JSON.
//! Plain functions over `Read` and `Write`; used on the link's threads and in the child.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Raised with every change that an older child could not read.
pub const VERSION: u8 = 3;
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

/// `Ok(None)` at the end of the stream.
pub fn read_frame<T: DeserializeOwned>(input: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    if let Err(error) = input.read_exact(&mut length) {
        return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let length = u32::from_le_bytes(length);
    if length == 0 || length > MAX_FRAME {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes")));
    }
    let mut frame = vec![0; length as usize];
    input.read_exact(&mut frame)?;
    if frame[0] != VERSION {
        let text = format!("frames of version {}, expected {VERSION}", frame[0]);
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(Some(serde_json::from_slice(&frame[1..])?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Reply;

    #[test]
    fn frames_come_back_and_garbage_does_not() {
        let mut wire = Vec::new();
        for n in 0..3 {
            write_frame(&mut wire, &Reply::Ready { model: format!("m{n}") }).unwrap();
        }
        let mut input = wire.as_slice();
        for n in 0..3 {
            let reply: Reply = read_frame(&mut input).unwrap().unwrap();
            assert_eq!(reply, Reply::Ready { model: format!("m{n}") });
        }
        assert!(read_frame::<Reply>(&mut input).unwrap().is_none());
        assert!(read_frame::<Reply>(&mut b"llama_model_loader: loaded".as_slice()).is_err());
        wire[4] = VERSION + 1;
        assert!(read_frame::<Reply>(&mut wire.as_slice()).is_err());
    }
}
