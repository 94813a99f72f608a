//! Recorded scenarios of the real clients, played through the built program.

use agent_baton_tests::scenario;

macro_rules! scenarios {
    ($($test:ident => $name:literal,)+) => {
        $(
            #[test]
            fn $test() {
                scenario::check($name);
            }
        )+

        const ALL: &[&str] = &[$($name),+];
    };
}

scenarios! {
    claude_01_print_hello => "claude-01-print-hello",
    claude_04_print_subagent => "claude-04-print-subagent",
    claude_05_print_fail => "claude-05-print-fail",
    claude_09_print_instructions => "claude-09-print-instructions",
    claude_10_tui_noprompt => "claude-10-tui-noprompt",
    claude_11_tui_basic => "claude-11-tui-basic",
    claude_12_tui_clear => "claude-12-tui-clear",
    claude_13_tui_ctrl_d => "claude-13-tui-ctrl-d",
    claude_14_tui_resume => "claude-14-tui-resume",
    claude_17_tui_compact => "claude-17-tui-compact",
    claude_18_tui_interrupt => "claude-18-tui-interrupt",
    claude_19_tui_permission => "claude-19-tui-permission",
    claude_20_tui_idle => "claude-20-tui-idle",
    claude_21_tui_signals => "claude-21-tui-signals",
    claude_22_tui_pane_close => "claude-22-tui-pane-close",
    claude_23_tui_subagent => "claude-23-tui-subagent",
    claude_24_tui_two_panes => "claude-24-tui-two-panes",
    claude_25_tui_interrupt_tool => "claude-25-tui-interrupt-tool",
    claude_26_tui_fail => "claude-26-tui-fail",
    claude_27_tui_queue => "claude-27-tui-queue",
    claude_28_tui_sessionend_slow => "claude-28-tui-sessionend-slow",
    claude_29_tui_resume_live => "claude-29-tui-resume-live",
    claude_30_bg_session => "claude-30-bg-session",
    claude_33_print_resume_elsewhere => "claude-33-print-resume-elsewhere",
    claude_end_of_other_process => "claude-end-of-other-process",
    claude_end_then_prompt => "claude-end-then-prompt",
    claude_late_end => "claude-late-end",
    claude_late_event => "claude-late-event",
    claude_loop_cap => "claude-loop-cap",
    claude_loop_escape => "claude-loop-escape",
    claude_loop_prompt_meanwhile => "claude-loop-prompt-meanwhile",
    claude_loop_same_words => "claude-loop-same-words",
    claude_loop_service_fails => "claude-loop-service-fails",
    claude_run_branch => "claude-run-branch",
    claude_run_cancelled => "claude-run-cancelled",
    claude_run_clear => "claude-run-clear",
    claude_run_compact => "claude-run-compact",
    claude_run_fork_from_shell => "claude-run-fork-from-shell",
    claude_run_killed_resumed => "claude-run-killed-resumed",
    claude_run_nested => "claude-run-nested",
    claude_run_nested_same_session => "claude-run-nested-same-session",
    claude_run_owner_stopped => "claude-run-owner-stopped",
    claude_run_pane_reused => "claude-run-pane-reused",
    claude_run_resume_away_and_back => "claude-run-resume-away-and-back",
    claude_run_resume_elsewhere => "claude-run-resume-elsewhere",
    claude_run_second_start => "claude-run-second-start",
    claude_run_two_windows_first_closed => "claude-run-two-windows-first-closed",
    claude_run_two_windows_first_killed => "claude-run-two-windows-first-killed",
    claude_run_two_windows_second_closed => "claude-run-two-windows-second-closed",
    codex_03_exec_hello => "codex-03-exec-hello",
    codex_04_exec_ephemeral => "codex-04-exec-ephemeral",
    codex_07_exec_subagent => "codex-07-exec-subagent",
    codex_08_exec_fail => "codex-08-exec-fail",
    codex_09_exec_signals => "codex-09-exec-signals",
    codex_10_tui_noprompt => "codex-10-tui-noprompt",
    codex_11_tui_basic => "codex-11-tui-basic",
    codex_13_tui_ctrl_d => "codex-13-tui-ctrl-d",
    codex_14_tui_resume_fork => "codex-14-tui-resume-fork",
    codex_15_tui_resume_noprompt => "codex-15-tui-resume-noprompt",
    codex_17_tui_compact => "codex-17-tui-compact",
    codex_18_tui_interrupt => "codex-18-tui-interrupt",
    codex_19_tui_quit_midturn => "codex-19-tui-quit-midturn",
    codex_20_tui_permission => "codex-20-tui-permission",
    codex_21_tui_signals => "codex-21-tui-signals",
    codex_22_tui_pane_close => "codex-22-tui-pane-close",
    codex_23_tui_subagent => "codex-23-tui-subagent",
    codex_24_daemon_two_panes => "codex-24-daemon-two-panes",
    codex_27_daemon_unload => "codex-27-daemon-unload",
    codex_28_daemon_double_attach => "codex-28-daemon-double-attach",
    codex_29_daemon_env_order => "codex-29-daemon-env-order",
    codex_30_tui_new_wait => "codex-30-tui-new-wait",
    codex_32_exec_npm_wrapper => "codex-32-exec-npm-wrapper",
    codex_33_tui_npm_wrapper => "codex-33-tui-npm-wrapper",
    codex_34_exec_notify => "codex-34-exec-notify",
    codex_37_tui_steer => "codex-37-tui-steer",
    codex_43_exec_resume_elsewhere => "codex-43-exec-resume-elsewhere",
    codex_loop_interrupt => "codex-loop-interrupt",
    codex_loop_long => "codex-loop-long",
    codex_loop_same_words => "codex-loop-same-words",
    codex_loop_service_fails => "codex-loop-service-fails",
    codex_loop_steer => "codex-loop-steer",
    codex_run_clear => "codex-run-clear",
    codex_run_daemon_killed => "codex-run-daemon-killed",
    codex_run_daemon_three_panes_killed => "codex-run-daemon-three-panes-killed",
    codex_run_daemon_unload => "codex-run-daemon-unload",
    codex_run_double_attach => "codex-run-double-attach",
    codex_run_killed_resumed => "codex-run-killed-resumed",
    codex_run_late_end => "codex-run-late-end",
    codex_run_new => "codex-run-new",
    codex_run_notify_takes_nothing => "codex-run-notify-takes-nothing",
    codex_run_resume_picker => "codex-run-resume-picker",
    codex_run_resumed_without_start => "codex-run-resumed-without-start",
}

#[test]
fn every_file_is_played() {
    let files = std::fs::read_dir(scenario::dir()).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|file| file.extension().is_some_and(|ext| ext == "txt")) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(ALL.contains(&name.as_str()), "{name} is in no test");
    }
}

#[test]
fn every_scenario_stands_in_the_map() {
    let page = std::fs::read_to_string(scenario::dir().join("README.md")).unwrap();
    let (_, map) = page.split_once("## What the clients do").unwrap();
    let named: Vec<&str> =
        map.split('`').filter(|word| word.starts_with("claude-") || word.starts_with("codex-")).collect();
    // These show how baton answers a user, and belong to no client's sequence.
    let own = ["claude-run-cancelled", "claude-run-second-start"];
    for name in ALL.iter().filter(|name| !own.contains(name)) {
        assert!(named.contains(name), "{name} is not in the map of README.md");
    }
    for name in named {
        assert!(ALL.contains(&name), "README.md names {name}, which is no scenario");
    }
}
