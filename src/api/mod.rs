//! The words of the product: actions, replies, names, errors. No I/O.

pub(crate) mod error;
pub(crate) mod ids;
pub(crate) mod time;
