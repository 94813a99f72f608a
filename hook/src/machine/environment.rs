//! The environment, as far as it can be believed.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
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

/// The variables that another process of this user was started with. What cannot be read is unset.
#[derive(Debug, Clone, Default)]
pub struct StartedWith(Vec<(String, String)>);

/// The most read of a process' variables, in bytes.
const MAX_VARIABLES: u64 = 256 * 1024;

impl StartedWith {
    /// Those of a process.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        let mut bytes = Vec::new();
        let read = File::open(format!("/proc/{pid}/environ"))
            .and_then(|file| file.take(MAX_VARIABLES).read_to_end(&mut bytes));
        if read.is_err() {
            return Self::default();
        }
        let pairs = bytes.split(|byte| *byte == 0).filter_map(|pair| {
            let (name, value) = std::str::from_utf8(pair).ok()?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        Self(pairs.collect())
    }
}

impl Environment for StartedWith {
    fn get(&self, name: &str) -> Option<String> {
        let value = &self.0.iter().find(|(key, _)| key == name)?.1;
        (1..=MAX_VALUE).contains(&value.len()).then(|| value.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_variables_of_another_process_are_those_it_was_started_with() {
        let mut child = Command::new("cat");
        child.env("PANE", "%3").env("EMPTY", "").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = child.spawn().unwrap();
        // Its variables stand there only once it is the new program, which it shows by an answer.
        child.stdin.as_mut().unwrap().write_all(b"?").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let there = StartedWith::of(child.id());
        let found = ["PANE", "EMPTY", "MISSING"].map(|name| there.get(name));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found, [Some("%3".to_owned()), None, None]);
        assert_eq!(StartedWith::of(u32::MAX).get("PATH"), None);
    }
}
