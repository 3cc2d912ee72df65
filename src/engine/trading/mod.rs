//! Trading: brokerage accounts, what they hold, and orders, each placed once and within the kit's limits.
//!
//! `desk` opens an account, `link` connects one, `reads` only looks; `prepare` learns what an order is judged
//! by, `limits` judges it by the kit, `submit` is the only place that places one, `replay` does what a person
//! approved.

mod close;
mod desk;
mod halt;
mod limits;
mod link;
mod lookup;
mod orders;
mod prepare;
mod preview;
mod reads;
mod replay;
mod submit;
mod view;

use crate::api::action::Action;
use crate::api::trading::order::{CancelOrder, ClosePosition, CreateOrder};
use crate::api::trading::words::BrokerEnv;

/// An action that trades.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Trade<'a> {
    /// An order is placed
    Place(&'a CreateOrder),
    /// A position is closed
    Close(&'a ClosePosition),
    /// An order is cancelled
    Cancel(&'a CancelOrder),
}

impl Trade<'_> {
    /// Returns the env that it names.
    pub(in crate::engine) fn env(self) -> Option<BrokerEnv> {
        match self {
            Self::Place(op) => op.env,
            Self::Close(op) => op.env,
            Self::Cancel(op) => op.env,
        }
    }
}

/// Returns how an action trades, if it does.
pub(in crate::engine) fn trade(action: &Action) -> Option<Trade<'_>> {
    if let Action::CreateOrder(op) = action {
        return Some(Trade::Place(op));
    }
    if let Action::ClosePosition(op) = action {
        return Some(Trade::Close(op));
    }
    if let Action::CancelOrder(op) = action {
        return Some(Trade::Cancel(op));
    }
    None
}
