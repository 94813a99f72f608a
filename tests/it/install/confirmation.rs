//! The question of install and uninstall, at a real terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use agent_baton_tests::Installation;
use nix::pty::openpty;

const CLAUDE: &str = ".claude/settings.json";
const BEFORE: &str = "{\n  // mine\n  \"a\": 1\n}\n";
/// What a terminal sends for Ctrl-D.
const END_OF_INPUT: &str = "\x04";

fn installation() -> Installation {
    let installation = Installation::new();
    installation.write(CLAUDE, BEFORE);
    installation
}

/// Runs a command at a terminal and answers its question. Returns the exit status and the text on the screen.
fn answered(installation: &Installation, words: &str, answer: &str) -> (Option<i32>, String) {
    let terminal = openpty(None, None).unwrap();
    let slave = File::from(terminal.slave);
    let end = || Stdio::from(slave.try_clone().unwrap());
    let mut command = Command::new(installation.program());
    command
        .args(words.split_whitespace())
        .env_clear()
        .envs(installation.scratch.env())
        .current_dir(installation.at("work"));
    let mut child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
    // Only the command holds the other ends now, so reading ends when it does.
    drop((command, slave));
    let mut master = File::from(terminal.master);
    let (mut screen, mut asked) = (Vec::new(), false);
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = master.read(&mut bytes) {
        screen.extend_from_slice(&bytes[..count]);
        if !asked && String::from_utf8_lossy(&screen).contains("[y/N] ") {
            asked = true;
            master.write_all(answer.as_bytes()).unwrap();
        }
    }
    let screen = String::from_utf8_lossy(&screen).replace('\r', "");
    assert!(asked, "{words}: nothing was asked: {screen}");
    (child.wait().unwrap().code(), screen)
}

#[test]
fn install_writes_only_after_a_yes() {
    for answer in ["n\n", "N\n", "\n", "no\n", "yess\n", "maybe\n", "n y\n", END_OF_INPUT] {
        let installation = installation();
        let tree = installation.tree();
        let (code, screen) = answered(&installation, "install", answer);
        assert_eq!(code, Some(1), "{answer:?}: {screen}");
        assert!(screen.contains("nothing was written"), "{answer:?}: {screen}");
        assert_eq!(installation.tree(), tree, "{answer:?}");
    }
    for answer in ["y\n", "Y\n", "yes\n"] {
        let installation = installation();
        let (code, screen) = answered(&installation, "install", answer);
        assert_eq!(code, Some(0), "{answer:?}: {screen}");
        // Every line that was written to the file was shown before the question.
        let (shown, _) = screen.split_once("Write this? [y/N] ").expect("the question");
        let after = String::from_utf8(installation.read(CLAUDE)).unwrap();
        for line in after.lines().filter(|line| !BEFORE.lines().any(|old| old == *line)) {
            assert!(shown.contains(&format!("\n+{line}\n")), "{line} is not in {shown}");
        }
        assert!(after.contains("// mine") && after.matches("--agent").count() == 7, "{after}");
    }
}

#[test]
fn uninstall_takes_out_only_after_a_yes() {
    for answer in ["n\n", "\n", END_OF_INPUT] {
        let installation = installation();
        installation.done("install --yes");
        let tree = installation.tree();
        let (code, screen) = answered(&installation, "uninstall", answer);
        assert_eq!(code, Some(1), "{answer:?}: {screen}");
        assert_eq!(installation.tree(), tree, "{answer:?}");
    }
    let installation = installation();
    installation.done("install --yes");
    let (code, screen) = answered(&installation, "uninstall", "y\n");
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("-            \"type\": \"command\""), "{screen}");
    assert_eq!(installation.read(CLAUDE), BEFORE.as_bytes());
}

#[test]
fn purge_asks_for_the_configuration_too() {
    const CONFIG: &str = ".config/baton/config.toml";
    for (answer, left) in [("n\n", true), (END_OF_INPUT, true), ("y\n", false)] {
        let installation = installation();
        installation.write(CONFIG, "# mine\n");
        let (code, screen) = answered(&installation, "uninstall --yes --purge", answer);
        assert_eq!(code, Some(0), "{answer:?}: {screen}");
        assert_eq!(installation.at(CONFIG).exists(), left, "{answer:?}: {screen}");
    }
}
