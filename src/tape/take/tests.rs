use std::collections::VecDeque;
use std::io::{self, Cursor, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::*;

const RATE: SampleRate = SampleRate(8000);

/// A disk for a file, which takes so many bytes.
#[derive(Clone)]
struct Disk(Arc<Mutex<(Cursor<Vec<u8>>, usize)>>);

impl Disk {
    fn of(bytes: usize) -> Disk {
        Disk(Arc::new(Mutex::new((Cursor::default(), bytes))))
    }

    /// What stands there, as a program reads it.
    fn samples(&self) -> Vec<i32> {
        let bytes = self.0.lock().expect("a disk").0.get_ref().clone();
        let reader = hound::WavReader::new(Cursor::new(bytes)).expect("a WAV file");
        assert_eq!((reader.spec().channels, reader.spec().sample_rate, reader.spec().bits_per_sample), (2, 8000, 24));
        reader.into_samples().map(|sample| sample.expect("a sample")).collect()
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (file, room) = &mut *self.0.lock().expect("a disk");
        let count = bytes.len().min(*room - (file.position() as usize).min(*room));
        if count == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        file.write(&bytes[..count])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.lock().expect("a disk").0.seek(to)
    }
}

/// A take on these disks, one after the other, each for so many bytes of sound.
fn take(disks: &[Disk], most: u64) -> Take<BufWriter<Disk>> {
    let mut disks: VecDeque<Disk> = disks.to_vec().into();
    let mut number = 0;
    let open = move || {
        let disk = disks.pop_front().ok_or_else(|| ExportError::new(Path::new("a"), &"no disk"))?;
        number += 1;
        WavFile::new(BufWriter::new(disk), Path::new(&number.to_string()), RATE).map(|file| file.holding(most))
    };
    Take::new(RATE, Box::new(open)).expect("begun")
}

/// Frames whose sound is their number, on the left, and its opposite.
fn block(frames: std::ops::Range<i64>) -> Block {
    let left: Vec<f32> = frames.clone().map(|frame| frame as f32 / 8_388_607.0).collect();
    let right: Vec<f32> = left.iter().map(|sample| -sample).collect();
    Block::new(Frames(frames.start), &left, &right)
}

fn frames(samples: &[i32]) -> Vec<i64> {
    let frame = |frame: &[i32]| {
        assert_eq!(frame[0], -frame[1]);
        i64::from(frame[0])
    };
    samples.chunks_exact(2).map(frame).collect()
}

#[test]
fn what_was_lost_is_silence_of_its_length() {
    let disk = Disk::of(usize::MAX);
    let mut take = take(std::slice::from_ref(&disk), u64::MAX);
    for frames in [1000..1064, 1064..1070, 1300..1310] {
        take.write(&block(frames)).expect("written");
    }
    assert_eq!((take.length(), take.lost()), (Frames(310), Frames(230)));
    take.silence(Frames(1320)).expect("written");
    take.silence(Frames(1100)).expect("nothing");
    let (taken, wrong) = take.end(None);
    assert_eq!((taken.from, taken.to, taken.lost, wrong), (Frames(1000), Frames(1320), Frames(240), None));
    let expected = (1000..1070).chain([0; 230]).chain(1300..1310).chain([0; 10]).collect::<Vec<i64>>();
    assert_eq!(frames(&disk.samples()), expected);
}

#[test]
fn a_take_without_sound_is_an_empty_file() {
    let disk = Disk::of(usize::MAX);
    let mut take = take(std::slice::from_ref(&disk), u64::MAX);
    take.silence(Frames(9999)).expect("nothing to be in time with");
    let (taken, wrong) = take.end(None);
    assert_eq!((taken.from, taken.to, wrong), (Frames(0), Frames(0), None));
    assert_eq!(disk.samples(), [0; 0]);
}

/// As it is after a crash: nothing but the disk is left.
#[test]
fn the_file_is_whole_each_second() {
    let disk = Disk::of(usize::MAX);
    let mut take = take(std::slice::from_ref(&disk), u64::MAX);
    for start in (0..20_000).step_by(BLOCK) {
        take.write(&block(start..start + BLOCK as i64)).expect("written");
        let (there, written) = (disk.samples().len() as i64 / 2, take.length().0);
        assert!(there <= written && written - there < i64::from(RATE.0), "{there} of {written}");
        assert_eq!(frames(&disk.samples()), (0..there).collect::<Vec<i64>>());
    }
}

#[test]
fn a_full_disk_is_told_and_what_is_there_stays() {
    for room in [100, 68 + 6 * 8000 - 1, 68 + 6 * 10_000, 68 + 6 * 20_000 + 5] {
        let disk = Disk::of(room);
        let mut take = take(std::slice::from_ref(&disk), u64::MAX);
        let mut blocks = (0..).step_by(BLOCK).map(|start| block(start..start + BLOCK as i64));
        let wrong = blocks.find_map(|block| take.write(&block).err()).expect("it is full");
        assert!(wrong.to_string().starts_with("cannot write 1: "), "{wrong}");
        let (taken, told) = take.end(Some(wrong.clone()));
        assert_eq!(told, Some(wrong));
        let safe = taken.to.0;
        assert_eq!(frames(&disk.samples()), (0..safe).collect::<Vec<i64>>(), "room for {room} bytes");
        // All but the last second, and what waits for the disk.
        let could = (room as i64 - 68) / 6;
        assert!(safe <= could && could - safe <= i64::from(RATE.0) + 2 * BLOCK as i64, "{safe} of {could}");
    }
}

#[test]
fn a_disk_that_is_full_at_the_end_is_told() {
    let disk = Disk::of(68 + 6 * 100);
    let mut take = take(std::slice::from_ref(&disk), u64::MAX);
    for start in (0..256).step_by(BLOCK) {
        take.write(&block(start..start + BLOCK as i64)).expect("it waits in memory");
    }
    let (taken, wrong) = take.end(None);
    assert_eq!((taken.from, taken.to), (Frames(0), Frames(0)));
    assert!(wrong.is_some());
}

#[test]
fn a_full_file_goes_on_in_another() {
    let disks = [(); 3].map(|()| Disk::of(usize::MAX));
    let mut take = take(&disks, 6 * 1000);
    for start in (0..2560).step_by(BLOCK) {
        take.write(&block(start..start + BLOCK as i64)).expect("written");
    }
    let (taken, wrong) = take.end(None);
    assert_eq!((taken.to, wrong), (Frames(2560), None));
    assert_eq!(taken.files, ["1", "2", "3"].map(PathBuf::from));
    let all: Vec<i32> = disks.iter().flat_map(Disk::samples).collect();
    assert_eq!(frames(&all), (0..2560).collect::<Vec<i64>>());
    assert_eq!(disks[0].samples().len(), 2 * 960, "whole blocks");
}
