//! The allocator of core.wasm. It never frees memory.
//!
//! An instance answers one request and is then discarded with all of its memory. An allocator that reuses memory would
//! make up a tenth of the module, and every `drop` would add code that calls it.
#![allow(unsafe_code, reason = "an allocator hands out raw memory")]

use std::alloc::{GlobalAlloc, Layout};
use std::arch::wasm32;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// The unit in which a WASM memory grows, in bytes.
const PAGE: usize = 64 * 1024;

#[global_allocator]
static ALLOCATOR: BumpAllocator = BumpAllocator { next: AtomicUsize::new(0) };

struct BumpAllocator {
    /// The first address that was never allocated, or 0 before the first allocation.
    next: AtomicUsize,
}

unsafe extern "C" {
    /// The linker puts this symbol after the last of the module's own data.
    static __heap_base: u8;
}

impl BumpAllocator {
    fn next(&self) -> usize {
        match self.next.load(Relaxed) {
            0 => (&raw const __heap_base).addr(),
            next => next,
        }
    }

    /// Makes the memory below `end` usable and returns whether the host granted it.
    fn advance_to(&self, end: usize) -> bool {
        let missing = end.saturating_sub(wasm32::memory_size::<0>() * PAGE);
        let granted = missing == 0 || wasm32::memory_grow::<0>(missing.div_ceil(PAGE)) != usize::MAX;
        if granted {
            self.next.store(end, Relaxed);
        }
        granted
    }
}

// SAFETY: a WASM instance has one thread. Each block begins after all earlier blocks, and lies in memory that the
// instance has.
unsafe impl GlobalAlloc for BumpAllocator {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = self.next().checked_next_multiple_of(layout.align());
        match start.and_then(|start| Some((start, start.checked_add(layout.size())?))) {
            Some((start, end)) if self.advance_to(end) => std::ptr::with_exposed_provenance_mut(start),
            _ => std::ptr::null_mut(),
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller upholds the contract of `alloc`. Memory that was never allocated is zero.
        unsafe { self.alloc(layout) }
    }

    /// Grows a block in place if it is the last one. Most vectors grow while nothing else is allocated.
    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let start = block.addr();
        if start + layout.size() == self.next()
            && let Some(end) = start.checked_add(size)
            && self.advance_to(end)
        {
            return block;
        }
        // SAFETY: the caller guarantees a valid size for this alignment. The new block does not overlap the old one.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                std::ptr::copy_nonoverlapping(block, new, layout.size().min(size));
            }
            new
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
