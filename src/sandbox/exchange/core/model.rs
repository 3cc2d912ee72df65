//! The state of one account of the exchange: everything that its future follows from.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::book::Book;
use super::text;
use crate::api::time::Millis;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::AssetClass;

/// One account. Orders that have ended are not in it: they left it through the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// A UUID
    pub(crate) id: String,
    /// When it was opened, or reset
    pub(crate) created_at: Millis,
    /// Up to when everything that had to happen has happened
    pub(crate) last_seen: Millis,
    /// Dollars, to nine digits; less than zero with margin, or where something that was sold short was bought
    /// back for more than there was
    #[serde(with = "text")]
    pub(crate) cash: Decimal,
    /// How often the own money may be used: 1, 2 or 4
    pub(crate) multiplier: u8,
    /// How things stood at the last close
    pub(crate) last_close: Close,
    /// What is held, by symbol; never one of quantity zero
    pub(crate) positions: BTreeMap<Symbol, Position>,
    /// Orders that may still be filled, legs included
    pub(crate) orders: Book,
    /// What the owner has set
    pub(crate) configuration: Configuration,
    /// How the exchange treats this account
    pub(crate) switches: Switches,
    /// Number of the next order
    pub(crate) next_order: u64,
    /// Number of the next activity
    pub(crate) next_activity: u64,
}

impl Account {
    /// Opens an account with so many dollars.
    pub(crate) fn open(id: String, cash: Decimal, at: Millis) -> Self {
        Self {
            id,
            created_at: at,
            last_seen: at,
            cash,
            multiplier: 1,
            last_close: Close {
                at,
                equity: cash,
                cash,
                long_market_value: Decimal::ZERO,
                short_market_value: Decimal::ZERO,
                maintenance_margin: Decimal::ZERO,
            },
            positions: BTreeMap::new(),
            orders: Book::default(),
            configuration: Configuration::default(),
            switches: Switches::default(),
            next_order: 1,
            next_activity: 1,
        }
    }
}

/// How an account stood at the close of a session; one goes into the journal at each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Close {
    /// When
    pub(crate) at: Millis,
    /// Cash and holdings together
    #[serde(with = "text")]
    pub(crate) equity: Decimal,
    /// Cash alone
    #[serde(with = "text")]
    pub(crate) cash: Decimal,
    /// What is held long
    #[serde(with = "text")]
    pub(crate) long_market_value: Decimal,
    /// What was sold short; never more than zero
    #[serde(with = "text")]
    pub(crate) short_market_value: Decimal,
    /// What had to be kept for it
    #[serde(with = "text")]
    pub(crate) maintenance_margin: Decimal,
}

/// What is held of one thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The asset's UUID
    pub(crate) asset_id: String,
    /// On which market
    pub(crate) class: AssetClass,
    /// How much; less than zero where it was sold short
    #[serde(with = "text")]
    pub(crate) qty: Decimal,
    /// Average price of what is held: by weight within a day, by compressed FIFO across days
    #[serde(with = "text")]
    pub(crate) avg_entry_price: Decimal,
    /// One lot for each day before today, oldest first; quantities without sign
    pub(crate) lots: Vec<Lot>,
    /// What today added
    pub(crate) today: Lot,
    /// What today took away, without sign
    #[serde(with = "text")]
    pub(crate) closed_today: Decimal,
    /// Price at the last close
    #[serde(with = "text::maybe")]
    pub(crate) lastday_price: Option<Decimal>,
    /// How much was held at the last close
    #[serde(with = "text")]
    pub(crate) lastday_qty: Decimal,
}

impl Position {
    /// Returns the average price times the quantity; less than zero for what was sold short.
    pub(crate) fn cost_basis(&self) -> Decimal {
        let value = self.avg_entry_price.saturating_mul(self.qty);
        value.saturating_mul(super::order::size(self.class)).round_dp(9).normalize()
    }

    /// Returns what it is worth at this price; less than zero for what was sold short.
    pub(crate) fn market_value(&self, price: Decimal) -> Decimal {
        let value = price.saturating_mul(self.qty);
        value.saturating_mul(super::order::size(self.class)).round_dp(9).normalize()
    }
}

/// What one day added to a position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lot {
    /// Of which day in New York; `None` while the day goes on
    pub(crate) day: Option<Date>,
    /// How much, without sign
    #[serde(with = "text")]
    pub(crate) qty: Decimal,
    /// Sum of price times quantity
    #[serde(with = "text")]
    pub(crate) value: Decimal,
}

impl Lot {
    /// Returns what a day begins with.
    pub(crate) fn empty() -> Self {
        Self { day: None, qty: Decimal::ZERO, value: Decimal::ZERO }
    }
}

/// What an owner sets of an account (`/v2/account/configurations`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "these are the broker's own switches")]
pub(crate) struct Configuration {
    /// New orders are refused
    pub(crate) suspend_trade: bool,
    /// Selling short is refused
    pub(crate) no_shorting: bool,
    /// Parts of shares may be traded
    pub(crate) fractional_trading: bool,
    /// How often the own money may be used at most: 1, 2 or 4
    pub(crate) max_margin_multiplier: u8,
    /// 0 no options, 1 covered ones, 2 long ones, 3 spreads; `None` leaves it to the broker, who says 2
    pub(crate) max_options_trading_level: Option<u8>,
    /// `all` or `none`; kept, and nothing follows
    pub(crate) trade_confirm_email: String,
    /// Kept, and nothing follows
    pub(crate) ptp_no_exception_entry: bool,
    /// Kept, and nothing follows
    pub(crate) disable_overnight_trading: bool,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            suspend_trade: false,
            no_shorting: false,
            fractional_trading: true,
            max_margin_multiplier: 4,
            max_options_trading_level: None,
            trade_confirm_email: "all".to_owned(),
            ptp_no_exception_entry: false,
            disable_overnight_trading: false,
        }
    }
}

/// How the exchange treats an account; all of it is off where nobody asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Switches {
    /// Whether `POST /v2/orders` answers with the fill where there is one at once
    pub(crate) instant: bool,
    /// Whether fills come in parts
    pub(crate) partial_fills: Option<PartialFills>,
}

/// How often fills come in parts, and which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartialFills {
    /// Of how many in a thousand
    pub(crate) per_mille: u16,
    /// What the draws follow from, beside the order and the moment
    pub(crate) seed: u64,
}
