//! Records of another machine, as after a container was rebuilt.

use std::path::Path;

use serde_json::{Value, json};

/// Moves every process that a record in a directory names to another machine, so that nobody here can tell whether it is alive.
pub fn carry_off(dir: &Path) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ext| ext == "json") {
            let mut record = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            move_processes(&mut record);
            std::fs::write(&path, record.to_string()).unwrap();
        }
    }
}

fn move_processes(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("pidns") {
                fields.insert("machine".to_owned(), json!("another"));
            }
            fields.values_mut().for_each(move_processes);
        }
        Value::Array(items) => items.iter_mut().for_each(move_processes),
        _ => {}
    }
}
