//! A machine of the fleet, and how old its word is.

use agent_baton_core::id::MachineId;
use agent_baton_core::timestamp::Timestamp;
use baton_display::{format_ago, format_rfc3339};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// From when on the last word of a machine says nothing about what is alive there, in milliseconds.
pub const OLD_WORD_MS: u64 = 5 * 60_000;

/// Up to when an age is given in seconds, in milliseconds.
const IN_SECONDS_MS: u64 = 2 * 60_000;

/// A machine of the fleet. It holds an instant and no age, so it stays the same until the machine is heard of again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MachineView {
    /// Its id.
    pub id: MachineId,
    /// Its name, without control characters. Two machines of one name have the beginnings of their ids behind it.
    pub name: String,
    /// Whether it is this machine.
    pub is_here: bool,
    /// When its witness was at the database last, as far as this machine knows (RFC 3339), to the second.
    #[serde(rename = "heard_at", serialize_with = "serialize_time")]
    #[schemars(with = "String")]
    pub heard: Timestamp,
}

impl MachineView {
    /// Returns whether its last word is so old that what it said about owners may no longer be true.
    #[must_use]
    pub fn is_silent(&self, now: &Timestamp) -> bool {
        self.heard.age_ms(now) > OLD_WORD_MS
    }

    /// Returns its name and how old its word is: `laptop, 40 s ago` or `laptop, last heard 12 min ago`.
    #[must_use]
    pub fn describe(&self, now: &Timestamp) -> String {
        let age = self.heard.age_ms(now);
        match age {
            0..IN_SECONDS_MS => format!("{}, {} s ago", self.name, age / 1000),
            IN_SECONDS_MS..=OLD_WORD_MS => format!("{}, {}", self.name, format_ago(age)),
            _ => format!("{}, last heard {}", self.name, format_ago(age)),
        }
    }
}

/// Returns the name of a machine and how old its word is, or what is known of that. It is empty without a name.
#[must_use]
pub fn describe_machine(machines: &[MachineView], name: Option<&str>, now: &Timestamp) -> String {
    let Some(name) = name else { return String::new() };
    let machine = machines.iter().find(|machine| machine.name == name);
    machine.map_or_else(|| name.to_owned(), |machine| machine.describe(now))
}

fn serialize_time<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    format_rfc3339(at).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::MachineView;
    use agent_baton_core::timestamp::Timestamp;

    #[test]
    fn a_word_is_marked_once_it_is_old() {
        for (seconds, expected) in [
            (0, "laptop, 0 s ago"),
            (40, "laptop, 40 s ago"),
            (119, "laptop, 119 s ago"),
            (120, "laptop, 2 min ago"),
            (300, "laptop, 5 min ago"),
            (301, "laptop, last heard 5 min ago"),
            (720, "laptop, last heard 12 min ago"),
            (10_000, "laptop, last heard 2 h ago"),
        ] {
            let at = |unix_ms| Timestamp { unix_ms, boot: String::new(), boot_ms: 0 };
            let heard = at(1_000_000_000 - seconds * 1000);
            let machine = MachineView { id: "m1".parse().unwrap(), name: "laptop".to_owned(), is_here: false, heard };
            // The boot of a real time is never empty.
            let now = Timestamp { boot: "boot".to_owned(), boot_ms: 1, ..at(1_000_000_000) };
            assert_eq!(machine.describe(&now), expected);
            assert_eq!(machine.is_silent(&now), expected.contains("last heard"), "{seconds}");
        }
    }
}
