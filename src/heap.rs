//! The heap, counted: an allocator that is the system's and knows how often each thread has called it. For `barline bench`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

/// How often this thread has allocated, grown or freed something so far; 0 in a program whose allocator is not [`Counted`].
#[must_use]
pub fn calls() -> u64 {
    CALLS.with(Cell::get)
}

/// The system's allocator.
#[derive(Clone, Copy, Debug)]
pub struct Counted;

fn count() {
    // A thread that ends frees what is left behind its own variables.
    let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
}

// SAFETY: everything is the system allocator's; a counter of the thread's own that never allocates stands beside it.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.realloc(place, layout, size) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}
