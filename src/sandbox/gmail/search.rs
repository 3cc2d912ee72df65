//! Gmail's search operators, as far as they are played: words, `from: to: subject: in: is: label:`,
//! `after: before: newer_than: older_than:`, quotes, `-` and `OR`.
//!
//! Other operators are taken for words, as Gmail does with what it does not know.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::api::time::Millis;
use crate::sandbox::http::Params;
use crate::sandbox::store::mail::{Label, Letter};

/// What a listing asks for.
#[derive(Debug)]
pub(super) struct Query {
    /// Of each group, one term must hold.
    groups: Vec<Vec<Term>>,
    /// Whether trash and spam are listed, too.
    everywhere: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Term {
    negated: bool,
    test: Test,
}

#[derive(Debug, PartialEq, Eq)]
enum Test {
    Words(String),
    Sender(String),
    Recipient(String),
    Subject(String),
    Label(String),
    After(Millis),
    Before(Millis),
    Anything,
}

impl Query {
    /// Reads `q`, `labelIds` and `includeSpamTrash`; `labels` are the owner's, to know names.
    pub(super) fn new(text: &str, params: &Params, labels: &[Label], now: Millis) -> Self {
        let mut groups: Vec<Vec<Term>> = Vec::new();
        let mut or = false;
        for token in tokens(text) {
            if token == "OR" {
                or = true;
                continue;
            }
            let term = term(&token, labels, now);
            match groups.last_mut() {
                Some(group) if or => group.push(term),
                _ => groups.push(vec![term]),
            }
            or = false;
        }
        for id in params.all("labelIds") {
            groups.push(vec![Term { negated: false, test: Test::Label(id.to_owned()) }]);
        }
        let shows = |term: &Term| match &term.test {
            Test::Label(id) => !term.negated && (id == "TRASH" || id == "SPAM"),
            Test::Anything => true,
            _ => false,
        };
        let everywhere =
            params.get("includeSpamTrash") == Some("true") || groups.iter().flatten().any(shows);
        Self { groups, everywhere }
    }

    /// Tells whether a letter is to be listed.
    pub(super) fn matches(&self, letter: &Letter) -> bool {
        let gone = letter.labels.iter().any(|label| label == "TRASH" || label == "SPAM");
        (self.everywhere || !gone)
            && self.groups.iter().all(|group| group.iter().any(|term| term.holds(letter)))
    }
}

impl Term {
    fn holds(&self, letter: &Letter) -> bool {
        let has = |text: &str, part: &str| text.to_lowercase().contains(part);
        let holds = match &self.test {
            Test::Words(part) => {
                [&letter.sender, &letter.recipients, &letter.subject, &letter.text]
                    .iter()
                    .any(|text| has(text, part))
            }
            Test::Sender(part) => has(&letter.sender, part),
            Test::Recipient(part) => has(&letter.recipients, part),
            Test::Subject(part) => has(&letter.subject, part),
            Test::Label(id) => letter.labels.contains(id),
            Test::After(at) => letter.received >= *at,
            Test::Before(at) => letter.received < *at,
            Test::Anything => true,
        };
        holds != self.negated
    }
}

/// Separates at blanks outside quotes; quotes, parentheses and braces are dropped.
fn tokens(text: &str) -> Vec<String> {
    let (mut found, mut current, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '(' | ')' | '{' | '}' if !quoted => {}
            c if c.is_whitespace() && !quoted => found.push(std::mem::take(&mut current)),
            c => current.push(c),
        }
    }
    found.push(current);
    found.retain(|token| !token.is_empty());
    found
}

