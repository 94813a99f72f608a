use std::path::PathBuf;

use super::{Config, ConfigError, Fleet, Messages, Takeover, TimeSpan, find_path, list_settings};
use baton_store::StateDirEnv;

fn read(text: &str) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    Config::read(&path)
}

#[test]
fn what_is_left_out_has_its_default() {
    assert_eq!(read("").unwrap(), Config::default());
    assert_eq!(Config::read(&PathBuf::from("/nonexistent/config.toml")).unwrap(), Config::default());
    let config = read("stale_after = \"36h\"\nmessages = \"all\"\n[retention]\nsessions = 3\n").unwrap();
    assert_eq!((config.stale_after.to_string().as_str(), config.messages), ("36h", Messages::All));
    assert_eq!((config.retention.sessions, config.retention.age), (3, TimeSpan::days(90)));
}

#[test]
fn what_is_wrong_is_named_by_line() {
    let cases = [
        ("messages = \"all\"\nstale_after = \"soon\"", 2, "not a length of time"),
        ("stale_after = \"0s\"", 1, "from 1 on"),
        ("stale_after = 0", 1, "expected a length of time in quotes, as in \"7d\""),
        ("stale_after = [\n\n", 1, ""),
        ("[retention]\nage = 90", 2, "expected a length of time in quotes, as in \"7d\""),
        ("[retention]\nage = \"0d\"", 2, "from 1 on"),
        ("[retention]\ntrash = \"0h\"", 2, "from 1 on"),
        ("\n\nstale = 1", 3, "stale"),
        ("[retention]\nsessions = -1", 2, "integer"),
        ("messages = \"some\"", 1, "some"),
        ("[[protect]]\nproject = \"here\"\npaths = []", 2, "absolute"),
        ("[[protect]]\nproject = \"/p\"\npaths = [\"../x\"]", 3, "inside"),
        ("[[protect]]\nproject = \"/p\"\npaths = [\"\"]", 3, "inside"),
        ("[view]\nwatch = [\"/a\", \"b\"]", 2, "absolute"),
        ("[view]\nanswer = 1", 2, "boolean"),
        ("[fleet]\nurl = \"mysql://db/fleet\"", 2, "postgresql://"),
        ("[fleet]\nurl = 1", 2, "expected a string"),
        ("[fleet]\nurl_command = [\"pass\", \"show\", \"db\"]", 2, "absolute"),
        ("[fleet]\nurl_command = [\"/bin/echo\", \"\\u0000\"]", 2, "NUL"),
        ("[fleet]\npassword_file = \"~me/.pgpass\"", 2, "absolute"),
        ("[fleet]\nservice_file = \"services\"", 2, "absolute"),
        ("[fleet]\nlease = \"59s\"", 2, "at least 1 minute (\"1m\") and at most 1 hour (\"1h\")"),
        ("[fleet]\nlease = \"61m\"", 2, "at most 1 hour"),
        ("[fleet]\ntakeover = \"always\"", 2, "`ask` or `lapsed`"),
        ("[fleet]\nprojects = [\"https://github.com/acme/*\"]", 2, "without a scheme"),
        ("[fleet]\nprojects = [\"github.com/acme/app-*\"]", 2, "github.com/acme/*"),
        ("\n[fleet]\nurl = \"postgres://db\"\nurl_command = [\"/bin/x\"]", 2, "set url or url_command, not both"),
        ("[fleet]\npassword = \"x\"", 2, "password"),
        ("a = [", 1, ""),
    ];
    for (text, line, word) in cases {
        match read(text).unwrap_err() {
            ConfigError::Invalid { line: found, why, .. } => {
                assert_eq!(found, line, "{text}: {why}");
                assert!(why.contains(word), "{text}: {why}");
            }
            other => panic!("{text}: {other}"),
        }
    }
}

#[test]
fn a_link_is_followed_and_one_to_nothing_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let (kept, link) = (dir.path().join("kept.toml"), dir.path().join("config.toml"));
    std::os::unix::fs::symlink(&kept, &link).unwrap();
    assert!(matches!(Config::read(&link), Err(ConfigError::Read { .. })));
    std::fs::write(&kept, "stale_after = \"1d\"").unwrap();
    assert_eq!(Config::read(&link).unwrap().stale_after, TimeSpan::days(1));
}

#[test]
fn ages_are_written_as_they_are_read() {
    for text in ["7d", "36h", "90m", "5s"] {
        assert_eq!(text.parse::<TimeSpan>().unwrap().to_string(), text);
    }
    for text in ["", "d", "7", "-7d", "+7d", "7 d", "0s", "00d", "99999999999999999d"] {
        assert!(text.parse::<TimeSpan>().is_err(), "{text}");
    }
}

