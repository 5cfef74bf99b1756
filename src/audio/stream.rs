//! A cpal stream: its callback has the engine. The callback's thread belongs to the sound system.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{ErrorKind, FromSample, OutputCallbackInfo, SampleFormat, SizedSample};

use super::device::{CpalTarget, sentence};
use super::{CHUNK, Engine, Loan, Shared, Stream};
use crate::realtime;
use crate::time::Frames;

/// Asked of devices that let us choose: 11 ms at 48 kHz.
const PERIOD: u32 = 512;

impl Stream for cpal::Stream {}

/// Opens it and plays; errs with why it cannot be.
pub fn open(target: &CpalTarget, loan: Loan, shared: &Arc<Shared>) -> Result<Box<dyn Stream>, String> {
    let stream = of_format(target, loan, shared).map_err(|error| sentence(&error))?;
    Ok(Box::new(stream))
}

fn of_format(target: &CpalTarget, loan: Loan, shared: &Arc<Shared>) -> Result<cpal::Stream, cpal::Error> {
    match target.config.sample_format() {
        SampleFormat::F32 => open_as::<f32>(target, loan, shared),
        SampleFormat::F64 => open_as::<f64>(target, loan, shared),
        SampleFormat::I8 => open_as::<i8>(target, loan, shared),
        SampleFormat::I16 => open_as::<i16>(target, loan, shared),
        SampleFormat::I24 => open_as::<cpal::I24>(target, loan, shared),
        SampleFormat::I32 => open_as::<i32>(target, loan, shared),
        SampleFormat::U8 => open_as::<u8>(target, loan, shared),
        SampleFormat::U16 => open_as::<u16>(target, loan, shared),
        SampleFormat::U32 => open_as::<u32>(target, loan, shared),
        _ => Err(ErrorKind::UnsupportedConfig.into()),
    }
}

fn open_as<T: SizedSample + FromSample<f32>>(
    target: &CpalTarget,
    mut loan: Loan,
    shared: &Arc<Shared>,
) -> Result<cpal::Stream, cpal::Error> {
    let mut config = target.config.config();
    if let cpal::SupportedBufferSize::Range { min, max } = target.config.buffer_size()
        && (*min..=*max).contains(&PERIOD)
    {
        config.buffer_size = cpal::BufferSize::Fixed(PERIOD);
    }
    let channels = usize::from(config.channels);
    if let Some(engine) = &mut loan.engine {
        engine.scratch.resize(channels * CHUNK, 0.0);
    }
    let raise = target.raise;
    let (on_data, on_error) = (Arc::clone(shared), Arc::clone(shared));
    let mut first = true;
    let callback = move |out: &mut [T], info: &OutputCallbackInfo| {
        let (now, before) = (Instant::now(), realtime::thread_time());
        if std::mem::take(&mut first) && raise {
            // At its first run. From then on it asks for the time alone.
            let granted = realtime::raise(realtime::AUDIO_PRIORITY).is_ok();
            on_data.tell_priority(realtime::priority().or(granted.then_some(realtime::AUDIO_PRIORITY)));
        }
        on_data.callbacks.fetch_add(1, Ordering::Relaxed);
        let Some(Engine { renderer, publisher, scratch, .. }) = &mut loan.engine else { return };
        let stamp = info.timestamp();
        publisher.set_latency(stamp.playback.saturating_duration_since(stamp.callback));
        publisher.publish(renderer.frame(), now);
        for block in out.chunks_mut(scratch.len()) {
            let rendered = &mut scratch[..block.len()];
            renderer.process(rendered, channels);
            for (out, sample) in block.iter_mut().zip(rendered) {
                *out = T::from_sample(*sample);
            }
        }
        on_data.took(before, publisher.rate().duration_of(Frames((out.len() / channels) as i64)));
    };
    // May be called in a tight loop: counts, never prints.
    let failed = move |error: cpal::Error| match error.kind() {
        ErrorKind::Xrun => {
            on_error.xruns.fetch_add(1, Ordering::Relaxed);
        }
        ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => {}
        _ => on_error.broken.store(true, Ordering::Release),
    };
    let stream = target.device.build_output_stream(config, callback, failed, None)?;
    stream.play()?;
    Ok(stream)
}
