//! The password of the database: nobody can read it but the database.

use std::path::{Path, PathBuf};

use baton_test_postgres::Fault;
use baton_test_postgres::fleet::Fleet;

use super::{owner, prompt, resume};

/// Returns the directories of the processes that run `baton-fleet` for this state directory's user below this process.
fn children() -> Vec<PathBuf> {
    let processes = Path::new("/proc").read_dir().unwrap().flatten().map(|entry| entry.path());
    let text = |path: &Path| std::fs::read_to_string(path.join("comm")).unwrap_or_default();
    processes.filter(|path| text(path).trim() == "baton-fleet").collect()
}

#[test]
fn the_password_is_in_no_output_no_file_and_no_list_of_processes() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let password = &fleet.database().password;
    let mut window = owner(&a);
    a.proxy.next(Fault::DelayStatement);
    let mut said = std::thread::scope(|scope| {
        let event = scope.spawn(|| prompt(&mut window));
        a.proxy.wait_until_delayed();
        let children = children();
        assert!(!children.is_empty());
        for child in children {
            // A process that ended meanwhile has no files any more.
            for file in ["cmdline", "environ", "status"] {
                let bytes = std::fs::read(child.join(file)).unwrap_or_default();
                assert!(!String::from_utf8_lossy(&bytes).contains(password.as_str()), "{file}");
            }
            let limits = std::fs::read_to_string(child.join("limits")).unwrap_or_default();
            let core = limits.lines().find(|line| line.starts_with("Max core file size"));
            if let Some(core) = core {
                assert_eq!(core.split_whitespace().skip(4).collect::<Vec<_>>(), ["0", "0", "bytes"]);
            }
        }
        a.proxy.release();
        event.join().unwrap()
    });
    a.proxy.refuse(true);
    said += &resume(&mut window);
    for words in ["fleet status", "fleet witness", "fleet show --what-is-stored", "doctor", "config", "log", "status"] {
        let ended = a.baton(words.split(' '));
        said += &(ended.stdout + &ended.stderr);
    }
    a.proxy.refuse(false);
    for words in ["fleet status", "fleet witness", "fleet show --what-is-stored", "doctor", "config", "run finish demo"]
    {
        let ended = a.baton(words.split(' '));
        said += &(ended.stdout + &ended.stderr);
    }
    assert!(!said.contains(password.as_str()), "{said}");
    for (path, bytes) in a.scratch.state().files {
        assert!(!String::from_utf8_lossy(&bytes).contains(password.as_str()), "{}", path.display());
    }
}
