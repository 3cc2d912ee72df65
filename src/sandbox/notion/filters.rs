//! Filters and sorts of a query.
//!
//! Played are the conditions of texts, numbers, checkboxes, options, dates and lists, with `and` and
//! `or`. Source: developers.notion.com/reference/filter-data-source-entries.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Refusal, rich, schemas};

/// What rows must fulfil.
#[derive(Debug)]
pub(super) enum Filter {
    All(Vec<Self>),
    Any(Vec<Self>),
    /// The name of a property or of a time, the condition and what it compares with.
    One(String, String, Value),
}

impl Filter {
    /// Reads a filter; none is fulfilled by every row.
    pub(super) fn read(sent: &Value, schema: &Value) -> Result<Self, Refusal> {
        let many = |list: &Value| {
            let list = list.as_array().into_iter().flatten();
            list.map(|one| Self::read(one, schema)).collect::<Result<Vec<_>, _>>()
        };
        if sent.is_null() {
            return Ok(Self::All(Vec::new()));
        }
        if sent["and"].is_array() {
            return Ok(Self::All(many(&sent["and"])?));
        }
        if sent["or"].is_array() {
            return Ok(Self::Any(many(&sent["or"])?));
        }
        let (name, kind) = match (sent["timestamp"].as_str(), sent["property"].as_str()) {
            (Some(time @ ("created_time" | "last_edited_time")), _) => (time, time),
            (_, Some(name)) => {
                let (name, property) = schemas::find(schema, name).ok_or_else(|| {
                    let text = format!("Could not find property with name or id: {name}");
                    Refusal::invalid(text)
                })?;
                (name.as_str(), property["type"].as_str().unwrap_or_default())
            }
            _ => {
                return Err(Refusal::invalid(
                    "body failed validation: body.filter should have `and`, `or`, `property` or \
                     `timestamp`.",
                ));
            }
        };
        let condition = sent[kind].as_object().and_then(|own| own.iter().next());
        let (condition, value) = condition.ok_or_else(|| {
            Refusal::invalid(format!(
                "body failed validation: body.filter.{kind} should be defined, instead was \
                 `undefined`."
            ))
        })?;
        Ok(Self::One(name.to_owned(), condition.clone(), value.clone()))
    }

    /// Tells whether a rendered row fulfils it.
    pub(super) fn holds(&self, row: &Value) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.holds(row)),
            Self::Any(filters) => filters.iter().any(|filter| filter.holds(row)),
            Self::One(name, condition, value) => compare(&value_of(row, name), condition, value),
        }
    }
}

/// Returns what a property of a row comes to: a text, a number, a flag, or the texts of a list.
fn value_of(row: &Value, name: &str) -> Value {
    let Some(own) = row["properties"].get(name) else { return row[name].clone() };
    let kind = own["type"].as_str().unwrap_or_default();
    let value = &own[kind];
    match kind {
        "title" | "rich_text" => rich::spoken(value).into(),
        "select" | "status" => value["name"].clone(),
        "date" => value["start"].clone(),
        "created_by" | "last_edited_by" => value["id"].clone(),
        "multi_select" | "people" | "relation" | "files" => {
            let key = if matches!(kind, "multi_select" | "files") { "name" } else { "id" };
            let items = value.as_array().into_iter().flatten();
            items.map(|item| item[key].clone()).collect::<Vec<_>>().into()
        }
        _ => value.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn compare(own: &Value, condition: &str, wanted: &Value) -> bool {
    let lower = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
    let contains = || match own {
        Value::Array(items) => items.contains(wanted),
        _ => lower(own).contains(&lower(wanted)),
    };
    let order = || ordered(own, wanted);
    match condition {
        "is_empty" => is_empty(own),
        "is_not_empty" => !is_empty(own),
        "equals" => same(own, wanted),
        "does_not_equal" => !same(own, wanted),
        "contains" => contains(),
        "does_not_contain" => !contains(),
        "starts_with" => lower(own).starts_with(&lower(wanted)),
        "ends_with" => lower(own).ends_with(&lower(wanted)),
        "greater_than" | "after" => order() == Some(Ordering::Greater),
        "less_than" | "before" => order() == Some(Ordering::Less),
        "greater_than_or_equal_to" | "on_or_after" => order().is_some_and(Ordering::is_ge),
        "less_than_or_equal_to" | "on_or_before" => order().is_some_and(Ordering::is_le),
        // `this_week` and its like would need a calendar: they narrow nothing here.
        _ => true,
    }
}

fn same(own: &Value, wanted: &Value) -> bool {
    match (own.as_str(), wanted.as_str()) {
        (Some(_), Some(_)) => ordered(own, wanted) == Some(Ordering::Equal),
        _ => own.as_f64().map_or_else(|| own == wanted, |own| Some(own) == wanted.as_f64()),
    }
}

/// Compares numbers, and texts; of two dates the days, if one of them has no time.
fn ordered(own: &Value, wanted: &Value) -> Option<Ordering> {
    if let (Some(own), Some(wanted)) = (own.as_f64(), wanted.as_f64()) {
        return own.partial_cmp(&wanted);
    }
    let (own, wanted) = (own.as_str()?, wanted.as_str()?);
    let is_day = |text: &str| text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10;
    if is_day(wanted) && own.get(..10).is_some_and(is_day) {
        return own.get(..10).map(|day| day.cmp(wanted));
    }
    Some(own.to_lowercase().cmp(&wanted.to_lowercase()))
}

/// Puts rows in the order that is asked for; the first sort counts most.
pub(super) fn sort(rows: &mut [Value], sorts: &Value, schema: &Value) -> Result<(), Refusal> {
    let mut keys = Vec::new();
    for sort in sorts.as_array().into_iter().flatten() {
        let name = match (sort["timestamp"].as_str(), sort["property"].as_str()) {
            (Some(time), _) => time.to_owned(),
            (None, Some(name)) => {
                let found = schemas::find(schema, name).map(|(name, _)| name.clone());
                found.ok_or_else(|| {
                    let text = format!("Could not find sort property with name or id: {name}");
                    Refusal::invalid(text)
                })?
            }
            (None, None) => return Err(Refusal::undefined("sorts[0].property")),
        };
        keys.push((name, sort["direction"] == "descending"));
    }
    rows.sort_by(|one, other| {
        for (name, descending) in &keys {
            let (one, other) = (value_of(one, name), value_of(other, name));
            // What is empty comes last, whatever the direction.
            let order = match (is_empty(&one), is_empty(&other)) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => {
                    let order = ordered(&one, &other).unwrap_or(Ordering::Equal);
                    if *descending { order.reverse() } else { order }
                }
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_hold_as_notion_says() {
        for (own, condition, wanted, holds) in [
            (json!("Hello"), "equals", json!("hello"), true),
            (json!("Hello"), "contains", json!("ELL"), true),
            (json!("Hello"), "starts_with", json!("lo"), false),
            (json!(3), "greater_than", json!(2.5), true),
            (json!(null), "less_than", json!(2), false),
            (json!(["a", "b"]), "contains", json!("b"), true),
            (json!([]), "is_empty", json!(true), true),
            (json!("2026-11-20T10:00:00Z"), "on_or_before", json!("2026-11-20"), true),
            (json!("2026-11-21"), "before", json!("2026-11-21"), false),
            (json!(true), "equals", json!(true), true),
            (json!(null), "does_not_equal", json!("Done"), true),
        ] {
            assert_eq!(compare(&own, condition, &wanted), holds, "{own} {condition} {wanted}");
        }
    }
}
