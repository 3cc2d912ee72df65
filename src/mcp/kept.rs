//! Answers that are too long for one message: cut, kept for a while, and read on piece by piece.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Session;
use crate::api::action::input;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{clean, fresh};

/// Name of the tool that reads on.
pub(super) const READ: &str = "result_read";
/// Longest text of one answer, in bytes: some 8,000 tokens.
pub(super) const LONGEST: usize = 32 * 1024;
/// How many pieces make an answer so long that only its beginning is shown at first.
const MANY: usize = 4;
/// How many answers are kept; the oldest goes first.
const MOST: usize = 16;
/// How many bytes they have together at most.
const ROOM: usize = 32 * 1024 * 1024;

/// How many lists of a result are named.
const LISTS: usize = 3;
/// How many fields of an object are looked at.
const FIELDS: usize = 24;
/// How deep a list may stand to be named, in steps.
const DEEPEST: usize = 5;

/// The answers that were cut last, of all sessions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<VecDeque<Cut>>>);

#[derive(Debug)]
struct Cut {
    id: String,
    /// Who may read it, as the log names them
    owner: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    result: String,
    #[serde(default)]
    offset: usize,
    at: Option<String>,
}

/// Returns the tool that reads on.
pub(super) fn tool() -> Tool {
    let input = json!({
        "type": "object",
        "properties": {
            "result": { "type": "string" },
            "offset": { "type": "integer", "description": "Byte to begin at" },
            "at": { "type": "string", "description": "Pointer to a part: /data/items/*/id" },
        },
        "required": ["result"],
    });
    let input = input.as_object().cloned().unwrap_or_default();
    let hints = ToolAnnotations::new().read_only(true).open_world(false);
    Tool::new(READ, "Read on in a result that was cut", Arc::new(input)).with_annotations(hints)
}

impl Kept {
    /// Returns a text as it fits in one answer: whole, or its beginning and where the rest is.
    pub(super) fn fitted(&self, session: &Session, text: String) -> String {
        if text.len() <= LONGEST {
            return text;
        }
        let id = fresh().simple().to_string();
        let holds = serde_json::from_str(&text).map(|value| outline(&value)).unwrap_or_default();
        // Of what nobody reads to its end, the outline tells more than the beginning.
        let most = if text.len() > MANY * LONGEST { LONGEST / MANY } else { LONGEST };
        let piece = piece((&text, most), 0, (&id, None)) + &holds;
        let owner = session.caller.actor_id().to_owned();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(Cut { id, owner, text });
        let size = |kept: &VecDeque<Cut>| kept.iter().map(|cut| cut.text.len()).sum::<usize>();
        while kept.len() > MOST || (kept.len() > 1 && size(&kept) > ROOM) {
            kept.pop_front();
        }
        piece
    }

    /// Reads on.
    ///
    /// Fails with `NotFound` for a result that is no longer kept, or another's.
    pub(super) fn read(&self, session: &Session, fields: JsonObject) -> Result<String> {
        let Asked { result, offset, at } = input(READ, fields)?;
        let owner = session.caller.actor_id();
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = kept.iter().find(|cut| cut.id == result && cut.owner == owner);
        let cut = cut.ok_or_else(|| {
            Error::new(Code::NotFound, "this result is no longer kept").hint("run the tool again")
        })?;
        match at {
            None => Ok(piece((&cut.text, LONGEST), offset, (&cut.id, None))),
            Some(at) => {
                let part = picked(&cut.text, &at)?;
                Ok(piece((&part, LONGEST), offset, (&cut.id, Some(&at))))
            }
        }
    }
}

/// Returns so much of a text from a byte on, with what is missing before and after it.
fn piece((text, most): (&str, usize), offset: usize, (id, at): (&str, Option<&str>)) -> String {
    let start = text.ceil_char_boundary(offset.min(text.len()));
    let end = text.floor_char_boundary((start + most).min(text.len()));
    let piece = &text[start..end];
    if end == text.len() {
        return format!("{piece}\n[The end: {end} bytes in all.]");
    }
    let (total, left) = (text.len(), text.len() - end);
    let mut asked = json!({ "result": id, "offset": end });
    if let Some(at) = at {
        asked["at"] = at.into();
    }
    format!(
        "{piece}\n[Cut at byte {end} of {total}, {left} are left. Read on with {READ} {asked}, pick a part with `at`, or ask for less.]"
    )
}

/// Returns the parts of a result to which a pointer leads, a line each; `*` is every item or field.
///
/// Fails with `InvalidInput` if it leads to nothing.
fn picked(text: &str, at: &str) -> Result<String> {
    let whole: Value = serde_json::from_str(text).map_err(|_| {
        Error::new(Code::InvalidInput, "this result is no JSON").hint("read on by `offset`")
    })?;
    let mut found = vec![&whole];
    for step in at.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        found = found.into_iter().flat_map(|value| below(value, &step)).collect();
    }
    if found.is_empty() || !(at.is_empty() || at.starts_with('/')) {
        let text = format!("`{}` leads to nothing in this result", clean(at));
        return Err(Error::new(Code::InvalidInput, text)
            .hint("give a JSON pointer, with `*` for every item: `/data/items/*/id`"));
    }
    Ok(found.into_iter().map(Value::to_string).collect::<Vec<_>>().join("\n"))
}

