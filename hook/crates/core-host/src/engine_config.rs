//! The settings of the engine, shared by the build script, which compiles the core, and by baton, which runs it.
//! wasmtime refuses code that was compiled with other settings.

use wasmtime::Config;

/// The maximum native stack of the core, in bytes. It is four times what the deepest request that serde_json parses
/// needs.
pub const MAX_STACK_BYTES: usize = 256 * 1024;

/// The maximum linear memory of the core, in bytes. The longest request needs half of it.
pub const MAX_MEMORY_BYTES: usize = 32 * 1024 * 1024;

/// Returns the settings that both sides share.
pub fn shared() -> Config {
    let mut config = Config::new();
    config
        // Fuel is deterministic: the same request always costs the same.
        .consume_fuel(true)
        .max_wasm_stack(MAX_STACK_BYTES)
        // Every memory access is checked in code. baton therefore needs no signal handlers, and no gigabytes of guard
        // pages that would not fit under a tight `ulimit -v`.
        .signals_based_traps(false)
        .memory_guard_size(0)
        .guard_before_linear_memory(false)
        // This reserves address space, not memory. Without a reservation wasmtime allocates the memory by malloc and
        // fills all of it with zeros, which costs more than the decision.
        .memory_reservation(MAX_MEMORY_BYTES as u64)
        .memory_may_move(false)
        .memory_init_cow(false)
        // A trap is reported by its kind. Nobody reads its backtrace.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false)
        // The core does not use these features.
        .wasm_relaxed_simd(false)
        .wasm_simd(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_tail_call(false);
    config
}
