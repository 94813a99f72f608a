//! Plays the page about several machines: its SQL, its configurations and its commands, in the order in which they stand there.

use std::fs;

use agent_baton_tests::Installation;
use agent_baton_tests::program::{self, workspace};
use baton_test_postgres::Postgres;

use super::stage::Stage;

/// The user, the database and the password of the page.
const NAME: &str = "fleet";
/// The other role of the page. The tests that run beside this one have roles of other names.
const OTHER: &str = "guide_other";
const PASSWORD: &str = "sEcret-of-the-guide";

/// A line of the page that is played, with the lines that follow it: what it prints, if the page shows that.
#[derive(Debug, Default, PartialEq)]
struct Example {
    prompt: String,
    command: String,
    output: String,
}

/// Returns the examples of a page that begin with a prompt.
fn examples(page: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut is_output = false;
    for line in page.lines() {
        let Some(line) = line.strip_prefix("    ") else {
            // An empty line may be a part of what is printed.
            is_output &= line.is_empty();
            continue;
        };
        let prompted = ["laptop$ ", "desktop$ ", "postgres=# "].into_iter().find(|prompt| line.starts_with(prompt));
        match (prompted, found.last_mut()) {
            (Some(prompt), _) => {
                let (prompt, command) = line.split_at(prompt.len());
                found.push(Example { prompt: prompt.to_owned(), command: command.to_owned(), ..Example::default() });
                is_output = true;
            }
            (None, Some(last)) if is_output => last.output += &format!("{line}\n"),
            _ => {}
        }
    }
    found
}

/// Returns the configurations of a page.
fn configurations(page: &str) -> Vec<String> {
    let blocks = page.split("\n\n").filter(|block| block.starts_with("    [fleet]\n"));
    blocks.map(|block| block.lines().map(|line| format!("{}\n", line.trim_start())).collect()).collect()
}

/// Returns a text with `_` for each word that is another one each time: an id, a path, a time, a number.
fn without_values(text: &str) -> String {
    // A distribution's name stands behind the server's version.
    let text = match text.split_once(" (Debian ").map(|(before, rest)| (before, rest.split_once(')'))) {
        Some((before, Some((_, after)))) => before.to_owned() + after,
        _ => text.to_owned(),
    };
    let differs = |word: &str| word.contains(['/', '-']) || word.bytes().any(|byte| byte.is_ascii_digit());
    text.split_whitespace().map(|word| if differs(word) { "_" } else { word }).collect::<Vec<_>>().join(" ")
}

/// Makes a machine's clone of the project and its configuration from the page's.
fn configure(stage: &Stage<'_>, configuration: &str, server: &Postgres) {
    let beside = stage.installation.program().with_file_name("baton-fleet");
    program::link(program::baton_fleet(), &beside).unwrap();
    stage.installation.script("systemctl", "exit 0");
    stage.worktree();
    let remote = "[remote \"origin\"]\n\turl = git@example.com:acme/parser.git\n";
    fs::write(stage.installation.at("work/.git/config"), remote).unwrap();
    let home = stage.installation.at("");
    let text = configuration
        .replace("@localhost/", &format!("@localhost:{}/", server.port()))
        .replace("@db.example.com/", &format!("@localhost:{}/", server.port()))
        .replace("/home/me/authority.crt", server.certificates().authority.to_str().unwrap())
        .replace("/home/me/", home.to_str().unwrap());
    stage.installation.write(".config/baton/config.toml", text);
    stage.installation.write(".pgpass", format!("localhost:{}:{NAME}:{NAME}:{PASSWORD}\n", server.port()));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(stage.installation.at(".pgpass"), mode).unwrap();
}

/// Plays one command. Returns its exit status and what it printed.
fn play(stage: &mut Stage<'_>, command: &str) -> (Option<i32>, String) {
    let output = stage.shell(&command.replace("NAME", OTHER)).run();
    (output.code, (output.stdout + &output.stderr).replace(OTHER, "NAME"))
}

#[test]
fn the_page_about_several_machines_is_played() {
    let Some(server) = Postgres::shared() else { return };
    let page = fs::read_to_string(workspace().join("docs/guide/fleet.md")).unwrap();
    let installations = [Installation::new(), Installation::new()];
    let [mut laptop, mut desktop] = [Stage::new(&installations[0]), Stage::new(&installations[1])];
    let configurations = configurations(&page);
    let [on_loopback, with_tls] = configurations.as_slice() else { panic!("{configurations:?}") };
    configure(&laptop, on_loopback, server);
    configure(&desktop, with_tls, server);
    let mut failures = Vec::new();
    for Example { prompt, command, output } in examples(&page) {
        if prompt == "postgres=# " {
            let set = format!("alter role {NAME} password '{PASSWORD}'");
            server.sql("postgres", if command == "\\password fleet" { &set } else { &command });
            continue;
        }
        match command.as_str() {
            // The session of the page.
            "baton run start parser --fleet" => {
                laptop.installation.write("work/s1.jsonl", "{\"type\":\"user\",\"sessionId\":\"s1\"}\n");
                laptop.open("s1");
            }
            "baton handoff last --to desktop" => laptop.kill("s1"),
            "baton run list" => drop(desktop.resume("s1")),
            // Another session adopts it.
            "baton run adopt parser --take" => drop(laptop.open("s2")),
            // The role that stands for any.
            "baton fleet init --role NAME" => {
                server.sql("postgres", &format!("drop role if exists {OTHER}"));
                server.sql("postgres", &format!("create role {OTHER}"));
            }
            _ => {}
        }
        let stage = if prompt == "laptop$ " { &mut laptop } else { &mut desktop };
        let (code, printed) = play(stage, &command);
        let expected = match command.as_str() {
            "baton run verify parser --fence 1" => 3,
            _ => 0,
        };
        let is_as_shown = output.is_empty() || without_values(&printed) == without_values(&output);
        if code != Some(expected) || !is_as_shown {
            failures.push(format!("{prompt}{command}\nexits with {code:?} and prints\n{printed}instead of\n{output}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn an_example_of_the_page_has_a_prompt_and_what_is_printed() {
    let page =
        "    laptop$ baton x\n    one\n\n    two\n\ntext\n\n    [fleet]\n    url = 1\n\ntext\n    desktop$ baton y\n";
    let example = |prompt: &str, command: &str, output: &str| Example {
        prompt: prompt.to_owned(),
        command: command.to_owned(),
        output: output.to_owned(),
    };
    assert_eq!(examples(page), [example("laptop$ ", "baton x", "one\ntwo\n"), example("desktop$ ", "baton y", "")]);
    assert_eq!(configurations(page), ["[fleet]\nurl = 1\n"]);
    assert_eq!(without_values("run r12 in  /tmp/x\nis done"), "run _ in _ is done");
}