#[test]
fn the_file_is_found_where_it_is_there_and_where_it_is_not() {
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let env = StateDirEnv { xdg_config_home: Some(dir.path().into()), ..StateDirEnv::default() };
    let file = dir.path().join("baton/config.toml");
    assert_eq!(find_path(&env, None).unwrap(), Some(file.clone()));
    std::fs::create_dir(dir.path().join("baton")).unwrap();
    std::fs::write(&file, "").unwrap();
    assert_eq!(find_path(&env, None).unwrap(), Some(file));
    assert!(matches!(find_path(&env, Some(dir.path())), Err(ConfigError::InsideWorktree { .. })));
    std::fs::create_dir(dir.path().join(".git")).unwrap();
    assert!(matches!(find_path(&env, None), Err(ConfigError::InsideWorktree { .. })));
}

#[test]
fn what_is_wrong_is_named_by_its_key() {
    for (text, key) in [
        ("stale_after = \"soon\"", "stale_after: "),
        ("[retention]\nsessions = -1", "retention.sessions: "),
        ("[retention]\nwhat = 1", "retention.what: "),
        (
            "[retention]\nsessions = \"many\"",
            "retention.sessions: invalid type: string \"many\", expected a whole number",
        ),
        ("messages = \"off\"\nmessages = \"all\"", "messages: "),
        ("stale_after = 99999999999999999999", "stale_after: "),
        ("[[protect]]\nproject = \"/p\"\npaths = [\"../x\"]", "protect.paths: "),
    ] {
        let ConfigError::Invalid { why, .. } = read(text).unwrap_err() else { panic!("{text}") };
        assert!(why.starts_with(key), "{text}: {why}");
    }
}

#[test]
fn the_fleet_is_what_the_file_says() {
    assert_eq!((read("").unwrap().fleet, Config::default().limits().take_lapsed), (Fleet::default(), false));
    let text = "[fleet]\nurl = \"postgres://me:pw@db/fleet\"\npassword_file = \"/p\"\nservice_file = \"/s\"\n\
                lease = \"1h\"\ntakeover = \"lapsed\"\nprojects = [\"github.com/acme/*\"]\n";
    let config = read(text).unwrap();
    assert!(config.limits().take_lapsed);
    let fleet = config.fleet;
    assert_eq!(fleet.url.as_ref().unwrap().reveal(), "postgres://me:pw@db/fleet");
    assert_eq!((fleet.password_file, fleet.service_file), (Some("/p".into()), Some("/s".into())));
    assert_eq!((fleet.lease, fleet.takeover), (TimeSpan::minutes(60), Takeover::Lapsed));
    assert_eq!(fleet.projects, ["github.com/acme/*"]);
    for lease in ["1m", "60s", "60m", "1h"] {
        assert!(read(&format!("[fleet]\nlease = \"{lease}\"")).is_ok(), "{lease}");
    }
    for argument in
        ["fleet", "echo postgres://me@db", "echo postgres://me:$(pass show db)@db", "echo postgres://me:$PW@db"]
    {
        let command = read(&format!("[fleet]\nurl_command = [\"/bin/sh\", \"-c\", \"{argument}\"]")).unwrap();
        assert_eq!(command.fleet.url_command, ["/bin/sh", "-c", argument]);
    }
}

#[test]
fn no_password_of_the_database_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    let url = "postgres://me:tops3cret@db/fleet";
    for text in [
        format!("[fleet]\nurl = \"{url}\""),
        format!("[fleet]\nurl = \"{url}?password=tops3cret\""),
        format!("[fleet]\nurl = \"x{url}\""),
        format!("[fleet]\nurl = \"{url}@b\""),
        format!("[fleet]\nurl = [\"{url}\"]"),
        format!("[fleet]\nurl = {url}"),
        format!("[fleet]\nurl = \"{url}"),
        format!("[fleet]\nurl = \"{url}\"\nurl_command = [\"/bin/x\"]"),
        format!("[fleet]\nurl_command = \"{url}\""),
        format!("[fleet]\nurl_command = \"echo \\\"{url}\\\", expected \\\"\""),
        format!("[fleet]\nurl_command = [\"{url}\"]"),
        format!("[fleet]\nurl_command = [\"/bin/echo\", \"{url}\"]"),
        format!("[fleet]\nurl_command = [\"/bin/sh\", \"-c\", \"echo '{url}'; true\"]"),
        format!("[fleet]\npassword_file = \"{url}\""),
        format!("[fleet]\nprojects = \"{url}\""),
        format!("[fleet]\nprojects = [\"{url}\"]"),
        format!("fleet = \"{url}\""),
        format!("fleet.url = \"{url}\""),
    ] {
        std::fs::write(&path, &text).unwrap();
        let read = Config::read(&path);
        let listed = list_settings(Some(&path));
        let json = serde_json::to_string(&listed.as_ref().unwrap_or(&Vec::new())).unwrap();
        let shown =
            format!("{read:?} {listed:?} {json} {}", read.as_ref().map_or_else(ToString::to_string, |_| String::new()));
        assert!(!shown.contains("s3cret"), "{text}: {shown}");
    }
}
