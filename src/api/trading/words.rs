//! The closed sets of words in which orders are written, as the broker spells them.
//!
//! Source: Alpaca Trading API 2.0.1, `POST /v2/orders`.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::ids::Malformed;

/// Declares a closed set of words: one spelling for flags, JSON and people.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            JsonSchema, ValueEnum,
        )]
        pub(crate) enum $name {
            $($(#[$word_doc])* #[serde(rename = $word)] #[value(name = $word)] $variant,)*
        }

        impl $name {
            /// All of them, in the order in which they are listed to people.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the word.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                let known = Self::ALL.iter().find(|word| word.as_str() == text);
                known.copied().ok_or_else(|| Malformed::new(concat!("it is none of:", $(" ", $word),*)))
            }
        }
    )*};
}

words! {
    /// One of the broker's two worlds.
    BrokerEnv {
        /// Simulated money
        Paper = "paper",
        /// Real money
        Live = "live",
    }

    /// What kind of thing is traded.
    AssetClass {
        /// Shares listed in the US
        UsEquity = "us_equity",
        /// Coins against a currency
        Crypto = "crypto",
        /// Options on US shares
        UsOption = "us_option",
    }

    /// Which way an order goes.
    Side {
        /// Buy
        Buy = "buy",
        /// Sell
        Sell = "sell",
    }

    /// At what price an order is filled.
    OrderType {
        /// At whatever the market asks
        Market = "market",
        /// At this price or a better one
        Limit = "limit",
        /// At the market, once the price has come there
        Stop = "stop",
        /// At a limit, once the price has come there
        StopLimit = "stop_limit",
        /// At the market, once the price has turned by so much
        TrailingStop = "trailing_stop",
    }

    /// How long an order stays.
    TimeInForce {
        /// Until the session ends
        Day = "day",
        /// Until it is cancelled, 90 days at most
        Gtc = "gtc",
        /// For the opening of a session
        Opg = "opg",
        /// For the close of a session
        Cls = "cls",
        /// What can be filled at once; the rest is cancelled
        Ioc = "ioc",
        /// All at once, or nothing
        Fok = "fok",
    }

    /// How an order hangs together with others.
    OrderClass {
        /// Alone
        Simple = "simple",
        /// An entry with both of its exits
        Bracket = "bracket",
        /// Two exits, of which one cancels the other
        Oco = "oco",
        /// An entry with one exit
        Oto = "oto",
    }

    /// Whether an order opens a position or closes one.
    PositionIntent {
        /// Go long
        BuyToOpen = "buy_to_open",
        /// Buy back what was sold short
        BuyToClose = "buy_to_close",
        /// Go short
        SellToOpen = "sell_to_open",
        /// Sell what is held
        SellToClose = "sell_to_close",
    }

    /// Whether something can be traded by now.
    AssetStatus {
        /// It can
        Active = "active",
        /// It cannot any more
        Inactive = "inactive",
    }

    /// How far apart the points of a history are.
    Timeframe {
        /// A day
        Day = "1D",
        /// An hour
        Hour = "1H",
        /// A quarter of an hour
        Quarter = "15Min",
        /// Five minutes
        FiveMinutes = "5Min",
        /// A minute
        Minute = "1Min",
    }

    /// Which orders a list holds.
    OrderFilter {
        /// Those that may still be filled
        Open = "open",
        /// Those that have ended
        Closed = "closed",
        /// All of them
        All = "all",
    }
}

impl Side {
    /// Returns the other one.
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}
