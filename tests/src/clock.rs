//! Records as another clock would have written them.

use std::path::Path;

use serde_json::{Value, json};

use crate::Scratch;

/// Shifts every timestamp of every record in a directory and below it by this many milliseconds of the wall clock, and into
/// another boot if `reboot` is set. The processes stay what they are.
pub fn shift(dir: &Path, by: i64, reboot: bool) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            shift(&path, by, reboot);
        } else if path.extension().is_some_and(|ext| ext == "json") {
            let mut record = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            shift_value(&mut record, by, reboot);
            std::fs::write(&path, record.to_string()).unwrap();
        }
    }
}

fn shift_value(value: &mut Value, by: i64, reboot: bool) {
    match value {
        Value::Object(fields) => {
            if let Some(unix) = fields.get("unix_ms").and_then(Value::as_i64) {
                fields.insert("unix_ms".to_owned(), json!((unix + by).max(0)));
                if reboot {
                    fields.insert("boot".to_owned(), json!("00000000-0000-4000-8000-000000000000"));
                }
            }
            fields.values_mut().for_each(|value| shift_value(value, by, reboot));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| shift_value(value, by, reboot)),
        _ => {}
    }
}

/// Sets how long a run's owner may be gone.
pub fn configure_stale_after(scratch: &Scratch, stale_after: &str) {
    let file = scratch.home().join(".config/baton/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, format!("stale_after = \"{stale_after}\"\n")).unwrap();
}
