//! Compiles core-wasm/core.wasm ahead of time, so that baton itself contains no compiler.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use wasmtime::{Engine, Module, OptLevel};

#[path = "src/engine_config.rs"]
mod engine_config;
#[path = "src/interface.rs"]
mod interface;

use interface::ValidatedModule;

const WASM: &str = "../../../core-wasm/core.wasm";

fn main() -> Result<(), Box<dyn Error>> {
    for source in ["build.rs", "src/engine_config.rs", "src/interface.rs", WASM] {
        println!("cargo::rerun-if-changed={source}");
    }
    let wasm = fs::read(WASM).map_err(|error| format!("{WASM} (made by core-wasm/build.sh): {error}"))?;
    let mut config = engine_config::shared();
    config.cranelift_opt_level(OptLevel::SpeedAndSize);
    // A named target, even if it is this machine's own, keeps the CPU features of the build machine out of the code.
    config.target(&env::var("TARGET")?)?;
    let module = Module::new(&Engine::new(&config)?, wasm)?;
    let module = ValidatedModule::try_from(module).map_err(|error| format!("{WASM}: {error}"))?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("core.cwasm"), module.module().serialize()?)?;
    Ok(())
}
