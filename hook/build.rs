//! Gives the linker of the release its options: the order of the functions, and what to leave out. Compresses the schemas.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;

/// The functions that a heartbeat runs. `order.sh` writes this file.
const ORDER: &str = "order.txt";

/// The sections that the program does not need.
const DISCARD: &str = "discard.ld";

/// The schemas, which `baton schema` prints.
const SCHEMAS: &str = "../schemas";

fn main() -> Result<(), Box<dyn Error>> {
    for file in [ORDER, DISCARD, SCHEMAS] {
        println!("cargo::rerun-if-changed={file}");
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("schemas.gz"), compressed_schemas()?)?;
    let options = link_options()?;
    if env::var("PROFILE")? == "release" && can_link(&options)? {
        for option in options {
            println!("cargo::rustc-link-arg-bin=baton={option}");
        }
    }
    Ok(())
}

/// Returns the names and the texts of all schemas. Uncompressed, they would be a twelfth of the program.
fn compressed_schemas() -> Result<Vec<u8>, Box<dyn Error>> {
    let files = fs::read_dir(SCHEMAS)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files = files.collect::<Result<Vec<PathBuf>, _>>()?;
    files.sort();
    let mut text = GzEncoder::new(Vec::new(), Compression::best());
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "json")) {
        let name = file.file_stem().ok_or("a schema without a name")?;
        write!(text, "{}\0{}\0", name.display(), fs::read_to_string(file)?)?;
    }
    Ok(text.finish()?)
}

/// The functions that a heartbeat runs stand side by side. A call then touches fewer pages and takes a fifth less time.
/// The linker ignores a name that the program does not have. Functions of equal code become one.
fn link_options() -> Result<Vec<String>, Box<dyn Error>> {
    let path = |file: &str| fs::canonicalize(file).map_err(|error| format!("hook/{file}: {error}"));
    Ok(vec![
        format!("-Wl,--symbol-ordering-file={}", path(ORDER)?.display()),
        "-Wl,--no-warn-symbol-ordering".to_owned(),
        "-Wl,--icf=all".to_owned(),
        format!("-Wl,-T,{}", path(DISCARD)?.display()),
    ])
}

/// Returns whether the linker knows these options. lld does, which is the default of x86-64 Linux, and others do not.
fn can_link(options: &[String]) -> Result<bool, Box<dyn Error>> {
    let source = Path::new(&env::var("OUT_DIR")?).join("empty.rs");
    fs::write(&source, "fn main() {}")?;
    let mut rustc = Command::new(env::var("RUSTC")?);
    rustc.arg(&source).arg("-o").arg(source.with_extension("")).args(["--target", &env::var("TARGET")?]);
    rustc.args(["-C", "panic=abort"]);
    rustc.args(env::var("CARGO_ENCODED_RUSTFLAGS")?.split('\x1f').filter(|flag| !flag.is_empty()));
    rustc.args(env::var("RUSTC_LINKER").map(|linker| format!("-Clinker={linker}")));
    rustc.args(options.iter().map(|option| format!("-Clink-arg={option}")));
    Ok(rustc.output()?.status.success())
}
