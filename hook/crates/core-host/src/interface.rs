//! The interface that a module must have to be a core. The build script and baton both check it.

use wasmtime::{ExternType, Module};

/// The exports of a core, with their types as wasmtime prints them. A core also exports a memory and
/// [`LINKER_EXPORTS`], and nothing else.
const FUNCTIONS: [(&str, &str); 3] = [
    ("baton_abi", "(type (func (result i32)))"),
    ("baton_alloc", "(type (func (param i32) (result i32)))"),
    ("baton_decide", "(type (func (param i32 i32) (result i64)))"),
];

/// Constants that the linker exports from every module that Rust compiles. This cannot be turned off.
const LINKER_EXPORTS: [&str; 2] = ["__data_end", "__heap_base"];

/// Why a module is not a core.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum InterfaceError {
    /// The module has an import.
    #[error("it imports {module}.{name}; a core has no imports")]
    Import { module: String, name: String },
    /// An export is missing.
    #[error("it does not export {0}")]
    Missing(&'static str),
    /// An export has the wrong type.
    #[error("its export {name} is {found}, not {expected}")]
    Type { name: &'static str, expected: &'static str, found: String },
    /// The module has an export that a core does not have.
    #[error("it exports {0}, which a core does not have")]
    Surplus(String),
}

/// A module without imports and with exactly the exports of a core. Only the check creates one.
#[derive(Clone)]
pub struct ValidatedModule(Module);

impl ValidatedModule {
    /// Returns the module.
    pub const fn module(&self) -> &Module {
        &self.0
    }
}

impl TryFrom<Module> for ValidatedModule {
    type Error = InterfaceError;

    fn try_from(module: Module) -> Result<Self, InterfaceError> {
        if let Some(import) = module.imports().next() {
            return Err(InterfaceError::Import { module: import.module().to_owned(), name: import.name().to_owned() });
        }
        if !matches!(module.get_export("memory"), Some(ExternType::Memory(_))) {
            return Err(InterfaceError::Missing("memory"));
        }
        for (name, expected) in FUNCTIONS {
            let found = match module.get_export(name) {
                Some(ExternType::Func(function)) => function.to_string(),
                Some(_) => "no function".to_owned(),
                None => return Err(InterfaceError::Missing(name)),
            };
            if found != expected {
                return Err(InterfaceError::Type { name, expected, found });
            }
        }
        let known = |name| {
            name == "memory"
                || LINKER_EXPORTS.contains(&name)
                || FUNCTIONS.iter().any(|(function, _)| *function == name)
        };
        if let Some(export) = module.exports().find(|export| !known(export.name())) {
            return Err(InterfaceError::Surplus(export.name().to_owned()));
        }
        Ok(Self(module))
    }
}
