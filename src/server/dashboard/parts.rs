//! The pieces that pages are made of. Text that others wrote goes through [`seen`].

use maud::{Markup, html};
use serde_json::Value;

use crate::api::approvals::Actor;
use crate::api::error::Error;
use crate::api::ids::hidden;
use crate::api::time::Millis;
use crate::api::workspace::User;
use crate::engine::card::{named, who};

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    /// Words
    Text(&'static str),
    /// Numbers, which stand below each other digit by digit
    Number(&'static str),
    /// Buttons and links
    Deeds(&'static str),
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Text(name) | Self::Number(name) | Self::Deeds(name) => name,
        }
    }

    fn class(self) -> Option<&'static str> {
        match self {
            Self::Text(_) => None,
            Self::Number(_) => Some("number"),
            Self::Deeds(_) => Some("deeds"),
        }
    }
}

/// Returns a text with every invisible or acting character written out and marked, apart from the text around it.
pub(super) fn seen(text: &str) -> Markup {
    let mut runs: Vec<(bool, String)> = Vec::new();
    for c in text.chars() {
        let odd = hidden(c);
        if runs.last().is_none_or(|(last, _)| *last != odd) {
            runs.push((odd, String::new()));
        }
        if let Some((_, run)) = runs.last_mut() {
            if odd { run.extend(c.escape_unicode()) } else { run.push(c) }
        }
    }
    html! {
        bdi {
            @for (odd, run) in &runs { @if *odd { mark { (run) } } @else { (run) } }
        }
    }
}

/// Returns a sentence of the program's own, with what stands in backticks as code.
pub(super) fn spoken(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (seen(part)) } } @else { (part) }
        }
    }
}

/// Returns the same as a whole sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    let end = if text.ends_with(['.', '?', '!', '…']) { "" } else { "." };
    format!("{}{}{end}", first.collect::<String>(), letters.as_str())
}

/// Returns what went wrong, and what to do.
pub(super) fn trouble(error: &Error) -> Markup {
    html! {
        div.notice.bad role="alert" {
            p { (spoken(&sentence(&error.message))) }
            @if !error.details.is_empty() {
                ul { @for fault in &error.details { li { (seen(&fault.message)) } } }
            }
            @if let Some(hint) = &error.hint { p.hint { (spoken(&sentence(hint))) } }
        }
    }
}

/// Returns what is good to know.
pub(super) fn notice(body: &Markup) -> Markup {
    html! { div.notice role="status" { (body) } }
}

/// Returns what stands where there is nothing: that, and the next step.
pub(super) fn empty(title: &str, next: &Markup) -> Markup {
    html! { div.empty { p.what { (title) } p { (next) } } }
}

/// Returns a time in UTC to the minute.
pub(super) fn time(at: Millis) -> Markup {
    html! { time datetime=(at) { (at.minute()) } }
}

/// Returns a word of state, its tone by its class: `good`, `bad`, `waits` or none.
pub(super) fn pill(word: &str, tone: &str) -> Markup {
    html! { span class=(format!("pill {tone}")) { (word) } }
}

/// Returns a table, which on narrow screens becomes a list of cards.
pub(super) fn table(caption: &str, columns: &[Column], rows: &[Vec<Markup>]) -> Markup {
    html! {
        table role="table" {
            caption { (caption) }
            thead role="rowgroup" {
                tr role="row" {
                    @for column in columns {
                        th role="columnheader" scope="col" class=[column.class()] { (column.name()) }
                    }
                }
            }
            tbody role="rowgroup" {
                @for row in rows {
                    tr role="row" {
                        @for (column, cell) in columns.iter().zip(row) {
                            td role="cell" class=[column.class()] data-label=(column.name()) { div { (cell) } }
                        }
                    }
                }
            }
        }
    }
}

/// Returns names and values, without those that have none.
pub(super) fn facts(pairs: &[(&str, Option<Markup>)]) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in pairs {
                @if let Some(value) = value { div { dt { (name) } dd { (value) } } }
            }
        }
    }
}

/// Returns a value whole: every field, whether it is known or not, each in a row of its own, so that nothing
/// written in one can pass for another.
pub(super) fn tree(value: &Value) -> Markup {
    match value {
        Value::Object(map) if !map.is_empty() => html! {
            dl.tree {
                @for (name, value) in map {
                    div { dt { (seen(&named(name))) } dd { (tree(value)) } }
                }
            }
        },
        Value::Array(items) if !items.is_empty() => html! {
            ol.tree { @for item in items { li { (tree(item)) } } }
        },
        leaf => html! { code { (seen(&leaf.to_string())) } },
    }
}

/// Returns who it was; the id behind a name is for those who look twice.
pub(super) fn by(actor: &Actor) -> Markup {
    let who = who(actor);
    let (name, id) = match who.rsplit_once(" (").filter(|_| who.ends_with(')')) {
        Some((name, id)) => (name, Some(short(id.trim_end_matches(')')))),
        None => (who.as_str(), None),
    };
    html! { bdi { (spoken(name)) } @if let Some(id) = id { " " span.id { (id) } } }
}

/// Returns the beginning of an id, by which people tell ids apart.
fn short(id: &str) -> String {
    let end = if id.chars().count() > 12 { "…" } else { "" };
    format!("({}{end})", id.chars().take(12).collect::<String>())
}

/// Returns the field in which a user is chosen.
pub(super) fn user_choice(users: &[User], chosen: &str) -> Markup {
    html! {
        label.field {
            span { "User" }
            select name="user" {
                @for user in users {
                    option value=(user.id) selected[user.id == chosen] { (whose(user)) }
                }
            }
        }
    }
}

/// Returns what people call a user.
pub(super) fn whose(user: &User) -> String {
    let name = crate::api::ids::clean(user.handle());
    match &user.label {
        Some(label) => format!("{name} ({})", crate::api::ids::clean(label)),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_invisible_is_shown_and_what_is_code_is_text() {
        let shown = seen("a<b>\u{202e}\u{200b}c").into_string();

        assert_eq!(shown, r"<bdi>a&lt;b&gt;<mark>\u{202e}\u{200b}</mark>c</bdi>");
    }

    #[test]
    fn an_error_is_told_in_sentences() {
        let error = Error::new(crate::api::error::Code::InvalidInput, "there is no app `x<y`")
            .hint("run `naive toolkits list`");

        let told = trouble(&error).into_string();

        assert!(told.contains("There is no app <code><bdi>x&lt;y</bdi></code>."), "{told}");
        assert!(told.contains("Run <code><bdi>naive toolkits list</bdi></code>."), "{told}");
    }
}
