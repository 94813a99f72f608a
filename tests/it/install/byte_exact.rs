//! Installing twice and uninstalling restores every byte, for files of every layout and for published ones.

use std::path::{Path, PathBuf};

use agent_baton_tests::Installation;
use agent_baton_tests::program::workspace;
use agent_baton_tests::skip;
use serde_json::Value;

const CLAUDE: &str = ".claude/settings.json";
const CODEX: &str = ".codex/hooks.json";

/// Installs into a file twice and uninstalls. Returns the text in between.
fn check(name: &str, path: &str, before: &[u8]) -> String {
    let installation = Installation::new();
    installation.write(path, before);
    let tree = installation.tree();
    installation.done("install --yes");
    let installed = installation.read(path);
    let first = installation.tree();
    let again = installation.done("install --yes");
    assert!(again.stderr.contains("nothing was written"), "{name}: {again:?}");
    assert_eq!(installation.tree(), first, "{name}: twice is once");
    installation.done("uninstall --yes");
    assert_eq!(String::from_utf8_lossy(&installation.read(path)), String::from_utf8_lossy(before), "{name}");
    assert!(installation.tree() == tree, "{name}: a trace was left: {:?}", installation.tree().keys());
    String::from_utf8(installed).unwrap()
}

/// Checks that every previous byte is still there, in order: entries were added, and nothing was reformatted.
fn check_kept(name: &str, before: &str, after: &str) {
    let mut bytes = after.bytes();
    assert!(before.bytes().all(|byte| bytes.any(|found| found == byte)), "{name}: {after}");
}

fn megabyte() -> String {
    let rules: Vec<String> = (0..25_000).map(|n| format!("      \"Bash(command-number-{n:08}:*)\"")).collect();
    format!("{{\n  \"permissions\": {{\n    \"allow\": [\n{}\n    ]\n  }}\n}}\n", rules.join(",\n"))
}

