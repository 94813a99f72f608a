use std::fs;
use std::path::{Path, PathBuf};

use super::remotes::{Remote, parse};
use super::url::normalize;
use super::{MAX_CONFIG_BYTES, is_pattern, matches, project_identity};

#[test]
fn a_url_is_reduced_to_host_and_path() {
    for (url, expected) in [
        ("https://github.com/acme/app", "github.com/acme/app"),
        ("https://user:tok@github.com/acme/app.git", "github.com/acme/app"),
        ("https://tok@github.com/acme/app.git/", "github.com/acme/app"),
        ("https://user:a@b@github.com/acme/app", "github.com/acme/app"),
        ("HTTPS://GitHub.com:443//acme//App.git//", "github.com/acme/App"),
        ("http://github.com:8080/acme/app", "github.com/acme/app"),
        ("ssh://git@github.com:22/acme/app", "github.com/acme/app"),
        ("ssh://git@github.com:/acme/app", "github.com/acme/app"),
        ("git+ssh://git@github.com/acme/app", "github.com/acme/app"),
        ("git://github.com/acme/app.git", "github.com/acme/app"),
        ("git@github.com:acme/app.git", "github.com/acme/app"),
        ("git@GITHUB.com:/acme/app.git/", "github.com/acme/app"),
        ("github.com:acme/app", "github.com/acme/app"),
        ("[git.example:2222]:acme/app", "git.example/acme/app"),
        ("git@[git.example:2222]:acme/app", "git.example/acme/app"),
        ("git@[2001:DB8::1]:acme/app", "2001:db8::1/acme/app"),
        ("ssh://git@[2001:db8::1]:22/acme/app", "2001:db8::1/acme/app"),
        ("git@host:~me/app", "host/~me/app"),
        ("git@host:srv/app/.git", "host/srv/app"),
        ("git@host:app.git.git", "host/app.git"),
        ("git@ssh.dev.azure.com:v3/acme/My%20Work/app", "ssh.dev.azure.com/v3/acme/My%20Work/app"),
        ("git@host:grüße/app", "host/grüße/app"),
        ("git@host:acme/a:b", "host/acme/a:b"),
    ] {
        assert_eq!(normalize(url).as_deref(), Some(expected), "{url}");
    }
}

#[test]
fn a_path_or_what_is_no_url_has_no_identity() {
    for url in [
        "",
        "file:///srv/app.git",
        "/srv/app.git",
        "./app",
        "../app",
        "../a:b/app",
        "~/app",
        "app",
        "ext::sh -c true",
        "https::https://github.com/acme/app",
        "s3://bucket/app",
        "https://github.com",
        "https://github.com/",
        "https://github.com/.git",
        "https:///acme/app",
        "https://user@/acme/app",
        "git@github.com:",
        ":acme/app",
        "https://host:port/acme/app",
        "https://[::1/acme/app",
        "https://[host]/acme/app",
        "https://ho st/acme/app",
        "https://-oProxyCommand=x/acme/app",
        "https://bücher.example/acme/app",
        "https://github.com/acme/../app",
        "https://github.com/./acme",
        "https://github.com/acme/my app",
        "https://github.com/acme/a\u{202e}b",
        "https://github.com/acme/a\nb",
        "https://github.com/acme/a\u{fffd}b",
        // What looks like a path can be a part of the credentials.
        "https://user:12/34@github.com/acme/app",
        "user:tok@github.com:acme/app",
        "https://github.com/acme/app?token=tok",
        "https://github.com/acme/app#tok",
    ] {
        assert_eq!(normalize(url), None, "{url}");
    }
}

#[test]
fn an_identity_has_256_bytes_at_most() {
    let path = "a".repeat(256 - "host/".len());
    assert_eq!(normalize(&format!("git@host:{path}.git")), Some(format!("host/{path}")));
    assert_eq!(normalize(&format!("git@host:{path}a")), None);
}

