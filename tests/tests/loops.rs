//! Loops: a run that drives its agent from the Stop event, and nothing that is not its owner's.

use agent_baton_core::agent::Agent;
use agent_baton_core::run::{Run, Status};
use agent_baton_tests::reply::Reply;
use agent_baton_tests::stand_in::Ended;
use agent_baton_tests::window::silent;
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

/// A window whose session is known and was prompted.
fn open<'a>(scratch: &'a Scratch, agent: Agent, pane: &str, session: &str) -> Window<'a> {
    let mut window = Window::open(scratch, agent, pane);
    silent(&window.hook("SessionStart", session, &json!({})));
    silent(&window.hook("UserPromptSubmit", session, &turn(agent, "t1", &json!({"prompt": "words"}))));
    window
}

/// Fields with the id of a turn, as the agent calls it.
fn turn(agent: Agent, id: &str, fields: &Value) -> Value {
    let name = if agent == Agent::Claude { "prompt_id" } else { "turn_id" };
    let mut fields = fields.clone();
    fields[name] = json!(id);
    fields
}

/// Starts a loop as a tool of the session does; further words behind.
fn start(window: &mut Window<'_>, session: &str, more: &[&str]) -> Ended {
    let mut words = vec!["run", "start", "demo", "--loop", "--prompt", "Do the next part. Say <done/> at the end."];
    words.extend(["--until", "<done/>"]);
    words.extend(more);
    let ended = window.baton(session, &words);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended
}

/// The agent wants to stop, with this last message; what it is told.
fn stop(window: &mut Window<'_>, session: &str, message: &str) -> Option<Reply> {
    stop_with(window, session, &json!({"last_assistant_message": message, "stop_hook_active": true}))
}

fn stop_with(window: &mut Window<'_>, session: &str, fields: &Value) -> Option<Reply> {
    let ended = window.hook("Stop", session, fields);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    Reply::parse(&ended.stdout, "Stop").unwrap()
}

/// What the agent goes on with.
fn goes_on(reply: Option<Reply>) -> String {
    let reply = reply.expect("the agent was to go on");
    assert_eq!(reply.person, None, "{reply:?}");
    reply.reason.expect("a prompt")
}

/// The one line that the person is told, with nothing for the agent.
fn told(reply: Option<Reply>) -> String {
    let reply = reply.expect("the person was to be told");
    assert_eq!((&reply.decision, &reply.model), (&None, &None), "{reply:?}");
    let words = reply.person.expect("words");
    assert_eq!(words.lines().count(), 1, "{words}");
    words
}

fn run(scratch: &Scratch) -> Run {
    let state = scratch.state();
    state.check();
    let mut runs = state.runs();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.remove(0).record
}

#[test]
fn a_loop_goes_round_until_its_phrase_is_said() {
    for agent in Agent::ALL {
        let scratch = Scratch::new();
        let mut window = open(&scratch, agent, "%1", "s1");
        let mut other = open(&scratch, agent, "%2", "s2");
        start(&mut window, "s1", &["--max-iterations", "5"]);
        for n in 1..=3 {
            let prompt = goes_on(stop(&mut window, "s1", &format!("part {n}")));
            assert!(prompt.starts_with("Do the next part."), "{prompt}");
            assert!(prompt.contains(&format!("iteration {n} of 5")), "{prompt}");
            assert_eq!(stop(&mut other, "s2", &format!("other {n} <done/>")), None);
        }
        goes_on(stop(&mut window, "s1", "I shall say: Say <done/> at the end."));
        let words = told(stop(&mut window, "s1", "All is there.\n\n<done/>"));
        assert!(words.contains("is done at iteration 4 of 5"), "{words}");
        assert_eq!((run(&scratch).status, run(&scratch).iteration), (Status::Done, 4), "{agent}");
        assert_eq!(stop(&mut window, "s1", "more"), None);
        assert!(!scratch.state_dir().join("loops").join(format!("{}.json", run(&scratch).id)).exists());
    }
}

#[test]
fn nothing_of_the_texts_comes_into_the_records_or_the_audit() {
    let scratch = Scratch::new();
    let mut window = open(&scratch, Agent::Claude, "%1", "s1");
    start(&mut window, "s1", &["--max-iterations", "5"]);
    goes_on(stop(&mut window, "s1", "a secret message"));
    for (path, bytes) in scratch.state().files {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("secret message"), "{}", path.display());
        assert_eq!(text.contains("Do the next part"), path.starts_with("loops"), "{}", path.display());
    }
}

#[test]
fn sixteen_deliveries_of_one_stop_are_one_iteration() {
    for agent in Agent::ALL {
        let scratch = Scratch::new();
        let mut window = open(&scratch, agent, "%1", "s1");
        start(&mut window, "s1", &["--max-iterations", "5"]);
        for n in 1..=3 {
            let fields = json!({"last_assistant_message": format!("part {n}"), "stop_hook_active": n > 1});
            let payload = window.payload("Stop", "s1", &fields).to_string();
            let call = window.call("s1", payload);
            let ended = window.process.run_all(vec![call; 16]);
            let blocks = ended.iter().filter(|one| one.stdout.contains("\"block\"")).count();
            assert_eq!(blocks, 1, "{agent}: {ended:?}");
            // What did not get the lock in time waits for the next call.
            silent(&window.hook("PreCompact", "s1", &json!({"trigger": "auto"})));
            assert_eq!((run(&scratch).iteration, run(&scratch).status), (n, Status::Active), "{agent}");
        }
    }
}
