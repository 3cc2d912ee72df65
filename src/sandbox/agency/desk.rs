//! What each sensitive action does here: the things it makes, and what it refuses.

use std::time::Duration;

use axum::http::StatusCode;
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::{APP, Refusal};
use crate::api::ids::fresh;
use crate::api::time::Millis;
use crate::sandbox::store::hex;
use crate::sandbox::store::objects::{self, Shelf};

/// Domains that nobody can buy, whatever the sandbox remembers.
/// Source: RFC 2606, 3, and names that everybody knows to be in use.
const TAKEN: [&str; 6] =
    ["example.com", "example.net", "example.org", "github.com", "google.com", "wikipedia.org"];
/// What a domain costs a year by its ending, in cents: made up, but of the right size.
const PRICES: [(&str, u64); 7] = [
    ("ai", 8_999),
    ("app", 1_799),
    ("com", 1_299),
    ("dev", 1_499),
    ("io", 4_999),
    ("net", 1_399),
    ("org", 1_199),
];
/// What any other costs.
const PRICE: u64 = 2_499;
/// Who owns the shelf of the domains that were bought: of each there is one in the world.
const REGISTRY: &str = "registry";

/// One request, within a transaction.
pub(super) struct Desk<'a> {
    pub(super) db: &'a Connection,
    /// `http://127.0.0.1:PORT`
    pub(super) base: &'a str,
    /// UUID of the user it is for
    pub(super) user: &'a str,
    pub(super) input: &'a Map<String, Value>,
}