#[test]
fn of_every_layout() {
    let megabyte = megabyte();
    assert!(megabyte.len() > 1_000_000);
    let inline = format!("{{\"a\":\"{}\"}}", "x".repeat(1_000_000));
    for (name, text) in [
        ("empty", ""),
        ("white space", " \n"),
        ("braces", "{}"),
        ("braces and a line end", "{}\n"),
        ("a blank in braces", "{ }"),
        ("braces on two lines", "{\n}\n"),
        ("minified", r#"{"a":1,"b":[1,2],"c":{"d":null}}"#),
        ("one line", r#"{ "a": 1, "b": [1, 2] }"#),
        ("two blanks", "{\n  \"a\": 1\n}\n"),
        ("four blanks", "{\n    \"a\": {\n        \"b\": 1\n    }\n}\n"),
        ("tabs", "{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}\n"),
        ("CRLF", "{\r\n  \"a\": 1,\r\n  \"b\": 2\r\n}\r\n"),
        ("mixed line ends", "{\r\n  \"a\": 1,\n  \"b\": 2\r\n}\n"),
        ("BOM", "\u{feff}{\n  \"a\": 1\n}\n"),
        ("BOM and CRLF", "\u{feff}{\r\n\t\"a\": 1\r\n}"),
        ("BOM alone", "\u{feff}"),
        ("no final newline", "{\n  \"a\": 1\n}"),
        ("many final newlines", "{\n  \"a\": 1\n}\n\n\n"),
        (
            "comments",
            "// top\n{\n  // of a\n  \"a\": 1, // behind a\n  /* of b */ \"b\": 2 // behind b\n  // last\n}\n// end\n",
        ),
        ("trailing comma", "{\n  \"a\": 1, // behind a\n}\n"),
        ("a comment alone", "{\n  // nothing yet\n}\n"),
        ("empty hooks", "{\n  \"hooks\": {}\n}\n"),
        ("an empty list", "{\n  \"hooks\": {\n    \"Stop\": []\n  }\n}\n"),
        (
            "a foreign hook",
            "{\n  \"hooks\": {\n    \"Stop\": [\n      {\n        \"hooks\": [\n          { \"type\": \"command\", \"command\": \"x\" }\n        ]\n      }\n    ]\n  }\n}\n",
        ),
        (
            "a foreign hook, inline",
            "{\n  \"hooks\": { \"Stop\": [{ \"hooks\": [{ \"type\": \"command\", \"command\": \"x\" }] }] },\n  \"z\": 1\n}\n",
        ),
        ("hooks, minified", r#"{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"x"}]}]}}"#),
        ("brackets and comments in strings", "{\n  \"a\": \"// { [ \\\" ] }\",\n  \"é\": \"漢字 \u{1f980}\"\n}\n"),
        ("numbers as written", "{\n  \"a\": 1e40,\n  \"b\": 1.000,\n  \"c\": 123456789012345678901234567890\n}\n"),
        ("1 MB", &megabyte),
        ("1 MB on one line", &inline),
    ] {
        for path in [CLAUDE, CODEX] {
            let after = check(name, path, text.as_bytes());
            check_kept(name, text, &after);
            assert_eq!(after.matches("--agent").count(), 7, "{name}");
            if text.contains("\r\n") && !text.replace("\r\n", "").contains('\n') {
                assert!(!after.replace("\r\n", "").contains('\n'), "{name}: every line end is CRLF: {after:?}");
            }
            assert_eq!(after.starts_with('\u{feff}'), text.starts_with('\u{feff}'), "{name}");
        }
    }
}

#[test]
fn comments_stay_with_what_they_are_about() {
    let before = "{\n\t\"a\": 1, // of a\n\t\"b\": 2 // of b\n\t// end\n}";
    let after = check("comments", CLAUDE, before.as_bytes());
    let (head, tail) = (
        "{\n\t\"a\": 1, // of a\n\t\"b\": 2, // of b\n\t\"hooks\": {\n\t\t\"SessionStart\": [\n\t\t\t{\n",
        "\n\t\t]\n\t}\n\t// end\n}",
    );
    assert!(after.starts_with(head) && after.ends_with(tail), "{after}");
}

/// Returns the folder of published schemas and their tests, which is not part of this project.
fn published() -> Option<PathBuf> {
    let there =
        std::env::var_os("BATON_THIRD_PARTY").map_or_else(|| workspace().join("../shared/third-party"), PathBuf::from);
    let dir = there.join("schemastore/src");
    if dir.is_dir() {
        return Some(dir);
    }
    skip(
        "the published settings files are not in ../shared/third-party; BATON_THIRD_PARTY names another folder that holds \
         schemastore/",
    );
    None
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    assert!(!paths.is_empty(), "{}", dir.display());
    paths.iter().map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn of_published_files() {
    let Some(dir) = published() else { return };
    for (kind, path) in [("claude-code-settings", CLAUDE), ("codex-hooks", CODEX)] {
        let schema = std::fs::read(dir.join("schemas/json").join(format!("{kind}.json"))).unwrap();
        let schema: Value = serde_json::from_slice(&schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        for (name, bytes) in files(&dir.join("test").join(kind)) {
            let before: Value = serde_json::from_slice(&bytes).unwrap();
            let after: Value = serde_json::from_str(&check(&name, path, &bytes)).unwrap();
            for error in validator.iter_errors(&after) {
                assert!(!validator.is_valid(&before), "{name}: {error} at {}", error.instance_path());
            }
        }
    }
}

#[test]
fn of_published_files_that_are_wrong() {
    let Some(dir) = published() else { return };
    for (kind, path) in [("claude-code-settings", CLAUDE), ("codex-hooks", CODEX)] {
        for (name, bytes) in files(&dir.join("negative_test").join(kind)) {
            let installation = Installation::new();
            installation.write(path, &bytes);
            let output = installation.run("install --yes");
            if output.code == Some(1) {
                assert_eq!(installation.read(path), bytes, "{name}");
            } else {
                assert_eq!(output.code, Some(0), "{name}: {output:?}");
                installation.done("uninstall --yes");
                assert_eq!(installation.read(path), bytes, "{name}");
            }
        }
    }
}

#[test]
fn plugin_packages_are_as_published() {
    let Some(dir) = published() else { return };
    for (kind, path) in [
        ("codex-plugin-manifest", "plugin/codex/.codex-plugin/plugin.json"),
        ("claude-code-plugin-manifest", "plugin/claude/.claude-plugin/plugin.json"),
        ("claude-code-marketplace", ".claude-plugin/marketplace.json"),
        ("codex-hooks", "plugin/codex/hooks/hooks.json"),
    ] {
        let read = |path: &Path| -> Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
        let validator =
            jsonschema::validator_for(&read(&dir.join("schemas/json").join(format!("{kind}.json")))).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&read(&workspace().join(path))).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{path}: {errors:?}");
    }
}
