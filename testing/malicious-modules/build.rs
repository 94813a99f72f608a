//! Compiles modules/*.wat with the host's settings.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use wasmtime::Engine;

#[path = "../../hook/crates/core-host/src/engine_config.rs"]
mod engine_config;

fn main() -> Result<(), Box<dyn Error>> {
    for source in ["build.rs", "modules", "invalid-decisions", "../../hook/crates/core-host/src/engine_config.rs"] {
        println!("cargo::rerun-if-changed={source}");
    }
    let mut config = engine_config::shared();
    config.target(&env::var("TARGET")?)?;
    let engine = Engine::new(&config)?;
    let out = env::var("OUT_DIR")?;
    let (mut modules, mut decisions) = (String::new(), String::new());
    for source in sources("modules")? {
        modules.push_str(&compiled(&engine, &out, &source, &wat::parse_file(&source)?)?);
    }
    for source in sources("invalid-decisions")? {
        let module = wat::parse_str(module_returning(&fs::read_to_string(&source)?))?;
        decisions.push_str(&compiled(&engine, &out, &source, &module)?);
    }
    fs::write(Path::new(&out).join("modules.rs"), format!("&[{modules}]"))?;
    fs::write(Path::new(&out).join("invalid-decisions.rs"), format!("&[{decisions}]"))?;
    Ok(())
}

fn sources(directory: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut sources =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    sources.sort();
    Ok(sources)
}

/// Compiles a module and returns its line in the table.
fn compiled(engine: &Engine, out: &str, source: &Path, module: &[u8]) -> Result<String, Box<dyn Error>> {
    let name = source.file_stem().and_then(|name| name.to_str()).ok_or("a module without a name")?;
    let path = Path::new(out).join(name).with_extension("cwasm");
    fs::write(&path, engine.precompile_module(module)?)?;
    Ok(format!("({name:?}, include_bytes!({path:?}).as_slice()),\n"))
}

/// Returns a core that gives the same decision to every request.
fn module_returning(decision: &str) -> String {
    let text: String = decision.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    format!(
        r#"(module
          (memory (export "memory") 32)
          (data (i32.const 1024) "{text}")
          (func (export "baton_abi") (result i32) (i32.const 2))
          (func (export "baton_alloc") (param i32) (result i32) (i32.const 1048576))
          (func (export "baton_decide") (param i32 i32) (result i64)
            (i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.const {}))))"#,
        decision.len()
    )
}