impl Desk<'_> {
    pub(super) fn card(&self) -> Result<Value, Refusal> {
        let holder = self.text("cardholderId");
        if let Some(holder) = holder {
            self.known("cardholder", holder)?;
        }
        let id = format!("card_{}", hex(24));
        let card = json!({
            "card_id": id,
            "checkout_url": format!("{}/actions/pages/checkout/{id}", self.base),
            "name": self.needed("name")?,
            "status": "active",
            "brand": "visa",
            "last4": format!("{:04}", number(10_000)),
            "currency": self.text("currency").unwrap_or("usd").to_ascii_lowercase(),
            "spending_limit_cents": self.input.get("spendingLimitCents"),
            "balance_cents": 0,
            "cardholder_id": holder,
            "created_at": Millis::now(),
        });
        self.made("card", &id, card)
    }

    pub(super) fn cardholder(&self) -> Result<Value, Refusal> {
        let id = format!("ch_{}", hex(24));
        let holder = json!({
            "cardholder_id": id,
            "name": self.needed("name")?,
            "email": self.text("email"),
            "phone": self.text("phone"),
            "status": "active",
            "created_at": Millis::now(),
        });
        self.made("cardholder", &id, holder)
    }

    pub(super) fn top_up(&self) -> Result<Value, Refusal> {
        let id = self.needed("cardId")?;
        let mut card = self.known("card", id)?;
        let amount = self.whole("amountCents").filter(|cents| *cents > 0);
        let amount = amount.ok_or_else(|| Refusal::invalid("`amountCents` is no amount"))?;
        let own = card["currency"].as_str().unwrap_or_default();
        if let Some(other) = self.text("currency").filter(|code| !code.eq_ignore_ascii_case(own)) {
            return Err(Refusal::invalid(format!("card `{id}` is in `{own}`, not in `{other}`")));
        }
        let balance = card["balance_cents"].as_u64().unwrap_or_default().checked_add(amount);
        let balance = balance.ok_or_else(|| Refusal::invalid("no card holds that much"))?;
        let credited = json!({
            "topup_id": format!("topup_{}", hex(24)),
            "card_id": id,
            "amount_cents": amount,
            "balance_cents": balance,
            "currency": own,
            "created_at": Millis::now(),
        });
        card["balance_cents"] = balance.into();
        objects::replace(self.db, self.shelf("card"), id, &card)?;
        Ok(credited)
    }

    pub(super) fn domain(&self) -> Result<Value, Refusal> {
        let name = self.needed("domain")?.to_ascii_lowercase();
        let registry = Shelf { app: APP, owner: REGISTRY, kind: "domain" };
        if TAKEN.contains(&name.as_str()) || objects::find(self.db, registry, &name)?.is_some() {
            let text = format!("the domain `{name}` is taken");
            return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "domain_taken", text));
        }
        let years = self.whole("years").unwrap_or(1).clamp(1, 10);
        let ending = name.rsplit('.').next().unwrap_or_default();
        let price =
            PRICES.iter().find(|(known, _)| *known == ending).map_or(PRICE, |(_, cents)| *cents);
        let now = Millis::now();
        let bought = json!({
            "domain": name,
            "order_id": format!("order_{}", hex(16)),
            "status": "active",
            "years": years,
            "price_cents": price * years,
            "currency": "usd",
            "auto_renew": self.input.get("autoRenew").and_then(Value::as_bool).unwrap_or(false),
            "user": self.user,
            "registered_at": now,
            "expires_at": now.after(Duration::from_hours(24 * 365 * years)),
        });
        objects::insert(self.db, registry, &name, &bought)?;
        Ok(without(bought, "user"))
    }

    pub(super) fn verification(&self) -> Result<Value, Refusal> {
        let id = format!("ver_{}", hex(24));
        let begun = json!({
            "verification_id": id,
            "url": format!("{}/actions/pages/verify/{id}", self.base),
            "status": "pending",
            "subject_type": self.text("subjectType").unwrap_or("individual"),
            "created_at": Millis::now(),
        });
        self.made("verification", &id, begun)
    }

    pub(super) fn formation(&self) -> Result<Value, Refusal> {
        let id = format!("form_{}", hex(24));
        let draft = json!({
            "formation_id": id,
            "status": "draft",
            "company_name": self.needed("companyName")?,
            "entity_type": self.text("entityType").unwrap_or("llc"),
            "state": self.text("state").unwrap_or("DE"),
            "created_at": Millis::now(),
        });
        self.made("formation", &id, draft)
    }

    pub(super) fn filing(&self) -> Result<Value, Refusal> {
        let id = self.needed("formationId")?;
        let mut formation = self.known("formation", id)?;
        if let Some(order) = formation["order_number"].as_str() {
            let text = format!("formation `{id}` was submitted already, as `{order}`");
            return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "already_submitted", text));
        }
        formation["status"] = "submitted".into();
        formation["order_number"] = format!("F-{:08}", number(100_000_000)).into();
        formation["submitted_at"] = json!(Millis::now());
        objects::replace(self.db, self.shelf("formation"), id, &formation)?;
        Ok(formation)
    }

    fn shelf<'b>(&'b self, kind: &'b str) -> Shelf<'b> {
        Shelf { app: APP, owner: self.user, kind }
    }

    fn made(&self, kind: &str, id: &str, thing: Value) -> Result<Value, Refusal> {
        objects::insert(self.db, self.shelf(kind), id, &thing)?;
        Ok(thing)
    }

    /// Returns a thing of the user's.
    fn known(&self, kind: &str, id: &str) -> Result<Value, Refusal> {
        objects::find(self.db, self.shelf(kind), id)?.ok_or_else(|| {
            let text = format!("this user has no {kind} `{id}`");
            Refusal::new(StatusCode::NOT_FOUND, "not_found", text)
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.input.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    fn needed(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok_or_else(|| Refusal::invalid(format!("`{name}` is missing")))
    }

    fn whole(&self, name: &str) -> Option<u64> {
        self.input.get(name)?.as_u64()
    }
}

fn without(mut thing: Value, field: &str) -> Value {
    if let Some(fields) = thing.as_object_mut() {
        fields.shift_remove(field);
    }
    thing
}

/// Returns a number below `end` that cannot be foreseen.
fn number(end: u128) -> u128 {
    fresh().as_u128() % end
}
