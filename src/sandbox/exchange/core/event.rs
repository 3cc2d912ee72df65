//! What can happen to an account, what it answers, and what it leaves in the journal.

use rust_decimal::Decimal;
use serde::Serialize;

use super::model::{Close, Configuration, Switches};
use super::order::{Order, Status};
use super::text;
use crate::api::time::Millis;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::{Side, TimeInForce};
use crate::broker::rules::Refusal;
use crate::broker::ticket::Ticket;

/// What an owner, or the exchange's keeper, asks of an account.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// Place an order
    Submit {
        /// The order
        ticket: Box<Ticket>,
        /// A fresh UUID for it; those of its legs follow from it
        id: String,
        /// Whether an order that has ended had the same client id (open ones the account knows itself)
        taken: bool,
    },
    /// Cancel one order by its id
    Cancel {
        /// Its id
        id: String,
        /// Where it stands if it has ended, for the refusal; `None` where nobody knows it
        ended: Option<Status>,
    },
    /// Cancel all orders
    CancelAll,
    /// Put another order in the place of one
    Replace {
        /// Id of the old one
        id: String,
        /// Where it stands if it has ended; `None` where nobody knows it
        ended: Option<Status>,
        /// A fresh UUID for the new one
        new_id: String,
        /// What is different
        changes: Changes,
        /// Whether an order that has ended had the same client id
        taken: bool,
    },
    /// Close a position, or a part of it, at the market
    Close {
        /// What is held
        symbol: Symbol,
        /// How much of it
        part: Part,
        /// A fresh UUID for the order
        id: String,
    },
    /// Close all positions
    CloseAll {
        /// Whether open orders are canceled before
        cancel_orders: bool,
        /// A fresh UUID; those of the orders follow from it
        id: String,
    },
    /// Set what the owner may set
    Configure(Configuration),
    /// Set how the exchange treats the account, and how often its money may be used
    Switch {
        /// The switches
        switches: Switches,
        /// 1, 2 or 4
        multiplier: u8,
    },
    /// Exercise an option now: all contracts that are held of it
    Exercise {
        /// The option
        symbol: Symbol,
    },
    /// Judge every order now: for the moment at which a price was pinned that the account has seen already
    Evaluate,
}

/// How much of a position is closed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Part {
    /// All of it
    All,
    /// So much
    Qty(Decimal),
    /// So many percent, rounded down to what can be traded; 100 is all of it
    Percent(Decimal),
}

/// What a replacement changes; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Changes {
    /// Quantity in all, what is filled included
    pub(crate) qty: Option<Decimal>,
    /// For how long
    pub(crate) time_in_force: Option<TimeInForce>,
    /// Worst price
    pub(crate) limit_price: Option<Decimal>,
    /// Price at which it wakes up
    pub(crate) stop_price: Option<Decimal>,
    /// Distance of a trailing stop, in the unit the order has
    pub(crate) trail: Option<Decimal>,
    /// Its sender's id; made from the new id if not said
    pub(crate) client_order_id: Option<String>,
}

/// What came of an event.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What goes into the journal, in this order; also if the event was refused, for time went on before it
    pub(crate) effects: Vec<Effect>,
    /// The answer, or the refusal; a refused event changes nothing
    pub(crate) answer: Result<Answer, Refusal>,
}

/// What is answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It is done
    Done,
    /// An order as it was taken, with its legs; not yet filled unless the account is `instant`
    Order(Box<Order>, Vec<Order>),
    /// Orders that were canceled, as they are now
    Canceled(Vec<Order>),
    /// One order a position, or why there is none
    Closed(Vec<(Symbol, Result<Order, Refusal>)>),
}

/// One row of the journal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    /// An order is new or has changed; one that is not open any more has left the account
    Order(Box<Order>),
    /// Something for `/v2/account/activities`
    Activity(Box<Activity>),
    /// A session has closed
    Close(Close),
}

/// What an activity is of (source: Alpaca Trading API 2.0.1, `ActivityType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Kind {
    /// A fill
    Fill,
    /// The fee of a fill of coins
    Cfee,
    /// An option ended without worth
    Opexp,
    /// An option was exercised
    Opexc,
    /// An option that was sold was exercised by who held it
    Opasn,
    /// Shares that changed hands by an option
    Optrd,
}

impl Kind {
    /// Returns the word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Fill => "FILL",
            Self::Cfee => "CFEE",
            Self::Opexp => "OPEXP",
            Self::Opexc => "OPEXC",
            Self::Opasn => "OPASN",
            Self::Optrd => "OPTRD",
        }
    }
}

/// A row of `/v2/account/activities`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Activity {
    /// Local time in New York to the millisecond, `::`, and a UUID
    pub(crate) id: String,
    /// Its number within the account: ids of one millisecond have no order of their own
    pub(crate) seq: u64,
    /// Of what
    pub(crate) kind: Kind,
    /// When
    pub(crate) at: Millis,
    /// What was traded; `None` for cash
    pub(crate) symbol: Option<Symbol>,
    /// How much, without sign in a fill; otherwise what it changes of the position
    #[serde(with = "text::maybe")]
    pub(crate) qty: Option<Decimal>,
    /// At what price
    #[serde(with = "text::maybe")]
    pub(crate) price: Option<Decimal>,
    /// What it changes of the cash
    #[serde(with = "text")]
    pub(crate) net_amount: Decimal,
    /// More, for a fill
    pub(crate) fill: Option<Fill>,
}

/// What is told of a fill beside price and quantity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Fill {
    /// The order
    pub(crate) order_id: String,
    /// Where the order stands after it
    pub(crate) order_status: Status,
    /// Buy or sell
    pub(crate) side: Side,
    /// Whether nothing is left: `fill`, otherwise `partial_fill`
    pub(crate) whole: bool,
    /// How much is still to be filled
    #[serde(with = "text")]
    pub(crate) leaves_qty: Decimal,
    /// How much is filled in all
    #[serde(with = "text")]
    pub(crate) cum_qty: Decimal,
}
