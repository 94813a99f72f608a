use agent_baton_core::agent::Agent;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Process;

use super::tree::Tree;
use crate::*;
use baton_system::{CurrentSystem, System};

/// Checks which process above the innermost of `names` is found as the agent, by index. `pid` is the index of the
/// process in `CLAUDE_PID`.
fn check_process(agent: Agent, names: &[&str], pid: Option<usize>, expected: Option<usize>) {
    let tree = Tree::start(names);
    let pid = pid.map(|index| tree.pids.get(index).copied().unwrap_or(u32::MAX).to_string());
    let variables: Vec<_> = pid.iter().map(|pid| ("CLAUDE_PID", pid.as_str())).collect();
    let here = tree.here();
    let variables = variables.as_slice();
    let inspector = AgentInspector::new(&CurrentSystem, &variables, &here);
    let found = inspector.agent_process(agent).and_then(|stat| tree.pids.iter().position(|&pid| pid == stat.pid));
    assert_eq!(found, expected, "{agent} above {names:?}, CLAUDE_PID {pid:?}");
}

#[test]
fn the_agent_of_a_hook_is_the_one_that_ran_it() {
    const NONE: usize = 99;
    use Agent::{Claude, Codex};
    check_process(Claude, &["claude", "sh"], Some(0), Some(0));
    check_process(Claude, &["claude", "sh"], None, Some(0));
    check_process(Claude, &["claude"], Some(0), Some(0));
    check_process(Claude, &["bash", "sh"], None, None);
    // A wrapper of any name counts if its pid was passed down.
    check_process(Claude, &["node", "sh"], Some(0), Some(0));
    check_process(Claude, &["claude", "node", "sh"], Some(1), Some(1));
    // Started through npm, and Claude started below Claude.
    check_process(Codex, &["node", "codex"], None, Some(1));
    check_process(Codex, &["node", "codex", "bash"], None, Some(1));
    check_process(Claude, &["claude", "claude", "claude", "sh"], Some(2), Some(2));
    // One agent inside another: the nearest of the right kind counts, and Codex ignores the pid that Claude passed
    // down.
    check_process(Codex, &["claude", "sh", "codex"], Some(0), Some(2));
    check_process(Claude, &["codex", "sh", "claude", "sh"], Some(2), Some(2));
    check_process(Codex, &["codex", "sh", "claude", "sh"], Some(2), Some(0));
    // A pid that was passed down but is not an ancestor belongs to another process.
    check_process(Claude, &["claude", "sh"], Some(NONE), Some(0));
    // Codex' helper processes are not Codex. Only four ancestors are looked up.
    check_process(Codex, &["codex", "codex-linux-sandbox", "sh"], None, Some(0));
    check_process(Claude, &["claude", "sh", "sh", "sh"], Some(0), Some(0));
    check_process(Claude, &["claude", "sh", "sh", "sh", "sh"], Some(0), None);
}

/// Checks which of the agents above the innermost of `names` is the outermost one, by index.
fn check_outermost(names: &[&str], pid: Option<usize>, expected: Option<usize>) {
    let tree = Tree::start(names);
    let pid = pid.map(|index| tree.pids[index].to_string());
    let variables: Vec<_> = pid.iter().map(|pid| ("CLAUDE_PID", pid.as_str())).collect();
    let here = tree.here();
    let variables = variables.as_slice();
    let found = AgentInspector::new(&CurrentSystem, &variables, &here).outermost_agent();
    // The test itself may run below an agent, which is the outermost one then.
    let none: &[(&str, &str)] = &[];
    let around = AgentInspector::new(&CurrentSystem, &none, &CurrentSystem.current_process().unwrap())
        .outermost_agent()
        .map(|stat| stat.pid);
    let expected = around.or_else(|| expected.map(|index| tree.pids[index]));
    assert_eq!(found.map(|stat| stat.pid), expected, "{names:?}");
}

#[test]
fn the_agent_that_a_user_started_is_the_outermost() {
    check_outermost(&["sh", "claude", "sh"], Some(1), Some(1));
    check_outermost(&["claude", "sh", "codex", "sh"], None, Some(0));
    check_outermost(&["codex", "sh", "claude", "sh"], Some(2), Some(0));
    check_outermost(&["node", "sh"], Some(0), Some(0));
    check_outermost(&["codex", "codex-linux-sandbox", "sh"], None, Some(0));
    check_outermost(&["sh", "bash"], None, None);
}

/// Checks the lineage of a command below the innermost of `names`: agent, index of its process, session and number of
/// agents.
fn check_lineage(names: &[&str], pid: Option<usize>, expected: Option<(Agent, usize, Option<&str>, usize)>) {
    let tree = Tree::start(names);
    let pid = pid.map(|index| tree.pids[index].to_string());
    let mut variables = vec![("CLAUDE_CODE_SESSION_ID", "of-claude"), ("CODEX_THREAD_ID", "of-codex")];
    variables.extend(pid.iter().map(|pid| ("CLAUDE_PID", pid.as_str())));
    let here = tree.here();
    let variables = variables.as_slice();
    let lineage = AgentInspector::new(&CurrentSystem, &variables, &here).lineage();
    // The test itself may run below an agent: leave out the agents above the tree.
    let index = |process: &Process| tree.pids.iter().position(|&pid| pid == process.pid);
    let found = lineage.as_ref().filter(|lineage| index(&lineage.process).is_some()).map(|lineage| {
        let agents = lineage.ancestors.iter().filter(|(_, process)| index(process).is_some()).count();
        let session = lineage.session.as_ref().map(SessionId::as_str);
        (lineage.agent, index(&lineage.process).unwrap(), session, agents)
    });
    assert_eq!(found, expected, "{names:?}");
}

#[test]
fn a_command_has_the_session_that_the_nearest_agent_names() {
    use Agent::{Claude, Codex};
    check_lineage(&["claude", "sh"], Some(0), Some((Claude, 0, Some("of-claude"), 1)));
    check_lineage(&["node", "sh"], Some(0), Some((Claude, 0, Some("of-claude"), 1)));
    check_lineage(&["codex", "codex-linux-sandbox", "sh"], None, Some((Codex, 0, Some("of-codex"), 1)));
    check_lineage(&["claude", "sh", "codex", "sh"], Some(0), Some((Codex, 2, Some("of-codex"), 2)));
    check_lineage(&["codex", "sh", "claude", "sh"], Some(2), Some((Claude, 2, Some("of-claude"), 2)));
    check_lineage(&["claude", "claude", "sh"], Some(1), Some((Claude, 1, Some("of-claude"), 2)));
    // Claude inside Codex inside Claude inherits a session that is not its own.
    check_lineage(&["claude", "codex", "claude", "sh"], Some(0), Some((Claude, 2, None, 3)));
    check_lineage(&["claude", "sh"], None, Some((Claude, 0, None, 1)));
    check_lineage(&["claude", "sh", "sh", "sh", "sh", "sh", "sh"], Some(0), Some((Claude, 0, Some("of-claude"), 1)));
    check_lineage(&["sh", "bash"], None, None);
}
