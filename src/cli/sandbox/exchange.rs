//! What is said to the sandbox's exchange, and what it answers: prices, its clock, how fills come.

use std::fs;
use std::time::Duration;

use clap::Subcommand;
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use crate::api::action::written;
use crate::api::error::{Code, Error, Result};
use crate::api::time::{Millis, Span, moment};
use crate::api::trading::amount::Amount;
use crate::cli::arguments;
use crate::cli::output::{Output, Page};

/// How the prices of the exchange go.
#[derive(Debug, Subcommand)]
pub(crate) enum Price {
    /// Pin a price from now on
    Set {
        /// What is priced (`AAPL`, `BTC/USD`)
        symbol: String,
        /// The middle between bid and ask
        price: Amount,
        /// How far bid and ask are apart
        #[arg(long)]
        spread: Option<Amount>,
    },
    /// Let a price walk evenly to another one, and hold it there
    Walk {
        /// What is priced
        symbol: String,
        /// Where it ends
        #[arg(long)]
        to: Amount,
        /// Where it begins; where the price stands if not said
        #[arg(long)]
        from: Option<Amount>,
        /// How long it takes
        #[arg(long, value_name = "TIME")]
        over: Span,
    },
    /// Replay recorded quotes: CSV with `ts,symbol,bid,ask[,last,size]`
    Replay {
        /// The file, or `-` for stdin
        file: String,
        /// How old a quote may be before it counts for none; 10m if not said
        #[arg(long, value_name = "TIME")]
        max_age: Option<Span>,
    },
    /// Let prices go by themselves again
    Clear {
        /// What is priced; all of it if not said
        symbol: Option<String>,
    },
}

/// How the clock of the exchange goes.
#[derive(Debug, Subcommand)]
pub(crate) enum Clock {
    /// Stop the clock at a moment (`2026-11-30T14:30:00Z`)
    Set {
        /// The moment
        #[arg(value_parser = moment)]
        at: Millis,
    },
    /// Move the clock on and stop it there
    Advance {
        /// By how much (`15m`, `1d`)
        by: Span,
    },
    /// Let the clock go with this machine's again
    Real,
    /// Show what time it is at the exchange
    Show,
}

/// How the exchange fills orders, and what accounts begin with.
#[derive(Debug, clap::Args)]
pub(crate) struct Fills {
    /// How likely a fill comes in parts, from 0 to 1; 0 lets all come whole
    #[arg(long, value_name = "PROBABILITY")]
    pub(crate) partial: Option<Amount>,
    /// Whether an order is answered with its fill, where there is one at once
    #[arg(long)]
    pub(crate) instant: Option<bool>,
    /// How often an account may use its money: 1, 2 or 4
    #[arg(long, value_name = "TIMES")]
    pub(crate) margin: Option<u8>,
    /// Number that prices follow from
    #[arg(long)]
    pub(crate) seed: Option<u64>,
}

/// Returns the text of recorded quotes.
pub(crate) fn recorded(file: &str) -> Result<String> {
    if file == "-" {
        return arguments::stdin();
    }
    fs::read_to_string(file).map_err(|error| {
        Error::new(Code::InvalidInput, format!("`{file}` cannot be read"))
            .hint("name a CSV file with `ts,symbol,bid,ask[,last,size]`, or `-` for stdin")
            .because(error)
    })
}

/// Returns how long a recorded quote counts, where that was said.
pub(crate) fn age(said: Option<&Span>, usual: Duration) -> Duration {
    said.map_or(usual, Span::length)
}

/// Shows a price as it is by now.
pub(crate) fn priced(output: &Output, priced: &impl Serialize) -> Result<u8> {
    let result = written(priced)?;
    let mut page = Page::default();
    let said = |name: &str| result[name].as_str().map(str::to_owned);
    page.fields(&[("symbol", said("symbol")), ("bid", said("bid")), ("ask", said("ask"))]);
    page.next("naive sandbox price clear", "let prices go by themselves again");
    output.reply("sandbox.price", result, page)
}

/// Shows how many quotes are replayed, or settings were taken back.
pub(crate) fn counted(output: &Output, what: &str, count: usize) -> Result<u8> {
    let mut page = Page::default();
    page.text(match what {
        "replayed" => format!("{count} quotes are replayed."),
        _ => format!("{count} settings of prices are taken back."),
    });
    output.reply("sandbox.price", json!({ what: count }), page)
}

/// Shows what time it is at the exchange.
pub(crate) fn clock(output: &Output, now: Millis, stopped: bool) -> Result<u8> {
    let mut page = Page::default();
    let goes = if stopped { "stopped" } else { "goes with this machine's" };
    page.fields(&[("now", Some(format!("{} UTC", now.plain()))), ("clock", Some(goes.to_owned()))]);
    if stopped {
        page.next("naive sandbox clock real", "let it go again");
    }
    output.reply("sandbox.clock", json!({ "now": now, "stopped": stopped }), page)
}

/// Shows how the exchange is set.
pub(crate) fn kept(output: &Output, kept: &impl Serialize) -> Result<u8> {
    let result = written(kept)?;
    let mut page = Page::default();
    let said = |name: &str| match &result[name] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    page.fields(&[
        ("begins with", said("cash")),
        ("uses it", said("multiplier").map(|times| format!("{times} times"))),
        ("partial fills", said("partial_fills").or(Some("none".to_owned()))),
        ("instant", said("instant")),
        ("seed", said("seed")),
    ]);
    output.reply("sandbox.fills", result, page)
}

/// Says that the exchange begins again.
pub(crate) fn reset(output: &Output, cash: Amount) -> Result<u8> {
    let mut page = Page::default();
    page.text(format!(
        "The exchange has forgotten all accounts; new ones begin with {cash} dollars. The links to it stay."
    ));
    output.reply("sandbox.reset", json!({ "reset": true, "cash": cash }), page)
}

/// Returns what other programs set to trade at the exchange.
pub(crate) fn environment(url: &Url) -> [(&'static str, String); 4] {
    let base = format!("{}brokerage", url.as_str());
    [
        ("APCA_API_BASE_URL", base.clone()),
        ("APCA_API_DATA_URL", base),
        ("APCA_API_KEY_ID", "anything".to_owned()),
        ("APCA_API_SECRET_KEY", "anything-else".to_owned()),
    ]
}
