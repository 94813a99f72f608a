#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| agent_baton_fuzz::file_archive(bytes));
