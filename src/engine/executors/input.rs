//! What is wrong with the input of a sensitive action, found before anybody is asked: every fault, with
//! its place.

use serde_json::{Map, Value};
use url::Host;

use crate::api::action::{Action, EXACT, written};
use crate::api::error::{Error, Fault, Result};
use crate::api::ids::hidden;
use crate::api::primitives::{
    CreateCard, CreateCardholder, CreateFormation, PurchaseDomain, StartVerification, TopUpCard,
};

/// Longest name or id, in letters.
const LONGEST: usize = 200;
/// For how many years a domain is bought at most.
const YEARS: u32 = 10;
/// What `subjectType` may be.
const SUBJECTS: [&str; 2] = ["individual", "business"];
/// What `entityType` may be.
const ENTITIES: [&str; 2] = ["llc", "c_corp"];
/// Where a company can be formed: the states, and the District of Columbia.
const STATES: &str = "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT \
    NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY";

/// Returns the input of an action as it is sent, which does not hold its user.
pub(super) fn input(action: &Action) -> Result<Map<String, Value>> {
    let mut action = written(action)?;
    match action.get_mut("payload").map(Value::take) {
        Some(Value::Object(mut input)) => {
            input.shift_remove("user");
            Ok(input)
        }
        other => Err(Error::internal("an action has no input", format!("{other:?}"))),
    }
}

/// Returns everything that is wrong with the input of an action that an executor performs.
pub(super) fn faults(action: &Action) -> Vec<Fault> {
    let mut found = Faults::default();
    if let Action::CreateCard(op) = action {
        found.card(op);
    } else if let Action::CreateCardholder(op) = action {
        found.cardholder(op);
    } else if let Action::TopUpCard(op) = action {
        found.top_up(op);
    } else if let Action::PurchaseDomain(op) = action {
        found.purchase(op);
    } else if let Action::StartVerification(op) = action {
        found.verification(op);
    } else if let Action::CreateFormation(op) = action {
        found.formation(op);
    } else if let Action::SubmitFormation(op) = action {
        found.text("formationId", Some(&op.formation_id));
    }
    found.0
}

/// What was found so far.
#[derive(Debug, Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn card(&mut self, op: &CreateCard) {
        self.text("name", Some(&op.name));
        self.amount("spendingLimitCents", op.spending_limit_cents);
        self.currency(op.currency.as_deref());
        self.text("cardholderId", op.cardholder_id.as_deref());
    }

    fn cardholder(&mut self, op: &CreateCardholder) {
        self.text("name", Some(&op.name));
        self.mail(op.email.as_deref());
        let good = |phone: &str| {
            let digits = phone.strip_prefix('+').unwrap_or_default();
            (7..=15).contains(&digits.len())
                && !digits.starts_with('0')
                && digits.chars().all(|c| c.is_ascii_digit())
        };
        if op.phone.as_deref().is_some_and(|phone| !good(phone)) {
            self.say("phone", "is no number in E.164 form, as in `+15550100`");
        }
    }

    fn top_up(&mut self, op: &TopUpCard) {
        self.text("cardId", Some(&op.card_id));
        self.amount("amountCents", Some(op.amount_cents));
        self.currency(op.currency.as_deref());
    }

    fn purchase(&mut self, op: &PurchaseDomain) {
        if let Some(wrong) = no_domain(&op.domain) {
            self.say("domain", wrong);
        }
        if op.years.is_some_and(|years| !(1..=YEARS).contains(&years)) {
            self.say("years", format!("is not between 1 and {YEARS}"));
        }
    }

    fn verification(&mut self, op: &StartVerification) {
        self.word("subjectType", op.subject_type.as_deref(), &SUBJECTS);
        self.text("name", op.name.as_deref());
        self.mail(op.email.as_deref());
    }

    fn formation(&mut self, op: &CreateFormation) {
        self.text("companyName", Some(&op.company_name));
        self.word("entityType", op.entity_type.as_deref(), &ENTITIES);
        let known = |state: &str| STATES.split_whitespace().any(|known| known == state);
        if op.state.as_deref().is_some_and(|state| !known(state)) {
            self.say("state", "is no state of the USA by its two letters, as in `DE`");
        }
    }

    fn say(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(Fault { pointer: format!("/{field}"), message: message.into() });
    }

    fn text(&mut self, field: &str, text: Option<&str>) {
        let Some(text) = text else { return };
        if text.trim().is_empty() {
            self.say(field, "is empty");
        } else if text.chars().any(hidden) {
            self.say(field, "holds a character that nobody sees");
        } else if text.chars().count() > LONGEST {
            self.say(field, format!("is longer than {LONGEST} letters"));
        }
    }

    fn amount(&mut self, field: &str, cents: Option<u64>) {
        match cents {
            Some(0) => self.say(field, "is nothing: it has to be more than 0"),
            Some(cents) if cents > EXACT => self.say(field, format!("is more than {EXACT}")),
            Some(_) | None => {}
        }
    }

    fn currency(&mut self, code: Option<&str>) {
        let good = |code: &str| code.len() == 3 && code.chars().all(|c| c.is_ascii_alphabetic());
        if code.is_some_and(|code| !good(code)) {
            self.say("currency", "is no ISO 4217 code: three letters, as in `usd`");
        }
    }

    fn word(&mut self, field: &str, word: Option<&str>, known: &[&str]) {
        if word.is_some_and(|word| !known.contains(&word)) {
            self.say(field, format!("is none of `{}`", known.join("`, `")));
        }
    }

    fn mail(&mut self, address: Option<&str>) {
        let good = |address: &str| {
            address.rsplit_once('@').is_some_and(|(name, host)| {
                let plain = |c: char| !c.is_whitespace() && !hidden(c) && c != '@';
                !name.is_empty()
                    && address.len() <= 254
                    && name.chars().all(plain)
                    && no_domain(host).is_none()
            })
        };
        if address.is_some_and(|address| !good(address)) {
            self.say("email", "is no mail address, as in `ann@example.com`");
        }
    }
}

