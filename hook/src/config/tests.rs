use std::path::PathBuf;

use super::{Age, Config, ConfigError, Messages, path};
use crate::store::Env;

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
    assert_eq!((config.retention.sessions, config.retention.age), (3, Age::days(90)));
}

#[test]
fn what_is_wrong_is_named_by_line() {
    let cases = [
        ("messages = \"all\"\nstale_after = \"soon\"", 2, "no length of time"),
        ("\n\nstale = 1", 3, "stale"),
        ("[retention]\nsessions = -1", 2, "integer"),
        ("messages = \"some\"", 1, "some"),
        ("[[protect]]\nproject = \"here\"\npaths = []", 2, "absolute"),
        ("[[protect]]\nproject = \"/p\"\npaths = [\"../x\"]", 3, "inside"),
        ("[[protect]]\nproject = \"/p\"\npaths = [\"\"]", 3, "inside"),
        ("a = [", 1, ""),
    ];
    for (text, line, word) in cases {
        match read(text).unwrap_err() {
            ConfigError::Wrong { line: found, why, .. } => {
                assert_eq!(found, line, "{text}: {why}");
                assert!(why.contains(word), "{text}: {why}");
            }
            other => panic!("{text}: {other}"),
        }
    }
}

#[test]
fn ages_are_written_as_they_are_read() {
    for text in ["7d", "36h", "90m", "5s", "0s"] {
        assert_eq!(text.parse::<Age>().unwrap().to_string(), text);
    }
    for text in ["", "d", "7", "-7d", "+7d", "7 d", "99999999999999999d"] {
        assert!(text.parse::<Age>().is_err(), "{text}");
    }
}

#[test]
fn the_file_is_found_where_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    let wanted = dir.path().join("baton/config.toml");
    let env = Env { xdg_config_home: Some(dir.path().into()), ..Env::of_process() };
    assert_eq!(path(&env, None).unwrap().as_ref(), Some(&wanted));
    std::fs::create_dir(dir.path().join("baton")).unwrap();
    std::fs::write(&wanted, "").unwrap();
    assert_eq!(path(&env, None).unwrap().as_ref(), Some(&wanted));
    assert!(matches!(path(&env, Some(dir.path())), Err(ConfigError::Foreign { .. })));
    std::fs::create_dir(dir.path().join(".git")).unwrap();
    assert!(matches!(path(&env, None), Err(ConfigError::Foreign { .. })));
}
