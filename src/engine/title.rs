//! What an action would do, in one line that no agent can forge: a fixed sentence, its values quoted.

use crate::api::action::Action;
use crate::api::ids::hidden;
use crate::api::trading::words::BrokerEnv;
use crate::api::workspace::User;
use crate::engine::trading::{Trade, trade};

/// Longest value that a title shows, in characters.
const LONGEST: usize = 80;

/// Returns the title of an action for a user.
pub(super) fn title(action: &Action, user: &User) -> String {
    let whom = named(user.handle());
    if let Action::Connect(op) = action {
        return format!("Connect {} for {whom}", op.toolkit);
    }
    if let Action::Execute(op) = action {
        let run = format!("Run {} ({})", op.tool, op.toolkit);
        return match &op.account {
            Some(account) => format!("{run} as {}", named(account)),
            None => format!("{run} for {whom}"),
        };
    }
    if let Action::RequestApproval(op) = action {
        return named(op.title.as_str());
    }
    if let Some(trade) = trade(action) {
        return traded(trade, &whom);
    }
    performed(action, &whom).unwrap_or_else(|| format!("Run {} for {whom}", action.name()))
}

/// Returns the title of an action that trades. Symbols and amounts are checked, and cannot say anything else.
fn traded(trade: Trade<'_>, whom: &str) -> String {
    let live = if trade.env() == Some(BrokerEnv::Live) { ", real money" } else { "" };
    match trade {
        Trade::Place(op) => {
            let much = op.qty.map(|qty| qty.to_string());
            let much = much.or(op.notional.map(|dollars| format!("${dollars} of")));
            let much = much.unwrap_or_else(|| "some".to_owned());
            let at = match (op.stop_price, op.limit_price) {
                (Some(stop), Some(limit)) => format!(" at {limit} from {stop} on"),
                (Some(stop), None) => format!(" from {stop} on"),
                (None, Some(limit)) => format!(" at {limit}"),
                (None, None) => String::new(),
            };
            let exits =
                if op.take_profit.is_some() || op.stop_loss.is_some() { " with exits" } else { "" };
            format!("Place {} order: {much} {}{at}{exits} for {whom}{live}", op.side, op.symbol)
        }
        Trade::Close(op) => {
            let qty = op.qty.map(|qty| format!("{qty} of "));
            let much = qty.or(op.percentage.map(|part| format!("{part} percent of ")));
            format!("Close {}{} for {whom}{live}", much.unwrap_or_default(), op.symbol)
        }
        Trade::Cancel(op) => format!("Cancel order {} for {whom}{live}", named(&op.order)),
    }
}

/// Returns the title of an action that an executor performs.
fn performed(action: &Action, whom: &str) -> Option<String> {
    let of = |what: &str, value: &str| format!("{what} {}", named(value));
    if let Action::CreateCard(op) = action {
        return Some(of("Issue virtual card", &op.name));
    }
    if let Action::CreateCardholder(op) = action {
        return Some(of("Create cardholder", &op.name));
    }
    if let Action::TopUpCard(op) = action {
        let card = of("Top up card", &op.card_id);
        let currency = op.currency.as_deref().map(|code| format!(" in {}", named(code)));
        let currency = currency.unwrap_or_default();
        return Some(format!("{card} by {} cents{currency}", op.amount_cents));
    }
    if let Action::PurchaseDomain(op) = action {
        return Some(of("Purchase domain", &op.domain));
    }
    if let Action::StartVerification(op) = action {
        let name = op.name.as_deref().map(|name| of("Start verification of", name));
        return Some(name.unwrap_or_else(|| format!("Start verification for {whom}")));
    }
    if let Action::CreateFormation(op) = action {
        return Some(of("Form company", &op.company_name));
    }
    if let Action::SubmitFormation(op) = action {
        return Some(of("File formation", &op.formation_id));
    }
    None
}

/// Returns a value in quotes, with everything in it written out that is invisible, acts on a terminal or
/// would end the quotes.
pub(super) fn named(value: &str) -> String {
    let mut shown = String::from("\"");
    for (at, c) in value.chars().enumerate() {
        if at == LONGEST {
            shown.push('…');
            break;
        }
        if hidden(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.extend(matches!(c, '"' | '\\').then_some('\\'));
            shown.push(c);
        }
    }
    shown.push('"');
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::store::Store;

    fn shown(name: &str, payload: Value) -> String {
        let action = serde_json::from_value(json!({"action_type": name, "payload": payload}));
        let user = Store::in_memory().user(&"default".parse().unwrap()).unwrap().unwrap();
        let user = User { external_id: Some("alice".into()), ..user };
        title(&action.unwrap(), &user)
    }

    #[test]
    fn a_title_says_what_would_be_done() {
        let execute = json!({"toolkit": "gmail", "tool": "GMAIL_SEND_EMAIL", "account": "work"});
        let table = [
            ("cards.create", json!({"name": "Ads"}), "Issue virtual card \"Ads\""),
            ("cards.cardholder.create", json!({"name": "A B"}), "Create cardholder \"A B\""),
            (
                "cards.topup",
                json!({"cardId": "card_1", "amountCents": 500, "currency": "eur"}),
                "Top up card \"card_1\" by 500 cents in \"eur\"",
            ),
            ("domains.purchase", json!({"domain": "a.com"}), "Purchase domain \"a.com\""),
            ("verification.start", json!({}), "Start verification for \"alice\""),
            ("verification.start", json!({"name": "Bob"}), "Start verification of \"Bob\""),
            ("formation.create", json!({"companyName": "Acme"}), "Form company \"Acme\""),
            ("formation.submit", json!({"formationId": "f"}), "File formation \"f\""),
            ("connections.connect", json!({"toolkit": "gmail"}), "Connect gmail for \"alice\""),
            ("connections.execute", execute, "Run GMAIL_SEND_EMAIL (gmail) as \"work\""),
            (
                "trading.order.create",
                json!({"symbol": "BTC/USD", "side": "buy", "notional": 25}),
                "Place buy order: $25 of BTC/USD for \"alice\"",
            ),
            (
                "trading.order.create",
                json!({"symbol": "AAPL", "side": "sell", "qty": "2", "limit_price": "180.5", "env": "live"}),
                "Place sell order: 2 AAPL at 180.5 for \"alice\", real money",
            ),
            (
                "trading.position.close",
                json!({"symbol": "AAPL", "percentage": "50"}),
                "Close 50 percent of AAPL for \"alice\"",
            ),
            ("trading.order.cancel", json!({"order": "o"}), "Cancel order \"o\" for \"alice\""),
            ("approvals.request", json!({"title": "Deploy prod"}), "\"Deploy prod\""),
        ];
        for (name, payload, expected) in table {
            assert_eq!(shown(name, payload), expected, "{name}");
        }
    }

    #[test]
    fn a_value_cannot_end_its_quotes_or_paint_the_terminal() {
        let forged = json!({"name": "Ads\" for \"bob\"\u{202e}\u{1b}[2J\n\u{200b}\\"});

        let title = shown("cards.create", forged);

        assert_eq!(
            title,
            "Issue virtual card \"Ads\\\" for \\\"bob\\\"\\u{202e}\\u{1b}[2J\\u{a}\\u{200b}\\\\\""
        );
        let long = shown("cards.create", json!({"name": "x".repeat(500)}));
        assert_eq!(long, format!("Issue virtual card \"{}…\"", "x".repeat(80)));
    }
}
