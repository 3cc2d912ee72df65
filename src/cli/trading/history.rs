//! What the history of an account looks like to people.

use rust_decimal::Decimal;

use super::whose::Whose;
use crate::api::trading::account::Object;
use crate::broker::{Worth, number_of, text_of, worth};
use crate::cli::output::{Page, clean};

/// One line a point of time.
pub(super) fn table(reply: &Object, page: &mut Page, whose: &Whose) {
    let points = worth(reply);
    if points.is_empty() {
        page.text("The broker knows of no time what the account was worth.");
        let command = format!("naive trading account{}", whose.flags);
        page.next(command, "see what it is worth now");
        return;
    }
    page.fields(&[
        ("env", Some(whose.place.clone())),
        ("began with", number_of(reply, "base_value").map(|base| cents(&base))),
        ("at", text_of(reply, "base_value_asof").map(clean)),
    ]);
    let row = |one: &Worth| {
        let percent = one.part.map(|part| (part * Decimal::ONE_HUNDRED).round_dp(2).normalize());
        vec![
            one.at.minute(),
            cents(&one.equity),
            one.gain.map(|gain| cents(&gain)).unwrap_or_default(),
            percent.map(|percent| format!("{percent} %")).unwrap_or_default(),
        ]
    };
    page.table(&["at (UTC)", "equity", "gain", "in %"], points.iter().map(row).collect());
}

fn cents(amount: &Decimal) -> String {
    amount.round_dp(2).to_string()
}
