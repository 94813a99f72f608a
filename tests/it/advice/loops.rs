//! Suggestions about loops.

use serde_json::json;

use super::stage::Stage;
use super::{Situation, advice};

pub const SITUATIONS: &[Situation] = &[
    advice("run cancel RUN", |stage| stage.loop_owner(), ("run list --all", "cancelled")),
    advice("run continue RUN", failed, ("run list", "active")),
    advice("run cancel RUN", failed, ("run list --all", "cancelled")),
    advice("run continue RUN", waiting_for_itself, ("run list", "active")),
    advice("run cancel RUN", unreadable, ("run list --all", "cancelled")),
    advice("run finish RUN", counted, ("run list --all", "done")).within("s1"),
    advice("run cancel RUN", counted, ("run list --all", "cancelled")),
    advice(
        "install --loops",
        |stage| {
            stage.open("s1");
            stage.tool("s1", "run start demo --loop --prompt words --until DONE --max-iterations 999")
        },
        ("install --loops --yes", "already installed"),
    ),
];

/// A loop whose turn failed.
fn failed(stage: &mut Stage<'_>) -> String {
    stage.loop_owner();
    stage.hook("StopFailure", "s1", &json!({"error": "unknown", "last_assistant_message": "API Error"}));
    stage.hook("UserPromptSubmit", "s1", &json!({"prompt": "well?", "prompt_id": "t2"}))
}

/// A loop whose agent waits for a task of its own.
fn waiting_for_itself(stage: &mut Stage<'_>) -> String {
    stage.loop_owner();
    stage.hook("Stop", "s1", &json!({"last_assistant_message": "waiting", "background_tasks": [{"id": "b1", "type": "shell", "status": "running"}]}))
}

/// A loop whose definition is gone.
fn unreadable(stage: &mut Stage<'_>) -> String {
    stage.loop_owner();
    std::fs::remove_dir_all(stage.state("loops")).unwrap();
    stage.hook("Stop", "s1", &json!({"last_assistant_message": "part one"}))
}

/// A loop that was to be counted by hand.
fn counted(stage: &mut Stage<'_>) -> String {
    stage.loop_owner();
    stage.tool("s1", "run update demo --iteration 3")
}
