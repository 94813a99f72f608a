//! Environment variables, validated.

use super::System;

/// The maximum length of a value, in bytes.
pub const MAX_VALUE_BYTES: usize = 4096;

/// A source of variables: this process's own environment, another process's, or a table in a test.
pub trait Environment {
    /// Returns the value of a variable, or `None` if it is unset, empty, not UTF-8, or longer than [`MAX_VALUE_BYTES`].
    fn get(&self, name: &str) -> Option<String>;
}

/// The variables that this process inherited.
#[derive(Debug, Clone, Copy, Default)]
pub struct OwnEnvironment;

impl Environment for OwnEnvironment {
    fn get(&self, name: &str) -> Option<String> {
        let value = std::env::var_os(name).filter(|value| (1..=MAX_VALUE_BYTES).contains(&value.len()))?;
        value.into_string().ok()
    }
}

/// A table of names and values.
impl Environment for &[(&str, &str)] {
    fn get(&self, name: &str) -> Option<String> {
        let value = self.iter().find(|(key, _)| *key == name)?.1;
        (1..=MAX_VALUE_BYTES).contains(&value.len()).then(|| value.to_owned())
    }
}

/// The variables with which another process was started. A variable that cannot be read counts as unset.
#[derive(Clone, Copy)]
pub struct ProcessEnvironment<'a> {
    system: &'a dyn System,
    pid: u32,
}

impl<'a> ProcessEnvironment<'a> {
    /// Returns the environment of a process.
    #[must_use]
    pub const fn new(system: &'a dyn System, pid: u32) -> Self {
        Self { system, pid }
    }
}

impl Environment for ProcessEnvironment<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.system.variable(self.pid, name).filter(|value| (1..=MAX_VALUE_BYTES).contains(&value.len()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};

    use super::*;
    use crate::CurrentSystem;

    #[test]
    fn the_variables_of_another_process_are_those_it_was_started_with() {
        let mut child = Command::new("cat");
        child.env("PANE", "%3").env("EMPTY", "").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = child.spawn().unwrap();
        // `/proc` shows its variables only after it has executed the new program. Its answer proves that it has.
        child.stdin.as_mut().unwrap().write_all(b"?").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let there = ProcessEnvironment::new(&CurrentSystem, child.id());
        let found = ["PANE", "EMPTY", "MISSING"].map(|name| there.get(name));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found, [Some("%3".to_owned()), None, None]);
        assert_eq!(ProcessEnvironment::new(&CurrentSystem, u32::MAX).get("PATH"), None);
    }
}
