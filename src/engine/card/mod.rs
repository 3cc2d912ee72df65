//! What a person has to know who decides about an approval: in the terminal and in the browser the same facts, in
//! the same words. A pure function of the approval.
//!
//! Whatever an agent wrote stands quoted and cleaned; how it is drawn is for each door to see to.

mod market;

use std::time::Duration;

use serde_json::Value;

use crate::api::approvals::{Account, Actor, Approval, ApprovalStatus, Class};
use crate::api::ids::clean;
use crate::api::time::Millis;
use crate::api::toolkits::Effect;
use crate::api::trading::account::{GetQuotes, Object};
use crate::api::trading::amount::Amount;
use crate::api::trading::order::MarketView;
use crate::api::trading::symbol::Symbol;

/// Currencies whose smallest unit is a hundredth, of those that cards and companies are paid in.
/// Source: ISO 4217, list one (read 2026-11-20).
const HUNDREDTHS: [&str; 8] = ["usd", "eur", "gbp", "cad", "aud", "nzd", "chf", "sgd"];

/// An approval, and what is known beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// What is asked for
    pub(crate) approval: &'a Approval,
    /// What the tool does that would be run, where it is known
    pub(crate) effect: Option<Effect>,
    /// The market as it is now, where what is asked for trades
    pub(crate) market: Option<&'a Object>,
    /// The present
    pub(crate) now: Millis,
}

impl Facts<'_> {
    /// Returns the facts in the order in which they are read, each with its name.
    pub(crate) fn lines(&self) -> Vec<(&'static str, String)> {
        let one = self.approval;
        let mut lines = Vec::new();
        if let Some(at) = one.restored_at {
            lines.push(("COPY", copy(at)));
        }
        lines.push(("asks for", clean(&one.title)));
        lines.push(("approval", format!("{}, number {} here", one.id, one.seq)));
        lines.push(("where", place(&one.environment).to_owned()));
        lines.push(("action", clean(&one.action_type)));
        lines.push(("effect", self.effect()));
        lines.push((
            "for",
            format!("the user {} ({})", shown(&one.user), clean(&one.tenant_user_id)),
        ));
        if let Some(account) = &one.account {
            lines.push(("account", through(account)));
        }
        if let Some(then) = &one.market {
            lines.extend(market::lines(then, self.market));
            if self.opens_short(then) {
                lines.push((
                    "NOTE",
                    "sells more than is held: it opens a short position".to_owned(),
                ));
            }
        }
        lines.push(("asked by", who(&one.requested_by)));
        lines.push((
            "since",
            format!("{} UTC, {}", one.created_at.plain(), self.ago(one.created_at)),
        ));
        match one.status {
            ApprovalStatus::Pending => lines.push(("until", self.until())),
            ApprovalStatus::Approved
            | ApprovalStatus::Sending
            | ApprovalStatus::Unknown
            | ApprovalStatus::Executed
            | ApprovalStatus::Failed
            | ApprovalStatus::Denied
            | ApprovalStatus::Expired
            | ApprovalStatus::Cancelled => lines.push(("status", self.decided())),
        }
        if !self.does_nothing() {
            lines.push(("if lost", class(one.class).to_owned()));
        }
        lines.push(("digest", digest(&one.digest)));
        lines
    }

    /// Tells whether there is nothing to be sent, and so no answer to be lost.
    fn does_nothing(&self) -> bool {
        self.approval.action_type.starts_with("custom.")
    }

    /// Tells whether an order sells what is not held.
    fn opens_short(&self, then: &MarketView) -> bool {
        let payload = &self.approval.payload;
        let qty = payload["qty"].as_str().and_then(|qty| qty.parse::<Amount>().ok());
        let held = then.position.0.max(Amount::default().0);
        payload["side"] == "sell"
            && self.approval.action_type == "trading.order.create"
            && qty.is_some_and(|qty| qty.0 > held)
    }

    /// Returns what would come of it, in words.
    fn effect(&self) -> String {
        let one = self.approval;
        let said = |name: &str| one.payload.get(name).and_then(Value::as_str).map(shown);
        match one.action_type.as_str() {
            "cards.create" => "spends money: issues a card that can be charged".to_owned(),
            "cards.topup" => "spends money: adds to what a card can spend".to_owned(),
            "cards.cardholder.create" => {
                "changes: gives a person's data to the card issuer".to_owned()
            }
            "domains.purchase" => "spends money: buys a domain, which is not given back".to_owned(),
            "verification.start" => "changes: begins to check a person or a business".to_owned(),
            "formation.create" => "changes: prepares a company".to_owned(),
            "formation.submit" => "spends money: files a company, which is not undone".to_owned(),
            "trading.order.create" => "trades: places an order at the broker".to_owned(),
            "trading.order.cancel" => "changes: takes back an order that is open".to_owned(),
            "trading.position.close" => {
                "trades: sells what is held, or buys back what is owed".to_owned()
            }
            "connections.connect" => match said("toolkit") {
                Some(app) => format!("gives access: agents can then use the app {app}"),
                None => "gives access to an app".to_owned(),
            },
            "connections.execute" => match self.effect {
                Some(Effect::Read) => "reads, changes nothing".to_owned(),
                Some(Effect::Write) => "changes: creates or changes things in the app".to_owned(),
                Some(Effect::Destructive) => {
                    "removes: deletes, or does what cannot be undone".to_owned()
                }
                None => "not known to this build: it may change or remove".to_owned(),
            },
            _ if self.does_nothing() => {
                "does nothing by itself: whoever asked gets your answer".to_owned()
            }
            _ => "not known to this build: it may change, remove or spend".to_owned(),
        }
    }

    fn until(&self) -> String {
        let until = self.approval.expires_at;
        let left = if until > self.now {
            format!("{} left", words(self.now.age(until)))
        } else {
            "which is over".to_owned()
        };
        format!("{} UTC, {left}", until.plain())
    }

    fn ago(&self, at: Millis) -> String {
        format!("{} ago", words(at.age(self.now)))
    }

    /// Returns how it stands, who decided, when and why.
    fn decided(&self) -> String {
        let one = self.approval;
        let by = one.resolved_by.as_ref().map(|actor| format!(", decided by {}", who(actor)));
        let at = one.resolved_at.map(|at| format!(" on {} UTC", at.plain()));
        let why = one.reason.as_ref().map(|reason| format!(": {}", shown(reason)));
        let said = [by, at, why].into_iter().flatten().collect::<String>();
        format!("{}{said}", one.status.as_str())
    }
}

