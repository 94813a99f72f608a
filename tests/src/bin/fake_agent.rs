//! A process that plays an agent. It is started under the agent's name, takes orders from a socket, and runs hooks as
//! its children.
//!
//! It exits when the harness closes the socket, so a failing test leaves none behind.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use agent_baton_tests::fake_agent::{Answer, Ended, Order, Run, SOCKET, TTY};

fn main() -> io::Result<()> {
    // Start a session, so that the program does not see the terminal of whoever runs the tests.
    nix::unistd::setsid()?;
    // A session leader without a terminal gets the first one that it opens.
    let _tty = std::env::var_os(TTY).map(File::open).transpose()?;
    let socket = std::env::var_os(SOCKET).ok_or_else(|| io::Error::other("no socket to be steered by"))?;
    let mut answers = UnixStream::connect(socket)?;
    let orders = BufReader::new(answers.try_clone()?);
    let comm = std::fs::read_to_string("/proc/self/comm")?;
    let mut state = State::default();
    say(&mut answers, &Answer::Hello { pid: std::process::id(), comm: comm.trim_end().to_owned() })?;
    for line in orders.lines() {
        let order = serde_json::from_str(&line?)?;
        let answer = state.carry_out(order).unwrap_or_else(|error| Answer::Failed(error.to_string()));
        say(&mut answers, &answer)?;
    }
    Ok(())
}

fn say(answers: &mut UnixStream, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    answers.write_all(&line)
}

#[derive(Default)]
struct State {
    locks: HashMap<PathBuf, File>,
    children: Vec<Child>,
}

impl State {
    fn carry_out(&mut self, order: Order) -> io::Result<Answer> {
        // Reap the children that have ended. Until then they are zombies, as under a real agent.
        self.children.retain_mut(|child| !matches!(child.try_wait(), Ok(Some(_))));
        match order {
            Order::Run(run) => Ok(Answer::Ended(vec![finish(start(&run)?, &run)?])),
            Order::RunAll(runs) => {
                let started = runs.iter().map(start).collect::<io::Result<Vec<_>>>()?;
                std::thread::scope(|scope| {
                    let threads: Vec<_> =
                        started.into_iter().zip(&runs).map(|(child, run)| scope.spawn(|| finish(child, run))).collect();
                    threads.into_iter().map(|thread| thread.join().unwrap()).collect::<io::Result<Vec<_>>>()
                })
                .map(Answer::Ended)
            }
            Order::Spawn { argv, env } => {
                let child = command(&argv, &env)?.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
                let pid = child.id();
                self.children.push(child);
                Ok(Answer::Spawned(pid))
            }
            Order::Lock(path) => {
                let file = File::options().create(true).append(true).open(&path)?;
                file.try_lock()?;
                self.locks.insert(path, file);
                Ok(Answer::Done)
            }
            Order::Unlock(path) => {
                self.locks.remove(&path).ok_or_else(|| io::Error::other("the lock is not held"))?;
                std::fs::remove_file(path)?;
                Ok(Answer::Done)
            }
            Order::Usage => {
                let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN)?;
                Ok(Answer::Usage(u64::try_from(usage.max_rss()).unwrap_or(0)))
            }
            Order::Execute(argv) => {
                let (program, args) = argv.split_first().ok_or_else(|| io::Error::other("nothing to execute"))?;
                Err(Command::new(program).args(args).exec())
            }
            Order::Exit(status) => std::process::exit(status),
        }
    }
}

fn command(argv: &[String], env: &std::collections::BTreeMap<String, String>) -> io::Result<Command> {
    let (program, args) = argv.split_first().ok_or_else(|| io::Error::other("nothing to run"))?;
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(env);
    Ok(command)
}

fn start(run: &Run) -> io::Result<(Child, Instant)> {
    let mut argv = run.argv.clone();
    if let Some(shell) = &run.shell {
        // The second command keeps the shell from replacing itself by the first.
        let script = ["-c", "\"$0\" \"$@\"; exit $?"].map(str::to_owned);
        argv = std::iter::once(shell.clone()).chain(script).chain(argv).collect();
    }
    let mut command = command(&argv, &run.env)?;
    command.current_dir(&run.cwd).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let before = Instant::now();
    Ok((command.spawn()?, before))
}

fn finish((mut child, before): (Child, Instant), run: &Run) -> io::Result<Ended> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let stdin = child.stdin.take();
    std::thread::scope(|scope| -> io::Result<()> {
        // A program may exit without reading its stdin. Then writing fails, which is not an error.
        let write = move || drop(stdin.map(|mut pipe| pipe.write_all(run.stdin.as_bytes())));
        // Data that fits into a pipe needs no thread, and a thread would count in the measured time.
        if run.stdin.len() > 32 * 1024 {
            scope.spawn(write);
        } else {
            write();
        }
        if let Some(mut pipe) = child.stdout.take() {
            pipe.read_to_end(&mut stdout)?;
        }
        if let Some(mut pipe) = child.stderr.take() {
            pipe.read_to_end(&mut stderr)?;
        }
        Ok(())
    })?;
    let status = child.wait()?;
    Ok(Ended {
        code: status.code(),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
        wall_ns: u64::try_from(before.elapsed().as_nanos()).unwrap_or(u64::MAX),
    })
}