/// Returns what is wrong with a domain name (RFC 1035, 2.3.1), if something is.
///
/// One in other letters has to be written in the form that is bought: letters of several scripts look
/// the same, and whoever approves it has to see which it is.
fn no_domain(name: &str) -> Option<String> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    match Host::parse(name) {
        Ok(Host::Domain(ascii)) if !name.is_ascii() => Some(format!("is written `{ascii}`")),
        Ok(Host::Domain(ascii))
            if ascii.len() <= 253 && ascii.contains('.') && ascii.split('.').all(label) =>
        {
            None
        }
        Ok(_) | Err(_) => Some("is no domain, as in `example.com`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(name: &str, input: Value) -> Vec<String> {
        let action: Action =
            serde_json::from_value(json!({ "action_type": name, "payload": input })).unwrap();
        faults(&action).into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn every_fault_of_an_input_is_found() {
        let table = [
            ("cards.create", json!({"name": "Ads", "spendingLimitCents": 1}), vec![]),
            (
                "cards.create",
                json!({"name": " ", "spendingLimitCents": 0, "currency": "dollar", "cardholderId": ""}),
                vec!["/name", "/spendingLimitCents", "/currency", "/cardholderId"],
            ),
            (
                "cards.cardholder.create",
                json!({"name": "A\u{202e}", "email": "a@b", "phone": "555"}),
                vec!["/name", "/phone", "/email"],
            ),
            (
                "cards.topup",
                json!({"cardId": "c", "amountCents": 1_u64 << 53, "currency": "usd"}),
                vec!["/amountCents"],
            ),
            ("domains.purchase", json!({"domain": "a-b.example", "years": 10}), vec![]),
            ("domains.purchase", json!({"domain": "x", "years": 11}), vec!["/domain", "/years"]),
            (
                "verification.start",
                json!({"subjectType": "cat", "email": "ann@example.com"}),
                vec!["/subjectType"],
            ),
            (
                "formation.create",
                json!({"companyName": "Acme", "entityType": "gmbh", "state": "ZZ"}),
                vec!["/entityType", "/state"],
            ),
            ("formation.submit", json!({"formationId": "f\n"}), vec!["/formationId"]),
        ];

        for (name, input, pointers) in table {
            let mut found = wrong(name, input.clone());
            let mut expected = pointers.clone();
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{name} {input}");
        }
    }

    #[test]
    fn a_domain_is_bought_under_the_name_that_people_see() {
        for good in ["example.com", "EXAMPLE.com", "xn--bcher-kva.example", "a.b.test"] {
            assert_eq!(no_domain(good), None, "{good}");
        }
        let other = no_domain("bücher.example");
        assert_eq!(other.as_deref(), Some("is written `xn--bcher-kva.example`"));
        let long = format!("{}.com", "a".repeat(64));
        for bad in ["", "com", "-a.com", "a-.com", "a..com", "1.2.3.4", "a b.com", "a_b.com", &long]
        {
            assert!(no_domain(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn what_is_sent_does_not_hold_the_user() {
        let action: Action = serde_json::from_value(json!({
            "action_type": "cards.topup",
            "payload": {"user": "alice", "cardId": "card_1", "amountCents": 5},
        }))
        .unwrap();

        let sent = Value::Object(input(&action).unwrap());

        assert_eq!(sent, json!({"cardId": "card_1", "amountCents": 5}));
    }
}
