//! The environment, as far as it can be believed.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// The longest value taken, in bytes.
pub const MAX_VALUE: usize = 4096;

/// Where variables are looked up: the process' own, or a table in a test.
pub trait Environment {
    /// The value of a variable. None where it is unset, empty, no UTF-8, or longer than [`MAX_VALUE`].
    fn get(&self, name: &str) -> Option<String>;
}

/// The variables that this process inherited.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inherited;

impl Environment for Inherited {
    fn get(&self, name: &str) -> Option<String> {
        let value = std::env::var_os(name).filter(|value| (1..=MAX_VALUE).contains(&value.len()))?;
        value.into_string().ok()
    }
}

/// The value of a variable that a process was started with. None where it had none, or where that cannot be read: it is another's, it
/// is gone, or the machine does not tell.
#[must_use]
pub fn of_process(pid: u32, name: &str) -> Option<OsString> {
    let bytes = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut variables = bytes.split(|byte| *byte == 0);
    let value = variables.find_map(|variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    Some(OsString::from_vec(value.to_owned()))
}

/// A table of names and values.
impl Environment for &[(&str, &str)] {
    fn get(&self, name: &str) -> Option<String> {
        let value = self.iter().find(|(key, _)| *key == name)?.1;
        (1..=MAX_VALUE).contains(&value.len()).then(|| value.to_owned())
    }
}
