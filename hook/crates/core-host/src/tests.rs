//! Checks that the host answers every misbehaviour of a core with an error that names the violation.
#![allow(unsafe_code, reason = "modules are loaded as wasmtime compiled them")]

use std::error::Error;

use std::collections::BTreeSet;

use agent_baton_core::reason::Reason;

use super::*;

/// The modules of testing/malicious-modules, with a part of the expected error, which is empty if the module decides.
const CASES: &[(&str, &str)] = &[
    ("endless", "did not decide within its limit of 1000000000 units of fuel"),
    ("endless-start", "did not decide within its limit of 1000000000 units of fuel"),
    ("memory-bomb", "more memory than its limit of 33554432 bytes"),
    ("memory-large", "more memory than its limit of 33554432 bytes"),
    ("table-large", "the core could not be instantiated"),
    ("recursion", "more stack than its limit of 262144 bytes"),
    ("stops", "the core stopped: wasm trap: wasm `unreachable` instruction executed"),
    ("reads-outside", "the core stopped: wasm trap: out of bounds memory access"),
    ("alloc-outside", "bytes at 4294967295, which its memory does not hold"),
    ("reply-outside", "named 2 bytes at 65535, which its memory does not hold"),
    ("reply-long", "the core's reply has 16777216 bytes, over its limit of 4194304"),
    ("reply-empty", "the core's reply is not a decision: EOF"),
    ("reply-not-utf8", "the core's reply is not a decision"),
    ("reply-unknown-reason", "the core's reply is not a decision: unknown variant `whim`"),
    ("reply-of-other-protocol", "the core speaks protocol 3, but this program speaks 2"),
    ("protocol", "the core speaks protocol 99, but this program speaks 2"),
    ("imports", "it imports wasi_snapshot_preview1.clock_time_get; a core has no imports"),
    ("export-missing", "it does not export baton_alloc"),
    ("export-type", "its export baton_decide is (type (func (param i32 i32) (result i32))), not "),
    ("export-surplus", "it exports baton_debug, which a core does not have"),
    ("memory-missing", "it does not export memory"),
    ("well-behaved", ""),
];

fn ask(compiled: &[u8], request: &Request) -> Result<Decision, CoreError> {
    Core::from_compiled(compiled)?.decide(request)
}

fn any_request() -> Request {
    serde_json::from_str(include_str!("../../../tests/requests/prompt.json")).unwrap()
}

#[test]
fn whatever_a_core_does_the_host_gets_an_error_that_says_so() {
    for (name, expected) in CASES {
        let (_, compiled) = agent_baton_malicious_modules::MODULES.iter().find(|(module, _)| module == name).unwrap();
        match ask(compiled, &any_request()) {
            Ok(decision) => assert_eq!((decision.reason, *expected), (Reason::NoRun, ""), "{name}"),
            Err(error) => {
                let causes = std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source());
                let said = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
                assert!(!expected.is_empty() && said.contains(expected), "{name}: {said}");
            }
        }
    }
}

#[test]
fn every_hostile_module_is_asked() {
    let asked: BTreeSet<_> = CASES.iter().map(|(name, _)| name).collect();
    let present: BTreeSet<_> = agent_baton_malicious_modules::MODULES.iter().map(|(name, _)| name).collect();
    assert_eq!(asked, present);
}

#[test]
fn a_request_over_the_limit_does_not_reach_the_core() {
    let request = vec![b' '; MAX_REQUEST_BYTES + 1];
    let error = Core::load().unwrap().decide_bytes(&request).unwrap_err();
    assert!(matches!(error, CoreError::RequestTooLong(len) if len == request.len()), "{error}");
}

#[test]
fn bytes_that_are_no_compiled_code_are_refused() {
    // SAFETY: these bytes are refused before anything is executed.
    let error = unsafe { loader::load_copied(b"\0asm\x01\0\0\0") }.err().unwrap();
    assert!(matches!(error, CoreError::Load(_)), "{error}");
}

#[test]
fn a_copy_decides_as_the_core_in_place_does() {
    let request = serde_json::to_vec(&any_request()).unwrap();
    let (loaded, copy) = (Core::load().unwrap(), Core(loader::copy_embedded().unwrap()));
    assert_eq!((loaded.in_place(), copy.in_place()), (true, false));
    assert_eq!(loaded.decide_bytes(&request).unwrap(), copy.decide_bytes(&request).unwrap());
}

#[test]
fn fuel_is_the_same_each_time() {
    let request = serde_json::to_vec(&any_request()).unwrap();
    let core = Core::load().unwrap();
    let spent = || {
        let mut waiting = CoreInstance::start(&core.0).unwrap();
        waiting.decide(&request).unwrap();
        MAX_FUEL - waiting.fuel()
    };
    assert_eq!(spent(), spent());
    assert!(spent() < MAX_FUEL / 1000, "an ordinary decision takes {} units", spent());
}
