//! What a user would notice, asked of the binary itself. Rules are tested beside the code that holds them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed, which is what it is for"
)]

mod accounts;
mod acting;
mod actions;
mod app;
mod approvals;
mod approving;
mod backup;
mod browser;
mod callback;
mod callers;
mod composio;
mod config;
mod connect;
mod copies;
mod counted;
mod crash;
mod credential;
mod damage;
mod desk;
mod device;
mod dialects;
mod doubt;
mod ends;
mod execute;
mod explain;
mod failing;
mod files;
mod finding;
mod frozen;
mod generated;
mod handover;
mod hints;
mod import;
mod keys;
mod kit_slips;
mod kits;
mod layering;
mod lists;
mod login;
mod logs;
mod manifests;
mod mcp;
mod mirror;
mod network;
mod notify;
mod output;
mod pending;
mod proof;
mod proxy;
mod readme;
mod register;
mod remote;
mod repeat;
mod replay;
mod resource;
mod resource_lies;
mod review;
mod rotation;
mod scopes;
mod secrets;
mod serve;
mod servers;
mod shipped;
#[cfg(unix)]
mod spill;
mod support;
#[cfg(unix)]
mod terminal;
mod together;
mod toolkits;
mod trading;
mod unwell;
mod upstream;
mod usage;
mod users;
mod vault;
mod webhooks;
mod workspace;
