//! An order as the exchange keeps it, and the words of its life.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::text;
use crate::api::time::Millis;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::{
    AssetClass, OrderClass, OrderType, PositionIntent, Side, TimeInForce,
};

/// Where an order stands, in the broker's words (source: Alpaca Trading API 2.0.1, `OrderStatus`).
///
/// The exchange itself goes through `pending_new`, `accepted`, `new`, `held`, `partially_filled` and the ends
/// `filled`, `canceled`, `expired`, `replaced` and `rejected`; the other words exist so that whatever reads
/// them knows the whole set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Taken, not yet at the market
    PendingNew,
    /// Taken while its market is closed: waits for the next session
    Accepted,
    /// At the market
    New,
    /// A leg that waits for its entry, or watches beside its sibling
    Held,
    /// Filled in part, still at the market
    PartiallyFilled,
    /// Filled whole
    Filled,
    /// Done until the next session
    DoneForDay,
    /// Ended by its owner, by a sibling, or because it could not be filled at once
    Canceled,
    /// Ended by time
    Expired,
    /// Another order took its place
    Replaced,
    /// About to be canceled
    PendingCancel,
    /// About to be replaced
    PendingReplace,
    /// Ended by the exchange
    Rejected,
    /// Stopped
    Stopped,
    /// Suspended
    Suspended,
    /// Filled, to be settled
    Calculated,
    /// Taken for an auction
    AcceptedForBidding,
}

impl Status {
    /// Returns the word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PendingNew => "pending_new",
            Self::Accepted => "accepted",
            Self::New => "new",
            Self::Held => "held",
            Self::PartiallyFilled => "partially_filled",
            Self::Filled => "filled",
            Self::DoneForDay => "done_for_day",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::PendingCancel => "pending_cancel",
            Self::PendingReplace => "pending_replace",
            Self::Rejected => "rejected",
            Self::Stopped => "stopped",
            Self::Suspended => "suspended",
            Self::Calculated => "calculated",
            Self::AcceptedForBidding => "accepted_for_bidding",
        }
    }

    /// Tells whether an order of this status may still be filled.
    pub(crate) fn is_open(self) -> bool {
        match self {
            Self::Filled
            | Self::Canceled
            | Self::Expired
            | Self::Replaced
            | Self::Rejected
            | Self::DoneForDay => false,
            Self::PendingNew
            | Self::Accepted
            | Self::New
            | Self::Held
            | Self::PartiallyFilled
            | Self::PendingCancel
            | Self::PendingReplace
            | Self::Stopped
            | Self::Suspended
            | Self::Calculated
            | Self::AcceptedForBidding => true,
        }
    }
}

/// What an order is within its group (`group_role`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Opens the position
    Entry,
    /// Takes the gain
    TakeProfit,
    /// Cuts the loss
    StopLoss,
}

impl Role {
    /// Returns the word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::TakeProfit => "take_profit",
            Self::StopLoss => "stop_loss",
        }
    }
}

