//! The engine's settings. One source for the build script, which compiles the core, and for the program, which runs it:
//! wasmtime refuses code that was compiled under other settings.

use wasmtime::Config;

/// The most native stack the core may use, in bytes: four times what the deepest request that serde_json parses needs.
pub const MAX_STACK_BYTES: usize = 256 * 1024;

/// The most linear memory of the core, in bytes. A request of the greatest length needs half of it.
pub const MAX_MEMORY_BYTES: usize = 32 * 1024 * 1024;

/// The settings that both sides share.
pub fn shared() -> Config {
    let mut config = Config::new();
    config
        // Deterministic: the same request always costs the same.
        .consume_fuel(true)
        .max_wasm_stack(MAX_STACK_BYTES)
        // Every access is checked in code: no signal handlers in a process that is a guest of somebody's terminal, and no
        // gigabytes of guard, so that a tight `ulimit -v` is enough.
        .signals_based_traps(false)
        .memory_guard_size(0)
        .guard_before_linear_memory(false)
        // Address space, not memory. Without it wasmtime takes the memory from malloc and writes zeros to all of it, which
        // costs more than the decision.
        .memory_reservation(MAX_MEMORY_BYTES as u64)
        .memory_may_move(false)
        .memory_init_cow(false)
        // A trap is reported by its kind; nobody reads a backtrace of it.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false)
        // What the core does not use.
        .wasm_relaxed_simd(false)
        .wasm_simd(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_tail_call(false);
    config
}
