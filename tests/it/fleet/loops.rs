//! A loop of the fleet goes on only while its owner certainly is the owner.

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use agent_baton_tests::reply::Reply;
use agent_baton_tests::window::assert_no_output;
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::json;

use super::{prompt, resume};

/// Opens session s1 on a machine, which owns the loop `demo` of the fleet.
fn open_loop(machine: &Machine) -> Window<'_> {
    let mut window = Window::open(&machine.scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    let words = ["run", "start", "demo", "--fleet", "--loop", "--prompt", "Do the next part.", "--until", "<done/>"];
    let started = window.baton("s1", &words);
    assert_eq!(started.code, Some(0), "{started:?}");
    window
}

/// Sends a `Stop`, and returns whether the agent has to go on, and what the user is told.
fn stop(window: &mut Window<'_>, message: &str) -> (bool, String) {
    let fields = json!({"last_assistant_message": message, "stop_hook_active": true, "prompt_id": message});
    let ended = window.hook("Stop", "s1", &fields);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let reply = Reply::parse(&ended.stdout, "Stop").unwrap().unwrap_or_default();
    (reply.decision.is_some(), reply.user.unwrap_or_default() + &ended.stderr)
}

#[test]
fn a_loop_without_the_database_goes_on_while_its_lease_lasts() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = open_loop(&a);
    assert!(stop(&mut window, "part 1").0);
    a.proxy.refuse(true);
    let (goes_on, told) = stop(&mut window, "part 2");
    assert!(goes_on, "{told}");
    a.remove_fleet_file("leases.json");
    let (goes_on, told) = stop(&mut window, "part 3");
    assert!(!goes_on && !told.is_empty(), "{told}");
    a.proxy.refuse(false);
    prompt(&mut window);
    let (goes_on, told) = stop(&mut window, "part 4");
    assert!(goes_on, "{told}");
    let row = fleet.sql("select iteration, fence, status from baton.run");
    assert_eq!(row.trim(), format!("{}|1|active", a.run().iteration));
}

#[test]
fn a_loop_that_another_machine_took_does_not_go_on() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    let mut first = open_loop(&a);
    assert!(stop(&mut first, "part 1").0);
    fleet.end_leases();
    let mut second = Window::open(&b.scratch, Agent::Claude, "%2");
    resume(&mut second);
    prompt(&mut second);
    assert_eq!(fleet.sql("select fence from baton.run").trim(), "2");
    let (goes_on, told) = stop(&mut first, "part 2");
    assert!(!goes_on && told.contains("nother machine"), "{told}");
}