#[test]
fn remotes_are_parsed_as_git_does() {
    let cases: [(&str, &[(&str, &str)]); 13] = [
        ("", &[]),
        ("[remote \"origin\"]\n\turl = a\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n", &[("origin", "a")]),
        ("\u{feff}[core]\r\n\tbare = false\r\n[Remote \"o\"]\r\n\tURL=a b \r\n", &[("o", "a b")]),
        ("[remote \"a\"] url = 1 # said\n[remote \"b\"]\nurl = 2;said", &[("a", "1"), ("b", "2")]),
        ("[remote \"a\"]\nurl = \" #1\" ; said\n", &[("a", " #1")]),
        ("[remote \"a\"]\nurl = ht\\\ntp\n[remote \"a\"]\nurl = other\n", &[("a", "http")]),
        ("[remote \"a\"]\nurl = 1\nurl =\nurl = 2\n", &[("a", "2")]),
        ("[remote \"a\"]\nurl\n", &[]),
        ("[remote \"a \\\"\\\\]\"]\nurl = \\\"\\\\\\t1\n", &[("a \"\\]", "\"\\\t1")]),
        ("[remote.ORIGIN]\nurl = 1\n", &[("origin", "1")]),
        ("[remote \"Origin\"]\nurl = 1\n", &[("Origin", "1")]),
        ("[remote]\nurl = 1\n[branch \"x\"]\nurl = 2\n[remote \"a\"]\npushurl = 3\n", &[]),
        ("# [remote \"a\"]\n; url = 1\n[remote \"b\"]\n#url = 1\n", &[]),
    ];
    for (text, expected) in cases {
        let remote = |(name, url): &(&str, &str)| Remote { name: (*name).to_owned(), url: (*url).to_owned() };
        assert_eq!(parse(text), Some(expected.iter().map(remote).collect()), "{text}");
    }
    for text in [
        "[remote \"a",
        "[remote \"a\nb\"]",
        "[remote \"a\" x]",
        "[remote a]",
        "[remote",
        "[remote \"a\"]\nurl = \"x\n",
        "[remote \"a\"]\nurl = \\x\n",
        "[remote \"a\"]\nurl x\n",
        "[remote \"a\"]\nurl # said\n",
        "[core]\n= x\n",
        "[core]\n1x = x\n",
        "[core]\n{\n",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn a_pattern_matches_whole_segments() {
    for (pattern, identity, expected) in [
        ("github.com/acme/app", "github.com/acme/app", true),
        ("GitHub.com/acme/app", "github.com/acme/app", true),
        ("github.com/Acme/app", "github.com/acme/app", false),
        ("github.com/acme/*", "github.com/acme/app", true),
        ("github.com/acme/*", "github.com/acme", false),
        ("github.com/acme/*", "github.com/acme/a/b", false),
        ("github.com/acme/*", "github.com/acme2/app", false),
        ("github.com/acme", "github.com/acme/app", false),
        ("*/acme/app", "git.example/acme/app", true),
        ("github.com/**", "github.com/acme/a/b", true),
        ("github.com/**", "github.com.evil.example/acme", false),
        ("github.com/acme/**", "github.com/acme", true),
        ("**/app", "github.com/acme/app", true),
        ("**/app", "app", true),
        ("**/app", "github.com/acme/apps", false),
        ("**/a/**/b", "h/a/x/a/b/y/b", true),
        ("**/a/**/b", "h/a/x", false),
        ("**", "github.com/acme/app", true),
        ("*", "github.com/acme", false),
        ("*/*", "github.com/acme", true),
        ("", "github.com/acme", false),
    ] {
        assert_eq!(matches(pattern, identity), expected, "{pattern} {identity}");
    }
    let (many, long) = ("**/a/".repeat(200) + "b", ["a"; 128].join("/"));
    assert!(!matches(&many, &long));
}

#[test]
fn a_pattern_is_no_url_and_has_whole_segments() {
    for (text, expected) in [
        ("github.com/acme/*", true),
        ("**", true),
        ("host/grüße/*", true),
        ("2001:db8::1/acme/app", true),
        ("", false),
        ("github.com/acme/", false),
        ("github.com/acme/app-*", false),
        ("***", false),
        ("https://github.com/acme/app", false),
        ("git@github.com:acme/app", false),
        ("github.com/a b", false),
        ("github.com/a\u{202e}", false),
    ] {
        assert_eq!(is_pattern(text), expected, "{text}");
    }
}

/// Creates a file with the directories above it.
fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn remote(name: &str, url: &str) -> String {
    format!("[remote \"{name}\"]\n\turl = {url}\n")
}

#[test]
fn the_remote_is_origin_or_the_only_one() {
    let dir = tempfile::tempdir().unwrap();
    let (origin, fork) = (remote("origin", "git@host:acme/app.git"), remote("fork", "git@host:me/app.git"));
    let more = remote("more", "git@host:more/app.git");
    for (config, expected) in [
        (origin.clone(), Some("host/acme/app")),
        (format!("{fork}{origin}"), Some("host/acme/app")),
        (fork.clone(), Some("host/me/app")),
        (format!("{fork}{more}"), None),
        (remote("origin", "/srv/app.git"), None),
        (format!("{}{fork}", remote("origin", "/srv/app.git")), None),
        (String::new(), None),
        ("[".to_owned(), None),
        (format!("{origin}#{}", " ".repeat(MAX_CONFIG_BYTES)), None),
        // git on this machine uses another URL, and other machines do not.
        (format!("[url \"git@other:\"]\n\tinsteadOf = git@host:\n{origin}"), Some("host/acme/app")),
    ] {
        write(&dir.path().join(".git/config"), &config);
        assert_eq!(project_identity(dir.path()).as_deref(), expected, "{config:.200}");
    }
    write(&dir.path().join(".git/config"), [b"[branch \"x\"]\ndescription = \xff\n", origin.as_bytes()].concat());
    assert_eq!(project_identity(dir.path()).as_deref(), Some("host/acme/app"));
}

#[test]
fn a_linked_worktree_has_the_identity_of_its_repository_and_a_submodule_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let at = |path: &str| dir.path().join(path);
    write(&at("repo/.git/config"), remote("origin", "git@host:acme/app.git"));
    write(&at("repo/.git/worktrees/side/commondir"), "../..\n");
    write(&at("repo/.git/modules/sub/config"), remote("origin", "git@host:acme/sub.git"));
    write(&at("repo/sub/.git"), "gitdir: ../.git/modules/sub\n");
    write(&at("side/.git"), format!("gitdir: {}\n", at("repo/.git/worktrees/side").display()));
    write(&at("absolute/.git/commondir"), format!("{}\n", at("repo/.git").display()));
    write(&at("empty/.git/commondir"), "\n");
    write(&at("dangling/.git"), "gitdir: /nowhere/at/all\n");
    fs::create_dir_all(at("plain")).unwrap();
    for (root, expected) in [
        ("repo", Some("host/acme/app")),
        ("side", Some("host/acme/app")),
        ("absolute", Some("host/acme/app")),
        ("repo/sub", Some("host/acme/sub")),
        ("empty", None),
        ("dangling", None),
        ("plain", None),
        ("missing", None),
    ] {
        assert_eq!(project_identity(&at(root)).as_deref(), expected, "{root}");
    }
}

#[test]
fn a_pipe_in_place_of_a_file_of_git_holds_up_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = |path: &str| -> PathBuf {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        path
    };
    pipe("config/.git/config");
    pipe("git/.git");
    pipe("common/.git/commondir");
    for project in ["config", "git", "common"] {
        assert_eq!(project_identity(&dir.path().join(project)), None, "{project}");
    }
}
