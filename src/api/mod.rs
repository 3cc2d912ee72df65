//! The words of the product: actions, replies, names, errors. No I/O.

pub(crate) mod accounts;
pub(crate) mod action;
pub(crate) mod address;
pub(crate) mod approvals;
pub(crate) mod apps;
#[expect(dead_code, reason = "the terminal answers next")]
pub(crate) mod asking;
pub(crate) mod connections;
pub(crate) mod error;
pub(crate) mod ids;
pub(crate) mod keys;
pub(crate) mod kits;
pub(crate) mod log;
pub(crate) mod logins;
pub(crate) mod primitives;
pub(crate) mod requests;
pub(crate) mod routes;
pub(crate) mod samples;
pub(crate) mod sandbox;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod time;
pub(crate) mod toolkits;
pub(crate) mod tools;
pub(crate) mod trading;
pub(crate) mod vault;
pub(crate) mod webhooks;
pub(crate) mod workspace;
