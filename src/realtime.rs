//! Real-time scheduling for the threads that must be on time. Called once by each of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// `SCHED_FIFO` priorities. MIDI is above audio: it runs for microseconds and its lateness is heard at once.
pub const AUDIO_PRIORITY: u8 = 60;
pub const MIDI_PRIORITY: u8 = 65;

/// Whether [`raise`] behaves as on a machine that gives no rights.
static REFUSED: AtomicBool = AtomicBool::new(false);

/// From now on [`raise`] gives nothing, or gives again what the machine gives: to measure a machine without rights on one that has them.
pub fn refuse(refused: bool) {
    REFUSED.store(refused, Ordering::Relaxed);
}

/// Asks real-time scheduling for the calling thread; the error is one sentence. On Linux also a timer slack of a microsecond,
/// which needs no rights. Children do not inherit the priority.
#[cfg(target_os = "linux")]
pub fn raise(priority: u8) -> Result<(), String> {
    let refused = REFUSED.load(Ordering::Relaxed);
    // SAFETY: plain system calls on the calling thread, with pointers to locals that outlive them.
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1_000_u64);
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::getrlimit(libc::RLIMIT_RTPRIO, &raw mut limit);
        // Root may go beyond the limit, others up to it.
        for priority in [i32::from(priority), (limit.rlim_cur as i32).min(i32::from(priority))] {
            let mut parameter: libc::sched_param = std::mem::zeroed();
            parameter.sched_priority = priority;
            let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
            if !refused && priority > 0 && libc::sched_setscheduler(0, policy, &raw const parameter) == 0 {
                return Ok(());
            }
        }
    }
    Err("no real-time rights: add yourself to the group 'audio' (or 'realtime') and log in again".to_owned())
}

/// The real-time priority of the calling thread, whoever has given it; `None` without one.
#[cfg(target_os = "linux")]
#[must_use]
pub fn priority() -> Option<u8> {
    // SAFETY: plain system calls on the calling thread, with a pointer to a local that outlives them.
    unsafe {
        let policy = libc::sched_getscheduler(0) & !libc::SCHED_RESET_ON_FORK;
        let mut parameter: libc::sched_param = std::mem::zeroed();
        let known = libc::sched_getparam(0, &raw mut parameter) == 0;
        let realtime = known && matches!(policy, libc::SCHED_FIFO | libc::SCHED_RR);
        realtime.then(|| u8::try_from(parameter.sched_priority).unwrap_or(0))
    }
}

/// Not known on this system.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn priority() -> Option<u8> {
    None
}

/// How long the calling thread has run, which is not how long it took where others run as well. Never waits.
#[cfg(unix)]
#[must_use]
pub fn thread_time() -> Duration {
    // SAFETY: a plain system call with a pointer to a local that outlives it.
    let now = unsafe {
        let mut now: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now);
        now
    };
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// The time that has passed: what the thread itself has run is not known on this system.
#[cfg(not(unix))]
#[must_use]
pub fn thread_time() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

/// Asks the highest priority that the system gives to the calling thread; the error is one sentence.
#[cfg(not(target_os = "linux"))]
pub fn raise(_priority: u8) -> Result<(), String> {
    if REFUSED.load(Ordering::Relaxed) {
        return Err("no real-time rights".to_owned());
    }
    thread_priority::set_current_thread_priority(thread_priority::ThreadPriority::Max)
        .map_err(|error| format!("no real-time rights: {error:?}"))
}
