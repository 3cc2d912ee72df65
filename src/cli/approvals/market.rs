//! The market of an order that waits, as it is now.

use crate::api::approvals::Approval;
use crate::api::trading::account::Object;
use crate::cli::App;
use crate::engine::card::quote;

/// Returns the quote of what an approval would trade, as it is now; nothing where it trades nothing, or nobody
/// says.
pub(super) async fn now(app: &App<'_>, one: &Approval) -> Option<Object> {
    let quotes = app.done(app.as_caller(), quote(one)?).await.ok()?;
    quotes.quotes.into_values().next()
}