/// One order, whole; the journal keeps it like this every time it changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    /// A UUID
    pub(crate) id: String,
    /// What its sender calls it
    pub(crate) client_order_id: String,
    /// Its number within the account: what came first is judged first
    pub(crate) seq: u64,
    /// What is traded
    pub(crate) symbol: Symbol,
    /// The asset's UUID
    pub(crate) asset_id: String,
    /// On which market
    pub(crate) class: AssetClass,
    /// Buy or sell
    pub(crate) side: Side,
    /// At what price
    pub(crate) order_type: OrderType,
    /// For how long
    pub(crate) time_in_force: TimeInForce,
    /// How it hangs together with others
    pub(crate) order_class: OrderClass,
    /// Whether it is filled outside of the session too
    pub(crate) extended_hours: bool,
    /// Opens or closes: as said, or as what was held told
    pub(crate) intent: PositionIntent,
    /// How much in all; `None` for an order in dollars
    #[serde(with = "text::maybe")]
    pub(crate) qty: Option<Decimal>,
    /// Dollars in place of a quantity
    #[serde(with = "text::maybe")]
    pub(crate) notional: Option<Decimal>,
    /// Worst price
    #[serde(with = "text::maybe")]
    pub(crate) limit_price: Option<Decimal>,
    /// Price at which it wakes up; of a trailing stop, where that is by now
    #[serde(with = "text::maybe")]
    pub(crate) stop_price: Option<Decimal>,
    /// Distance of a trailing stop in dollars
    #[serde(with = "text::maybe")]
    pub(crate) trail_price: Option<Decimal>,
    /// Distance of a trailing stop in percent
    #[serde(with = "text::maybe")]
    pub(crate) trail_percent: Option<Decimal>,
    /// Best price a trailing stop has seen in regular hours
    #[serde(with = "text::maybe")]
    pub(crate) hwm: Option<Decimal>,
    /// How much of it is filled; of a replacement, what its predecessors were filled counts
    #[serde(with = "text")]
    pub(crate) filled_qty: Decimal,
    /// Sum of price times quantity of its fills, exact
    #[serde(with = "text")]
    pub(crate) filled_value: Decimal,
    /// Where it stands
    pub(crate) status: Status,
    /// When it was taken
    pub(crate) created_at: Millis,
    /// When it changed last
    pub(crate) updated_at: Millis,
    /// When it was sent to the market
    pub(crate) submitted_at: Millis,
    /// When it was filled whole
    pub(crate) filled_at: Option<Millis>,
    /// When it ended by time
    pub(crate) expired_at: Option<Millis>,
    /// When it will end by time
    pub(crate) expires_at: Option<Millis>,
    /// When it was canceled
    pub(crate) canceled_at: Option<Millis>,
    /// When the exchange refused it after having taken it
    pub(crate) failed_at: Option<Millis>,
    /// When another took its place
    pub(crate) replaced_at: Option<Millis>,
    /// The order that took its place
    pub(crate) replaced_by: Option<String>,
    /// The order whose place it took
    pub(crate) replaces: Option<String>,
    /// Ids of its legs, the take-profit first
    pub(crate) legs: Vec<String>,
    /// Id of the order it is a leg of
    pub(crate) parent: Option<String>,
    /// Id of its group (`group_id`); set for bracket, oco and oto only
    pub(crate) group: Option<String>,
    /// What it is within the group
    pub(crate) role: Option<Role>,
    /// Whether the market can fill it: not before its entry is filled whole
    pub(crate) armed: bool,
    /// Whether its stop was reached
    pub(crate) triggered: bool,
    /// Worst price that the exchange itself sets: the collar of a market order, the limit that a stop became
    #[serde(with = "text::maybe")]
    pub(crate) cap: Option<Decimal>,
    /// Dollars laid aside for each unit still to be filled
    #[serde(with = "text")]
    pub(crate) reserve_each: Decimal,
    /// Dollars laid aside for it now
    #[serde(with = "text")]
    pub(crate) reserved: Decimal,
}

impl Order {
    /// Returns the average price of what is filled, to nine digits; `None` while nothing is.
    pub(crate) fn filled_avg_price(&self) -> Option<Decimal> {
        let average = self.filled_value.checked_div(self.filled_qty)?;
        Some(average.round_dp(9).normalize())
    }

    /// Returns how much is still to be filled; of an order in dollars, zero.
    pub(crate) fn left(&self) -> Decimal {
        self.qty.map_or(Decimal::ZERO, |qty| qty - self.filled_qty)
    }

    /// Tells whether it would make a position, or a larger one.
    pub(crate) fn opens(&self) -> bool {
        match self.intent {
            PositionIntent::BuyToOpen | PositionIntent::SellToOpen => true,
            PositionIntent::BuyToClose | PositionIntent::SellToClose => false,
        }
    }

    /// Returns how many dollars a price of one means for one unit: 100 for an option.
    pub(crate) fn size(&self) -> Decimal {
        size(self.class)
    }
}

/// Returns how many dollars a price of one means for one unit of a class.
pub(crate) fn size(class: AssetClass) -> Decimal {
    match class {
        AssetClass::UsEquity | AssetClass::Crypto => Decimal::ONE,
        AssetClass::UsOption => Decimal::ONE_HUNDRED,
    }
}
