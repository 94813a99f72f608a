//! Which runs become runs of the fleet without being asked to: those of the projects that the user names.

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use baton_test_postgres::fleet::Fleet;
use serde_json::json;

/// The pattern in the configuration, and whether the run of `example.org/team/app` is the fleet's.
const CASES: [(&str, bool); 8] = [
    ("\"example.org/team/app\"", true),
    ("\"example.org/team/*\"", true),
    ("\"**\"", true),
    ("\"other.org/*\", \"example.org/**\"", true),
    // A star stands for one part of the name.
    ("\"*\", \"example.org/*\"", false),
    ("\"example.org/team\"", false),
    ("\"example.org/team/app2\"", false),
    ("", false),
];

#[test]
fn a_run_of_a_project_that_the_user_names_is_the_fleets() {
    for (pattern, expected) in CASES {
        let Some(fleet) = Fleet::new() else { return };
        let a = fleet.machine("laptop");
        a.configure(&format!("projects = [{pattern}]\n"));
        let mut window = Window::open(&a.scratch, Agent::Claude, "%1");
        window.hook("SessionStart", "s1", &json!({}));
        window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"}));
        let started = window.baton("s1", &["run", "start", "demo"]);
        assert_eq!(started.code, Some(0), "{pattern}: {started:?}");
        assert_eq!(started.stdout.contains("in the fleet"), expected, "{pattern}: {started:?}");
        assert_eq!(a.run().fleet.is_some(), expected, "{pattern}");
        assert_eq!(fleet.sql("select count(*) from baton.run").trim(), if expected { "1" } else { "0" }, "{pattern}");
    }
}

#[test]
fn a_project_without_a_remote_stays_local_whatever_the_user_names() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    a.configure("projects = [\"**\"]\n");
    std::fs::write(a.scratch.home().join("work/.git/config"), "").unwrap();
    let mut window = Window::open(&a.scratch, Agent::Claude, "%1");
    window.hook("SessionStart", "s1", &json!({}));
    window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"}));
    let started = window.baton("s1", &["run", "start", "demo"]);
    assert_eq!(started.code, Some(0), "{started:?}");
    assert!(a.run().fleet.is_none());
}
