//! The core runs with little address space: it needs no reservation, no guard pages and no signal handlers.

use std::process::Command;

use baton_core_host::Core;

/// The limit for `ulimit -v`, in KiB.
const ADDRESS_SPACE: u32 = 400_000;

const CHILD: &str = "BATON_TEST_CHILD";

#[test]
fn decides_in_a_small_address_space() {
    let request = include_bytes!("../requests/prompt.json");
    if std::env::var_os(CHILD).is_some() {
        let core = Core::load().unwrap();
        assert!(core.in_place());
        assert_eq!(core.decide_bytes(request).unwrap(), agent_baton_core::decide_bytes(request));
        println!("decided");
        return;
    }
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -v {ADDRESS_SPACE} && exec \"$0\" --exact address_space::decides_in_a_small_address_space --nocapture"))
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, "yes")
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && stdout.contains("decided"), "{stdout}{stderr}");
}
