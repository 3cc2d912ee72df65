//! Trading: the brokerage client against a stand-in broker, and against the sandbox's own exchange.

mod exchange;
mod governed;
mod held;
mod link;
mod lost;
mod orders;
mod spec;
mod stand_in;
