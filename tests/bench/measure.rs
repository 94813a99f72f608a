//! Measures time, instructions and memory of one call.

use agent_baton_tests::fake_agent::Run;
use agent_baton_tests::process::{Launch, Process};
use agent_baton_tests::{Scratch, Window};

use crate::pairs::WARM_UP;

/// The measurements of one kind of call.
pub struct Measured {
    /// A description of the call.
    pub name: &'static str,
    /// The time of `/bin/true` in nanoseconds, one per round.
    pub empty_ns: Vec<u64>,
    /// The time of the call in nanoseconds, one per round.
    pub call_ns: Vec<u64>,
    /// The instructions of the call in user space. `None` if valgrind is missing or cannot run it.
    pub instructions: Option<u64>,
    /// The largest resident set of the call, in KiB. It is never less than that of the process that started the call.
    pub peak_kib: u64,
}

impl Measured {
    /// Creates an empty measurement.
    pub const fn new(name: &'static str) -> Self {
        Self { name, empty_ns: Vec::new(), call_ns: Vec::new(), instructions: None, peak_kib: 0 }
    }

    /// Measures one pair. The order of the two changes from round to round.
    pub fn pair(&mut self, round: usize, process: &mut Process, run: &Run) {
        let empty = Run { argv: vec!["/bin/true".to_owned()], ..run.clone() };
        let mut time = |run: &Run| {
            let ended = process.run(run.clone());
            assert!(ended.code == Some(0) && !ended.stderr.contains("baton: "), "{ended:?}");
            ended.wall_ns
        };
        let (empty, call) = if round.is_multiple_of(2) {
            let empty = time(&empty);
            (empty, time(run))
        } else {
            let call = time(run);
            (time(&empty), call)
        };
        if round >= WARM_UP {
            self.empty_ns.push(empty);
            self.call_ns.push(call);
        }
    }
}

/// Measures a repeatable call in this many rounds.
pub fn paired(
    name: &'static str,
    rounds: usize,
    scratch: &Scratch,
    window: &mut Window<'_>,
    mut next: impl FnMut(&Window<'_>) -> Run,
) -> Measured {
    let mut measured = Measured::new(name);
    for round in 0..rounds + WARM_UP {
        let run = next(window);
        measured.pair(round, &mut window.process, &run);
    }
    let run = next(window);
    measured.peak_kib = peak_kib(scratch, &mut window.process, run);
    // One call in a hundred trims the session's log, for nine times the instructions. The middle one of three never does.
    let mut counts = [(); 3].map(|()| {
        let run = next(window);
        instructions(&mut window.process, run)
    });
    counts.sort_unstable();
    measured.instructions = counts[1];
    measured
}

/// Returns the largest resident set of one call. The call runs below a process that runs nothing else.
pub fn peak_kib(scratch: &Scratch, agent: &mut Process, run: Run) -> u64 {
    let mut meter = Process::spawn(scratch, &Launch { comm: "meter", args: &[], tty: false }, Some(agent));
    let ended = meter.run(run);
    assert!(ended.code == Some(0) && !ended.stderr.contains("baton: "), "{ended:?}");
    let peak = meter.largest_child_kib();
    meter.exit();
    peak
}

/// The path of valgrind in Debian's package.
pub const VALGRIND: &str = "/usr/bin/valgrind";

/// Returns the instructions that callgrind counts in one call.
pub fn instructions(agent: &mut Process, run: Run) -> Option<u64> {
    if !std::path::Path::new(VALGRIND).exists() {
        return None;
    }
    let args = [VALGRIND, "--tool=callgrind", "--callgrind-out-file=/dev/null"].map(str::to_owned);
    let ended = agent.run(Run { argv: args.into_iter().chain(run.argv.iter().cloned()).collect(), ..run });
    // The line is "==4711== Collected : 123456".
    let line = ended.stderr.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok().filter(|_| ended.code == Some(0))
}
