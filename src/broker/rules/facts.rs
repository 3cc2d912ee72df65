//! What is known when an order is judged. What is not known is not judged: the broker has the last word.

use rust_decimal::Decimal;

use crate::api::time::Millis;
use crate::api::trading::words::{AssetClass, OrderClass, OrderType, Side};

/// Everything beside an order that its judgement follows from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// The present
    pub(crate) now: Option<Millis>,
    /// What the broker lists under the symbol
    pub(crate) asset: Listing,
    /// The market
    pub(crate) quote: Option<Quote>,
    /// The account
    pub(crate) account: Option<Funds>,
    /// What is held of it; `None` where that is not known, zero where nothing is
    pub(crate) held: Option<Held>,
    /// Open orders of the same symbol; `None` where they are not known
    pub(crate) open: Option<Vec<Resting>>,
    /// Client order ids are unique: whether this one was used
    pub(crate) id_taken: bool,
}

impl Facts {
    /// Returns what the broker lists under the symbol, if it was asked and does.
    pub(super) fn listed(&self) -> Option<&Asset> {
        match &self.asset {
            Listing::Unasked | Listing::Unlisted => None,
            Listing::Listed(asset) => Some(asset),
        }
    }

    /// Returns the middle of the market, which stands for the last trade.
    pub(super) fn market(&self) -> Option<Decimal> {
        self.quote.as_ref().and_then(Quote::mid)
    }
}

/// Whether the broker lists a symbol.
#[derive(Debug, Clone, Default)]
pub(crate) enum Listing {
    /// Nobody asked
    #[default]
    Unasked,
    /// It does not
    Unlisted,
    /// It does
    Listed(Box<Asset>),
}

/// What the broker says of an asset or a contract; what it does not say is `None`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asset {
    /// Whether it is active
    pub(crate) active: Option<bool>,
    /// Whether it may be traded
    pub(crate) tradable: Option<bool>,
    /// Whether parts of a share may be traded
    pub(crate) fractionable: Option<bool>,
    /// Whether it may be sold short
    pub(crate) shortable: Option<bool>,
    /// Whether it is easy to borrow
    pub(crate) easy_to_borrow: Option<bool>,
    /// Smallest quantity
    pub(crate) min_order_size: Option<Decimal>,
    /// Step of prices
    pub(crate) price_increment: Option<Decimal>,
    /// Whether an option's prices step by pennies
    pub(crate) ppind: Option<bool>,
}

/// The two sides of a market at a moment. A side that nobody quotes is `None`, never zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quote {
    /// When
    pub(crate) at: Millis,
    /// Best price that somebody pays
    pub(crate) bid: Option<Decimal>,
    /// Best price that somebody asks
    pub(crate) ask: Option<Decimal>,
}

impl Quote {
    /// Returns the middle, or the one side that there is.
    pub(crate) fn mid(&self) -> Option<Decimal> {
        match (self.bid, self.ask) {
            (Some(bid), Some(ask)) => Some(bid.saturating_add(ask) / Decimal::TWO),
            (one, other) => one.or(other),
        }
    }

    /// Returns the price at which a market order of this side is filled.
    pub(crate) fn far(&self, side: Side) -> Option<Decimal> {
        match side {
            Side::Buy => self.ask,
            Side::Sell => self.bid,
        }
    }
}

/// What an account can pay for, in dollars, and what it may.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Funds {
    /// For shares
    pub(crate) buying_power: Option<Decimal>,
    /// For coins
    pub(crate) non_marginable_buying_power: Option<Decimal>,
    /// For options
    pub(crate) options_buying_power: Option<Decimal>,
    /// Cash and holdings together
    pub(crate) equity: Option<Decimal>,
    /// Whether it may sell short
    pub(crate) shorting_enabled: Option<bool>,
    /// 0 no options, 1 covered ones, 2 long ones, 3 spreads
    pub(crate) options_level: Option<i64>,
    /// Whether trading is blocked, or suspended by the user
    pub(crate) blocked: Option<bool>,
}

/// What is held of one thing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Held {
    /// How much; less than zero where it was sold short
    pub(crate) qty: Decimal,
    /// How much of it no open order lays claim to; never less than zero
    pub(crate) available: Decimal,
    /// For an option: how much is available of the shares under it
    pub(crate) underlying_available: Option<Decimal>,
}

/// An open order of the same symbol.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resting {
    /// The broker's id of it
    pub(crate) id: String,
    /// Its market
    pub(crate) class: AssetClass,
    /// Buy or sell
    pub(crate) side: Side,
    /// At what price
    pub(crate) order_type: OrderType,
    /// How it hangs together with others, its legs included
    pub(crate) order_class: OrderClass,
    /// What of it is not filled; `None` for an order in dollars
    pub(crate) left: Option<Decimal>,
    /// Worst price
    pub(crate) limit_price: Option<Decimal>,
    /// Whether it would sell short, or buy to go long
    pub(crate) opens: bool,
}
