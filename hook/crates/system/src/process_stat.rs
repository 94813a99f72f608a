//! The contents of `/proc/<pid>/stat`.

/// The state of a process at one point in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessStat {
    /// Its pid.
    pub pid: u32,
    /// The name of its program, at most 15 bytes. Bytes that are not UTF-8 are replaced.
    pub comm: String,
    /// Whether it has exited and has not been reaped.
    pub ended: bool,
    /// The pid of its parent, or 0 if the parent is outside the pid namespace.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// The process that leads its session, by pid.
    pub session: u32,
    /// The number of its controlling terminal, or 0 if it has none.
    pub tty: u32,
    /// The process group that gets what is typed into that terminal, if there is one.
    pub foreground: Option<u32>,
    /// When it started, in ticks since boot.
    pub start: u64,
}

impl ProcessStat {
    /// Parses the line. Returns `None` if it does not have the kernel's format.
    ///
    /// The name is in parentheses and may itself contain spaces, parentheses and line breaks. The last `)` ends it.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let open = line.iter().position(|&byte| byte == b'(')?;
        let close = line.iter().rposition(|&byte| byte == b')')?;
        let pid = std::str::from_utf8(line.get(..open)?).ok()?.trim_ascii_end().parse().ok()?;
        let comm = String::from_utf8_lossy(line.get(open + 1..close)?).into_owned();
        let rest = std::str::from_utf8(line.get(close + 1..)?).ok()?;
        // proc(5) counts the state as field 3.
        let mut fields = rest.split_ascii_whitespace();
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse::<i32>().ok()?.cast_unsigned();
        let session = fields.next()?.parse::<i32>().ok()?.cast_unsigned();
        let tty = fields.next()?.parse::<i32>().ok()?.cast_unsigned();
        let foreground = u32::try_from(fields.next()?.parse::<i32>().ok()?).ok();
        let threads = fields.nth(11)?.parse::<u64>().ok()?;
        let start = fields.nth(1)?.parse().ok()?;
        // If the line were truncated within the number, the start would be wrong.
        fields.next()?;
        let known = state.len() == 1 && state.bytes().all(|byte| byte.is_ascii_alphabetic());
        // A process whose main thread has exited while others run looks like a zombie but is alive.
        let ended = matches!(state, "X" | "x") || (state == "Z" && threads <= 1);
        known.then_some(Self { pid, comm, ended, parent, group, session, tty, foreground, start })
    }

    /// Returns the name of the controlling terminal, such as `pts/3`, or `None` if there is none or it is of another
    /// kind.
    #[must_use]
    pub fn tty_name(&self) -> Option<String> {
        // On Linux, the number has the low 8 bits of the minor number, 12 bits of the major number, and the other bits
        // of the minor number.
        let major = (self.tty >> 8) & 0xfff;
        let minor = (self.tty & 0xff) | ((self.tty >> 12) & 0xf_ff00);
        match (major, minor) {
            (136..=143, _) => Some(format!("pts/{}", minor + (major - 136) * 256)),
            (4, 0..64) => Some(format!("tty{minor}")),
            (4, _) => Some(format!("ttyS{}", minor - 64)),
            _ => None,
        }
    }
}

/// Returns a process that leads its group, which is in the foreground of its terminal.
#[cfg(test)]
pub(crate) fn fixture(pid: u32, comm: &str, tty: u32) -> ProcessStat {
    let comm = comm.to_owned();
    ProcessStat { pid, comm, ended: false, parent: 0, group: pid, session: pid, tty, foreground: Some(pid), start: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a line in the kernel's format with the given name, state and number of threads.
    fn line(comm: &str, state: &str, threads: &str) -> String {
        format!(
            "4711 ({comm}) {state} 12 4712 4711 34817 4713 4194304 1 0 0 0 5 6 0 0 20 0 {threads} 0 381757 99 1 2 3\n"
        )
    }

    fn check(line: &str, expected: Option<(&str, bool)>) {
        let stat = ProcessStat::parse(line.as_bytes());
        assert_eq!(stat.as_ref().map(|stat| (stat.comm.as_str(), stat.ended)), expected, "{line:?}");
        if let Some(stat) = stat {
            assert_eq!((stat.pid, stat.parent, stat.session, stat.start), (4711, 12, 4711, 381_757), "{line:?}");
            assert_eq!(stat.tty_name().as_deref(), Some("pts/1"), "{line:?}");
            assert_eq!((stat.group, stat.foreground), (4712, Some(4713)), "{line:?}");
        }
    }

    #[test]
    fn names_may_hold_anything() {
        for comm in ["claude", "tmux: server", "a) R 1", "(((", ")", "", "new\nline", "Web Content", "é"] {
            check(&line(comm, "S", "7"), Some((comm, false)));
        }
        let odd = ProcessStat::parse(b"4711 (\xff\xfe) S 12 1 1 0 -1 1 1 0 0 0 5 6 0 0 20 0 1 0 9 1").unwrap();
        assert_eq!((odd.comm.as_str(), odd.start, odd.foreground), ("\u{fffd}\u{fffd}", 9, None));
    }

    #[test]
    fn a_stopped_process_lives_and_so_does_one_whose_first_thread_ended() {
        for (state, threads, ended) in [
            ("R", "1", false),
            ("S", "1", false),
            ("D", "1", false),
            ("T", "1", false),
            ("t", "1", false),
            ("I", "1", false),
            ("Z", "1", true),
            ("Z", "0", true),
            ("Z", "2", false),
            ("X", "1", true),
        ] {
            check(&line("claude", state, threads), Some(("claude", ended)));
        }
    }

    #[test]
    fn what_the_kernel_never_writes_is_not_guessed_at() {
        let good = line("claude", "S", "7");
        for bad in
            ["", "\n", "4711", "4711 (", "4711 (claude", "4711 (claude)", "4711 )claude( S 1 1", ") (", "(x) S 1"]
        {
            check(bad, None);
        }
        check(&good.replace("4711 (", "-1 ("), None);
        check(&good.replace("381757", "x"), None);
        check(&good.replace("381757", "18446744073709551616"), None);
        check(&line("claude", "SS", "7"), None);
        check(&line("claude", "7", "7"), None);
        // A truncated line gives either nothing or the same process.
        for end in 0..good.len() {
            if let Some(stat) = ProcessStat::parse(&good.as_bytes()[..end]) {
                assert_eq!((stat.pid, stat.start), (4711, 381_757), "cut at {end}");
            }
        }
    }

    #[test]
    fn terminals_have_names() {
        let mut stat = ProcessStat::parse(line("claude", "S", "7").as_bytes()).unwrap();
        for (tty, name) in [
            (0, None),
            (34_816, Some("pts/0")),
            (34_819, Some("pts/3")),
            (35_072, Some("pts/256")),
            (1_083_392, Some("pts/256")),
            (8_423_424, Some("pts/2048")),
            (1025, Some("tty1")),
            (1088, Some("ttyS0")),
            (u32::MAX, None),
        ] {
            stat.tty = tty;
            assert_eq!(stat.tty_name().as_deref(), name, "{tty}");
        }
    }
}
