//! The three exports of core.wasm. See ARCHITECTURE.md, "The ABI".