fn term(token: &str, labels: &[Label], now: Millis) -> Term {
    let (negated, token) = match token.strip_prefix('-') {
        Some(rest) if !rest.is_empty() => (true, rest),
        _ => (false, token),
    };
    let (operator, value) = token.split_once(':').unwrap_or(("", token));
    let value = value.to_lowercase();
    let label = |negated, id: &str| Term { negated, test: Test::Label(id.to_owned()) };
    let test = match (operator.to_ascii_lowercase().as_str(), value.as_str()) {
        ("from", _) => Test::Sender(value),
        ("to" | "cc", _) => Test::Recipient(value),
        ("subject", _) => Test::Subject(value),
        ("is", "read") => return label(!negated, "UNREAD"),
        ("in", "anywhere") => Test::Anything,
        ("is" | "in" | "label", _) => return label(negated, &label_id(&value, labels)),
        ("after" | "newer", day) => instant(day).map_or(Test::Anything, Test::After),
        ("before" | "older", day) => instant(day).map_or(Test::Anything, Test::Before),
        ("newer_than", age) => ago(age, now).map_or(Test::Anything, Test::After),
        ("older_than", age) => ago(age, now).map_or(Test::Anything, Test::Before),
        _ => Test::Words(token.to_lowercase()),
    };
    Term { negated, test }
}

/// Returns the id of a label by its name as it is written in a search, blanks being dashes there.
fn label_id(name: &str, labels: &[Label]) -> String {
    let plain = |text: &str| text.to_lowercase().replace([' ', '/'], "-");
    match labels.iter().find(|label| plain(&label.name) == plain(name)) {
        Some(label) => label.id.clone(),
        None if name == "drafts" => "DRAFT".into(),
        None => labels
            .iter()
            .find(|label| label.id.eq_ignore_ascii_case(name))
            .map_or_else(|| name.to_uppercase(), |label| label.id.clone()),
    }
}

/// Reads `2026/11/20`, `2026-11-20` or Unix seconds.
fn instant(day: &str) -> Option<Millis> {
    if let Ok(seconds) = day.parse::<i64>() {
        return Some(Millis(seconds.saturating_mul(1000)));
    }
    let date: Date = day.replace('/', "-").parse().ok()?;
    Some(Millis(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond()))
}

/// Reads `7d`, `2m` or `1y` before now.
fn ago(age: &str, now: Millis) -> Option<Millis> {
    let (number, unit) = age.split_at_checked(age.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok().filter(|number| (0..5000).contains(number))?;
    let span = match unit {
        "d" => number.days(),
        "m" => number.months(),
        "y" => number.years(),
        _ => return None,
    };
    let now = jiff::Timestamp::from_millisecond(now.0).ok()?.to_zoned(TimeZone::UTC);
    Some(Millis(now.checked_sub(span).ok()?.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(labels: &[&str]) -> Letter {
        Letter {
            seq: 1,
            id: "1".into(),
            thread: "1".into(),
            message_id: String::new(),
            sender: "Grace Hopper <grace@sandbox.example>".into(),
            recipients: "ada@sandbox.example".into(),
            subject: "Lunch on Thursday".into(),
            text: "Shall we meet?".into(),
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
            received: Millis(1_795_170_000_000),
            size: 1,
        }
    }

    fn finds(text: &str, labels: &[&str]) -> bool {
        let own = [Label { id: "Label_1".into(), name: "To do".into() }];
        let now = Millis(1_795_170_000_000);
        Query::new(text, &Params::default(), &own, now).matches(&letter(labels))
    }

    #[test]
    fn operators_words_and_quotes_are_understood() {
        for text in [
            "",
            "meet lunch",
            "from:grace is:unread",
            "subject:\"lunch on\"",
            "-from:ada",
            "to:ada in:inbox",
            "nothing OR lunch",
            "label:to-do",
            "after:2026/11/19 newer_than:2d",
            "has:cake OR from:(grace)",
        ] {
            assert!(finds(text, &["INBOX", "UNREAD", "Label_1"]), "{text}");
        }
        for text in ["from:ada", "-lunch", "is:read", "in:sent", "older_than:1d", "\"meet we\""] {
            assert!(!finds(text, &["INBOX", "UNREAD"]), "{text}");
        }
    }

    #[test]
    fn trash_is_listed_only_if_asked_for() {
        assert!(!finds("lunch", &["TRASH"]));
        assert!(finds("lunch in:trash", &["TRASH"]));
        assert!(finds("lunch in:anywhere", &["TRASH"]));
        assert!(!finds("-in:trash", &["TRASH"]));
    }
}
