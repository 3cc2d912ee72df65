//! The card: one approval as the person sees it who decides. A pure function of the approval.
//!
//! Whatever an agent wrote stands quoted, cleaned and, where it breaks, behind a bar, so that nothing in
//! it can pass for a line of the card.

use serde_json::Value;

use super::super::output::{broken, clean, wrapped};
use crate::api::approvals::Approval;
use crate::api::time::Millis;
use crate::api::toolkits::Effect;
use crate::api::trading::account::Object;
use crate::engine::card::{Facts, amount, named, shown};

/// Widest and narrowest a card is drawn, in columns.
const WIDTHS: (usize, usize) = (40, 80);
/// Columns of the names on the left.
const NAMES: usize = 11;

/// What a card shows beside the approval itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Card<'a> {
    /// What is asked for
    pub(crate) approval: &'a Approval,
    /// What the tool does that would be run, where it is known
    pub(crate) effect: Option<Effect>,
    /// The market as it is now, where what is asked for trades
    pub(crate) market: Option<&'a Object>,
    /// The present
    pub(crate) now: Millis,
    /// Columns of the terminal
    pub(crate) width: usize,
    /// What the gate holds against, in words
    pub(crate) level: &'a str,
}

impl Card<'_> {
    /// Returns the card, its last line without a break.
    pub(crate) fn text(&self) -> String {
        let Self { approval, effect, market, now, .. } = *self;
        let mut lines = Vec::new();
        for (name, value) in (Facts { approval, effect, market, now }).lines() {
            lines.extend(wrapped(&format!("{name:NAMES$}"), &value, self.width()));
        }
        lines.push(String::new());
        lines.extend(self.arguments());
        lines.push(String::new());
        lines.extend(wrapped("", self.level, self.width()));
        lines.join("\n")
    }

    fn width(&self) -> usize {
        self.width.clamp(WIDTHS.0, WIDTHS.1)
    }

    /// Returns every argument, each line behind a bar.
    fn arguments(&self) -> Vec<String> {
        let payload = &self.approval.payload;
        let nothing = matches!(payload, Value::Object(map) if map.is_empty()) || payload.is_null();
        if nothing {
            return vec!["no arguments".to_owned()];
        }
        let mut drawn = vec!["arguments".to_owned()];
        tree(payload, 0, &mut |depth, text| {
            let indent = "  ".repeat(depth);
            for (at, part) in broken(&text, self.width() - 2 - indent.len() - 2).iter().enumerate()
            {
                let more = if at == 0 { "" } else { "  " };
                drawn.push(format!("| {indent}{more}{part}"));
            }
        });
        if let Some(amount) = amount(payload) {
            drawn.push(format!("amount: {amount}"));
        }
        drawn
    }
}

/// Returns in one line what became of an approval, or who waits for what.
pub(crate) fn line(one: &Approval) -> String {
    let trouble = one.error.as_ref().map(|trouble| clean(&trouble.message));
    let why = trouble.or_else(|| one.reason.as_ref().map(shown));
    format!(
        "{}  {:9} {}  {}  {}{}",
        one.updated_at.plain(),
        one.status.as_str(),
        one.id,
        clean(&one.user),
        clean(&one.title),
        why.map(|why| format!(": {why}")).unwrap_or_default()
    )
}

/// Hands out a value line by line, each with its depth: every field, whether it is known or not.
fn tree(value: &Value, depth: usize, line: &mut impl FnMut(usize, String)) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                branch(&format!("{}:", named(name)), value, depth, line);
            }
        }
        Value::Array(items) => {
            for item in items {
                branch("-", item, depth, line);
            }
        }
        leaf => line(depth, scalar(leaf)),
    }
}

fn branch(name: &str, value: &Value, depth: usize, line: &mut impl FnMut(usize, String)) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            line(depth, name.to_owned());
            tree(value, depth + 1, line);
        }
        Value::Array(items) if !items.is_empty() => {
            line(depth, name.to_owned());
            tree(value, depth + 1, line);
        }
        leaf => line(depth, format!("{name} {}", scalar(leaf))),
    }
}

fn scalar(value: &Value) -> String {
    clean(&value.to_string())
}
