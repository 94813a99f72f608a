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
    claude_11_tui_basic => "claude-11-tui-basic",
    claude_12_tui_clear => "claude-12-tui-clear",
    claude_14_tui_resume => "claude-14-tui-resume",
    claude_17_tui_compact => "claude-17-tui-compact",
    claude_19_tui_permission => "claude-19-tui-permission",
    claude_20_tui_idle => "claude-20-tui-idle",
    claude_21_tui_signals => "claude-21-tui-signals",
    claude_23_tui_subagent => "claude-23-tui-subagent",
    claude_26_tui_fail => "claude-26-tui-fail",
    claude_29_tui_resume_live => "claude-29-tui-resume-live",
    claude_30_bg_session => "claude-30-bg-session",
    claude_33_print_resume_elsewhere => "claude-33-print-resume-elsewhere",
    claude_end_of_other_process => "claude-end-of-other-process",
    claude_end_then_prompt => "claude-end-then-prompt",
    claude_late_end => "claude-late-end",
    claude_late_event => "claude-late-event",
    claude_run_cancelled => "claude-run-cancelled",
    claude_run_clear => "claude-run-clear",
    claude_run_compact => "claude-run-compact",
    claude_run_fork_from_shell => "claude-run-fork-from-shell",
    claude_run_killed_resumed => "claude-run-killed-resumed",
    claude_run_owner_stopped => "claude-run-owner-stopped",
    claude_run_second_start => "claude-run-second-start",
    claude_run_two_windows_first_closed => "claude-run-two-windows-first-closed",
    claude_run_two_windows_first_killed => "claude-run-two-windows-first-killed",
    claude_run_two_windows_second_closed => "claude-run-two-windows-second-closed",
    codex_03_exec_hello => "codex-03-exec-hello",
    codex_07_exec_subagent => "codex-07-exec-subagent",
    codex_09_exec_signals => "codex-09-exec-signals",
    codex_10_tui_noprompt => "codex-10-tui-noprompt",
    codex_11_tui_basic => "codex-11-tui-basic",
    codex_14_tui_resume_fork => "codex-14-tui-resume-fork",
    codex_15_tui_resume_noprompt => "codex-15-tui-resume-noprompt",
    codex_17_tui_compact => "codex-17-tui-compact",
    codex_20_tui_permission => "codex-20-tui-permission",
    codex_21_tui_signals => "codex-21-tui-signals",
    codex_24_daemon_two_panes => "codex-24-daemon-two-panes",
    codex_27_daemon_unload => "codex-27-daemon-unload",
    codex_28_daemon_double_attach => "codex-28-daemon-double-attach",
    codex_29_daemon_env_order => "codex-29-daemon-env-order",
    codex_30_tui_new_wait => "codex-30-tui-new-wait",
    codex_32_exec_npm_wrapper => "codex-32-exec-npm-wrapper",
    codex_33_tui_npm_wrapper => "codex-33-tui-npm-wrapper",
    codex_37_tui_steer => "codex-37-tui-steer",
    codex_43_exec_resume_elsewhere => "codex-43-exec-resume-elsewhere",
    codex_run_daemon_killed => "codex-run-daemon-killed",
    codex_run_daemon_unload => "codex-run-daemon-unload",
    codex_run_double_attach => "codex-run-double-attach",
    codex_run_killed_resumed => "codex-run-killed-resumed",
    codex_run_new => "codex-run-new",
}

#[test]
fn every_file_is_played() {
    let files = std::fs::read_dir(scenario::dir()).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|file| file.extension().is_some_and(|ext| ext == "txt")) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(ALL.contains(&name.as_str()), "{name} is in no test");
    }
}
