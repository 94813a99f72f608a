//! Why a call of the core fails. None of these errors is the agent's fault, so the hook logs it and prints nothing.

use wasmtime::Trap;

use super::engine_config::{MAX_MEMORY_BYTES, MAX_STACK_BYTES};
use super::interface::InterfaceError;
use super::limits::{MAX_FUEL, MAX_REPLY_BYTES, MAX_REQUEST_BYTES};

/// An error of wasmtime.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the core gave no decision.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum CoreError {
    /// The embedded code does not fit this machine or this build of baton.
    #[error("the built-in core cannot be loaded")]
    Load(#[source] Cause),
    /// The module does not have the interface of a core.
    #[error("the module is not a core")]
    Interface(#[from] InterfaceError),
    /// The core could not be instantiated.
    #[error("the core could not be instantiated")]
    Instance(#[source] Cause),
    /// The system gives no memory, as under a limit of virtual memory.
    #[error("the system gives no memory for the core")]
    NoMemory(#[source] Cause),
    /// The core uses another version of the protocol.
    #[error("the core speaks protocol {core}, but this program speaks {host}")]
    Protocol { core: u32, host: u32 },
    /// The request could not be written as JSON.
    #[error("the request to the core cannot be written as JSON")]
    Request(#[source] serde_json::Error),
    /// The request is longer than [`MAX_REQUEST_BYTES`].
    #[error("the request to the core has {0} bytes, over its limit of {MAX_REQUEST_BYTES}")]
    RequestTooLong(usize),
    /// The core used up [`MAX_FUEL`].
    #[error("the core did not decide within its limit of {MAX_FUEL} units of fuel")]
    Fuel,
    /// The core asked for more than [`MAX_MEMORY_BYTES`].
    #[error("the core asked for more memory than its limit of {MAX_MEMORY_BYTES} bytes")]
    Memory,
    /// The core used up [`MAX_STACK_BYTES`].
    #[error("the core used more stack than its limit of {MAX_STACK_BYTES} bytes")]
    Stack,
    /// The core trapped.
    #[error("the core stopped")]
    Trap(#[source] Cause),
    /// The core returned an address outside its memory.
    #[error("the core named {len} bytes at {address}, which its memory does not hold")]
    OutOfBounds { address: u32, len: usize },
    /// The reply is longer than [`MAX_REPLY_BYTES`].
    #[error("the core's reply has {0} bytes, over its limit of {MAX_REPLY_BYTES}")]
    ReplyTooLong(usize),
    /// The reply is not a decision.
    #[error("the core's reply is not a decision")]
    Reply(#[source] serde_json::Error),
}

/// The number by which Linux says that there is no memory.
const ENOMEM: i32 = 12;

/// wasmtime shows the system's error by its text only.
fn is_out_of_memory(error: &wasmtime::Error) -> bool {
    let code = format!("(os error {})", ENOMEM);
    error.chain().any(|cause| cause.to_string().ends_with(&code))
}

impl CoreError {
    /// Converts the error of loading the core.
    pub(super) fn load(error: wasmtime::Error) -> Self {
        if is_out_of_memory(&error) { Self::NoMemory(error.into()) } else { Self::Load(error.into()) }
    }

    /// Converts the error that ended a call or an instantiation.
    pub(super) fn stopped(error: wasmtime::Error, refused_memory: bool) -> Self {
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Self::Fuel,
            Some(Trap::StackOverflow) => Self::Stack,
            // The core's allocator traps if the host refuses it memory.
            _ if refused_memory => Self::Memory,
            _ if is_out_of_memory(&error) => Self::NoMemory(error.into()),
            _ => Self::Trap(error.into()),
        }
    }
}
