//! Ids for new things: such as the manifest's own schemas let through, so that they can be asked for.

use serde_json::Value;

use super::Desk;
use super::route::{Step, has_path, last_hole};
use crate::catalog::manifest::Tool;
use crate::sandbox::store::{hex, things};

/// What a new thing is called, and by what.
pub(super) struct Name {
    /// Its id: a text, or a number where the manifest wants one.
    pub(super) id: Value,
    /// What the manifest calls it beside `id`: `spreadsheetId`.
    pub(super) key: Option<String>,
}

/// Returns a name for a new thing at a path.
pub(super) fn fresh(desk: &Desk<'_>, path: &[Step]) -> rusqlite::Result<Name> {
    let number = things::next_number(desk.db)?;
    let tools = desk.app.map(|app| app.tools.as_slice()).unwrap_or_default();
    let below = tools.iter().filter(|tool| has_path(&tool.request, path, true));
    let mut key = None;
    let mut schemas = Vec::new();
    for tool in below {
        let name = last_hole(&tool.request);
        schemas.extend(name.as_ref().and_then(|name| tool.input.get("properties")?.get(name)));
        key = key.or(name.filter(|name| name != "id"));
    }
    if let Some(rpc) = message_key(desk) {
        return Ok(Name { id: number.into(), key: Some(rpc) });
    }
    Ok(Name { id: fitting(&schemas, number), key })
}

/// Returns what an app whose requests are named by verbs alone calls the things it makes: the input
/// ending in `_id` that most of the other requests want (`message_id`, for Telegram).
pub(super) fn message_key(desk: &Desk<'_>) -> Option<String> {
    let tools = desk.app.map(|app| app.tools.as_slice()).unwrap_or_default();
    let flat = |tool: &Tool| !tool.request.path.trim_start_matches('/').contains(['/', '{', '?']);
    if !tools.iter().all(flat) {
        return None;
    }
    let wanted = |tool: &Tool| {
        let names = tool.input.get("required").and_then(Value::as_array);
        let names = names.into_iter().flatten().filter_map(Value::as_str);
        names.filter(|name| name.ends_with("_id")).map(str::to_owned).collect::<Vec<_>>()
    };
    let (makes, acts): (Vec<_>, Vec<_>) = tools
        .iter()
        .filter(|tool| tool.request.method.as_str() == "POST")
        .partition(|tool| makes(tool.request.path.trim_start_matches('/')));
    let given: Vec<_> = makes.into_iter().flat_map(wanted).collect();
    let mut named: Vec<_> = acts.into_iter().flat_map(wanted).collect();
    named.retain(|name| !given.contains(name));
    let often = |name: &String| named.iter().filter(|own| *own == name).count();
    named.iter().max_by_key(|name| often(name)).cloned()
}

/// Tells whether a request of that name makes something new.
fn makes(verb: &str) -> bool {
    ["send", "create", "add", "post"].iter().any(|word| verb.starts_with(word))
}

/// Returns the first id that every schema lets through.
pub(super) fn fitting(schemas: &[&Value], number: i64) -> Value {
    let strict = jsonschema::options().should_validate_formats(true);
    let validators: Vec<_> =
        schemas.iter().filter_map(|schema| strict.build(schema).ok()).collect();
    let mut ids: Vec<Value> = vec![hex(24).into()];
    let digits = format!("1{number:017}");
    ids.extend([digits.as_str(), &digits[8..]].map(Value::from));
    ids.push(uuid().into());
    for prefix in schemas.iter().filter_map(|schema| prefix(schema["pattern"].as_str()?)) {
        let lengths = [14, 17, 22, 24, 32, 10];
        ids.extend(lengths.map(|length| format!("{prefix}{}", hex(length)).into()));
        ids.push(format!("{prefix}{number}").into());
    }
    ids.push(number.into());
    let fits = |id: &Value| validators.iter().all(|validator| validator.is_valid(id));
    ids.iter().find(|id| fits(id)).unwrap_or(&ids[0]).clone()
}

/// Returns the text with which a pattern begins, of alternatives the first: `^rec[A-Za-z0-9]{14}$` →
/// `rec`, `^t[13]_[a-z]+$` → `t1_`.
fn prefix(pattern: &str) -> Option<String> {
    let mut rest = pattern.strip_prefix('^')?;
    let mut found = String::new();
    while let Some(c) = rest.chars().next() {
        let (fixed, after) = match c {
            '(' | ')' => (None, &rest[1..]),
            '|' => (None, rest.split_once(')').map_or("", |(_, after)| after)),
            '[' => {
                let (class, after) = rest[1..].split_once(']')?;
                (class.chars().next(), after)
            }
            c if c.is_ascii_alphanumeric() || "_-:/".contains(c) => (Some(c), &rest[1..]),
            _ => break,
        };
        if fixed.is_some() && after.starts_with(['+', '*', '{', '?']) {
            break;
        }
        found.extend(fixed);
        rest = after;
    }
    (!found.is_empty()).then_some(found)
}

/// Returns an id as GraphQL APIs and Notion have them.
pub(super) fn uuid() -> String {
    crate::api::ids::fresh().to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_fits_the_schema_that_will_judge_it() {
        for pattern in [
            "^[0-9]{1,20}$",
            "^rec[A-Za-z0-9]{14}$",
            "^[A-Za-z0-9_=-]+$",
            "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$",
            "^(SM|MM)[0-9a-fA-F]{32}$",
            "^gid://shopify/Product/[0-9]+$",
            "^t[13]_[a-z0-9]+$",
            "^urn:li:(share|ugcPost):[0-9]+$",
        ] {
            let schema = json!({ "type": "string", "pattern": pattern });
            let id = fitting(&[&schema], 7);
            assert!(jsonschema::is_valid(&schema, &id), "{pattern}: {id}");
        }
        assert_eq!(fitting(&[&json!({ "type": "integer" })], 7), 7);
    }
}
