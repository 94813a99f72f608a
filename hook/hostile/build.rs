//! Compiles modules/*.wat under the host's settings.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use wasmtime::Engine;

#[path = "../src/core/config.rs"]
mod config;

fn main() -> Result<(), Box<dyn Error>> {
    for source in ["build.rs", "modules", "../src/core/config.rs"] {
        println!("cargo::rerun-if-changed={source}");
    }
    let mut config = config::shared();
    config.target(&env::var("TARGET")?)?;
    let engine = Engine::new(&config)?;
    let out = env::var("OUT_DIR")?;
    let mut table = String::new();
    let mut sources =
        fs::read_dir("modules")?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    sources.sort();
    for source in sources {
        let name = source.file_stem().and_then(|name| name.to_str()).ok_or("a module without a name")?;
        let compiled = engine.precompile_module(&wat::parse_file(&source)?)?;
        let path = Path::new(&out).join(name).with_extension("cwasm");
        fs::write(&path, compiled)?;
        writeln!(table, "({name:?}, include_bytes!({path:?}).as_slice()),")?;
    }
    fs::write(Path::new(&out).join("modules.rs"), format!("&[{table}]"))?;
    Ok(())
}
