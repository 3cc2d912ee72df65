//! The market of an order that waits, as it is now.

use crate::api::approvals::Approval;
use crate::api::trading::account::{GetQuotes, Object};
use crate::api::trading::symbol::Symbol;
use crate::cli::App;

/// Returns the quote of what an approval would trade, as it is now; nothing where it trades nothing, or nobody
/// says.
pub(super) async fn now(app: &App<'_>, one: &Approval) -> Option<Object> {
    let then = one.market.as_ref()?;
    let symbol: Symbol = one.payload.get("symbol")?.as_str()?.parse().ok()?;
    let question = GetQuotes {
        symbols: vec![symbol],
        class: Some(then.asset_class),
        env: Some(then.env),
        user: one.tenant_user_id.parse().ok(),
    };
    let quotes = app.done(app.as_caller(), question).await.ok()?;
    quotes.quotes.into_values().next()
}