/// Returns the question for the quote of what an approval would trade; `None` where it trades nothing.
pub(crate) fn quote(one: &Approval) -> Option<GetQuotes> {
    let then = one.market.as_ref()?;
    let symbol: Symbol = one.payload.get("symbol")?.as_str()?.parse().ok()?;
    Some(GetQuotes {
        symbols: vec![symbol],
        class: Some(then.asset_class),
        env: Some(then.env),
        user: one.tenant_user_id.parse().ok(),
    })
}

/// Returns who it was, as people call them.
pub(crate) fn who(actor: &Actor) -> String {
    match (actor.actor_type.as_str(), &actor.name) {
        ("user", _) => "the operator".to_owned(),
        ("system", _) => "`naive` itself".to_owned(),
        (_, Some(name)) => format!("the agent {} ({})", shown(name), clean(&actor.actor_id)),
        (_, None) => format!("the agent {}", clean(&actor.actor_id)),
    }
}

/// Returns whose account it is, as the app and its user call it.
fn through(account: &Account) -> String {
    let label = account.label.as_ref().map(|label| shown(label.as_str()));
    let identity = account.identity.as_deref().map(shown);
    let identity = identity.unwrap_or_else(|| "whose the app does not tell".to_owned());
    let names: Vec<_> = label.into_iter().chain([identity]).collect();
    format!("{} ({})", names.join(", "), account.connection)
}

fn copy(at: Millis) -> String {
    format!(
        "this comes from a backup, or another copy of the store, that was put back by {} UTC: it may have been decided and done since the copy was made",
        at.plain()
    )
}

fn place(environment: &str) -> &'static str {
    match environment {
        "sandbox" => "SANDBOX: the apps and the money are simulated",
        _ => "REAL: real apps, real people, real money",
    }
}

fn class(class: Class) -> &'static str {
    match class {
        Class::A => "the answer: the same request is sent again, and counts once (class A)",
        Class::B => "the answer: the app is asked whether it happened (class B)",
        Class::C => "the answer: nobody knows whether it happened, and you have to look (class C)",
    }
}

/// Returns the digest whole, in groups so that it can be compared by eye.
fn digest(digest: &str) -> String {
    let digits: Vec<char> = clean(digest).chars().collect();
    digits.chunks(16).map(|group| group.iter().collect()).collect::<Vec<String>>().join(" ")
}

/// Returns an amount in cents as one says it, where the currency is one of hundredths.
pub(crate) fn amount(payload: &Value) -> Option<String> {
    let cents = ["amountCents", "spendingLimitCents"];
    let cents = cents.iter().find_map(|name| payload.get(name)?.as_u64())?;
    let sum = format!("{}.{:02}", cents / 100, cents % 100);
    match payload.get("currency").map(|currency| currency.as_str().map(str::to_lowercase)) {
        None => Some(format!("{sum} in its currency")),
        Some(Some(code)) if HUNDREDTHS.contains(&code.as_str()) => {
            Some(format!("{sum} {}", code.to_uppercase()))
        }
        Some(_) => None,
    }
}

/// Returns a text in quotes, as JSON has it, with every invisible character written out.
pub(crate) fn shown(text: impl AsRef<str>) -> String {
    let quoted = Value::from(text.as_ref()).to_string();
    clean(&quoted)
}

/// Returns a field's name, in quotes unless it is a plain word.
pub(crate) fn named(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(plain) { name.to_owned() } else { shown(name) }
}

/// Returns a span as people say it.
pub(crate) fn words(span: Duration) -> String {
    let seconds = span.as_secs();
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..259_200 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
