//! A project's protected files: the first session in it saves them, the last one out gives them back.
//!
//! A [`Visit`] is one event at such a project. [`rule`] says what it has to do, by who else is there ([`company`]). [`Custody`] does
//! it: [`Look`](look::Look) reads what stands, [`Pack`] holds it, [`Plan`](plan::Plan) compares and [`give_back`] carries out.
//! [`Root`](root::Root) alone touches the project.
//!
//! **Architecture invariant.** Nothing is overwritten or removed in a project that is not in its history first.
//!
//! **Architecture invariant.** No path is followed through a symbolic link, and none leaves the project.

pub mod company;
pub mod custody;
pub mod give_back;
pub mod limits;
pub mod look;
pub mod node;
pub mod pack;
pub mod plan;
pub mod record;
pub mod root;
pub mod rule;
pub mod visit;

pub use custody::{Custody, Ending, ProtectError};
pub use pack::Pack;
pub use record::Record;
pub use visit::Visit;

#[cfg(test)]
mod tests;