/// Returns what is one step below a value.
fn below<'v>(value: &'v Value, step: &str) -> Vec<&'v Value> {
    match value {
        Value::Array(items) if step == "*" => items.iter().collect(),
        Value::Array(items) => {
            step.parse::<usize>().ok().and_then(|at| items.get(at)).into_iter().collect()
        }
        Value::Object(fields) if step == "*" && !fields.contains_key(step) => {
            fields.values().collect()
        }
        Value::Object(fields) => fields.get(step).into_iter().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Says which long lists a result holds, so that one knows what to pick from.
fn outline(value: &Value) -> String {
    let mut lists = Vec::new();
    lists_in(value, String::new(), &mut lists);
    lists.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
    let shown = lists.iter().take(LISTS).map(|(at, count, fields)| {
        let fields = if fields.is_empty() { String::new() } else { format!(" of {fields}") };
        format!("\n[{at}: {count}{fields}]")
    });
    shown.collect()
}

fn lists_in(value: &Value, at: String, found: &mut Vec<(String, usize, String)>) {
    if at.split('/').count() > DEEPEST {
        return;
    }
    match value {
        Value::Array(items) => {
            let fields = items.first().and_then(Value::as_object);
            let names = fields.into_iter().flatten().take(FIELDS).map(|(name, _)| clean(name));
            found.push((format!("{at}/*"), items.len(), names.collect::<Vec<_>>().join(" ")));
        }
        Value::Object(fields) => {
            for (name, value) in fields.iter().take(FIELDS) {
                let step = clean(name).replace('~', "~0").replace('/', "~1");
                lists_in(value, format!("{at}/{step}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ids::UserRef;
    use crate::engine::Caller;

    fn session() -> Session {
        Session { caller: Caller::Human, user: UserRef::own() }
    }

    fn asked(result: &str, offset: usize) -> JsonObject {
        json!({"result": result, "offset": offset}).as_object().unwrap().clone()
    }

    #[test]
    fn a_long_answer_is_read_to_its_end_in_pieces() {
        let kept = Kept::default();
        let whole: String = (0..20_000).flat_map(|n| ["ü".to_owned(), n.to_string()]).collect();

        let mut text = kept.fitted(&session(), whole.clone());
        let mut read = String::new();
        while let Some((piece, rest)) = text.rsplit_once("\n[Cut at byte ") {
            read.push_str(piece);
            let asking = rest.split_once(READ).unwrap().1.split_once('}').unwrap().0;
            let asking: Value = serde_json::from_str(&format!("{asking}}}")).unwrap();
            let fields = asking.as_object().unwrap().clone();
            text = kept.read(&session(), fields).unwrap();
        }
        read.push_str(text.rsplit_once("\n[The end").unwrap().0);

        assert_eq!(read, whole);
    }

    #[test]
    fn parts_of_a_long_answer_are_picked_by_where_they_stand() {
        let kept = Kept::default();
        let things: Vec<Value> =
            (0..2000).map(|id| json!({"id": id, "name": "x".repeat(20)})).collect();
        let cut = kept.fitted(&session(), json!({"data": {"things": things}}).to_string());
        let id = cut.split("\"result\":\"").nth(1).unwrap().split('"').next().unwrap();
        let pick = |at: &str| {
            let asked = json!({"result": id, "at": at});
            kept.read(&session(), asked.as_object().unwrap().clone())
        };

        assert!(cut.ends_with("\n[/data/things/*: 2000 of id name]"), "{cut}");
        assert!(kept.fitted(&session(), "x".repeat(MANY * LONGEST + 1)).len() < LONGEST / 2);
        let ids = pick("/data/things/*/id").unwrap();
        assert!(ids.starts_with("0\n1\n2\n") && ids.contains("\n1999\n[The end:"), "{ids}");
        assert!(pick("/data/things/7").unwrap().starts_with("{\"id\":7,"));
        let long = pick("/data/things/*").unwrap();
        assert!(long.contains("\"at\":\"/data/things/*\""), "it goes on from there");
        for wrong in ["/data/thing", "data", "/data/things/*/x"] {
            assert_eq!(pick(wrong).unwrap_err().code, Code::InvalidInput, "{wrong}");
        }
    }

    #[test]
    fn a_short_answer_is_whole_and_one_of_another_is_not_there() {
        let kept = Kept::default();

        assert_eq!(kept.fitted(&session(), "short".into()), "short");
        let cut = kept.fitted(&session(), "x".repeat(LONGEST + 1));
        let id = cut.split("\"result\":\"").nth(1).unwrap().split('"').next().unwrap();
        let other = Session { caller: Caller::System, ..session() };
        assert!(kept.read(&other, asked(id, 0)).is_err());
        assert!(kept.read(&session(), asked(id, usize::MAX)).is_ok());
        assert!(kept.read(&session(), asked("x", 0)).is_err());
    }

    #[test]
    fn the_oldest_of_many_goes() {
        let kept = Kept::default();
        for _ in 0..=MOST {
            kept.fitted(&session(), "x".repeat(LONGEST + 1));
        }

        assert_eq!(kept.0.lock().unwrap().len(), MOST);
    }
}
