//! The published schemas are those of the types.

use std::fs;

use agent_baton::schemas;
use agent_baton_tests::program::workspace;
use agent_baton_tests::scenario::BLESS;

#[test]
fn the_files_are_what_the_types_say() {
    let bless = std::env::var_os(BLESS).is_some();
    let schemas = schemas::all();
    for (name, schema) in &schemas {
        let path = workspace().join("schemas").join(name).with_extension("json");
        let generated = serde_json::to_string_pretty(schema).unwrap() + "\n";
        if bless {
            fs::write(&path, &generated).unwrap();
        }
        let file = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            file == generated,
            "{} differs from its type; `{BLESS}=1 cargo test -p agent-baton schemas` writes it again",
            path.display()
        );
    }
    // The schemas of the live view are in a folder of their own.
    let files =
        fs::read_dir(workspace().join("schemas")).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_file());
    assert_eq!(files.count(), schemas.len(), "a file is no schema");
}
