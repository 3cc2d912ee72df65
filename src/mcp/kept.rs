//! Answers that are too long for one message: cut, kept for a while, and read on piece by piece.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde::Deserialize;
use serde_json::json;

use super::Session;
use crate::api::action::input;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::fresh;

/// Name of the tool that reads on.
pub(super) const READ: &str = "result_read";
/// Longest text of one answer, in bytes: some 8,000 tokens.
pub(super) const LONGEST: usize = 32 * 1024;
/// How many answers are kept; the oldest goes first.
const MOST: usize = 16;
/// How many bytes they have together at most.
const ROOM: usize = 32 * 1024 * 1024;

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
    offset: usize,
}

/// Returns the tool that reads on.
pub(super) fn tool() -> Tool {
    let input = json!({
        "type": "object",
        "properties": {
            "result": { "type": "string" },
            "offset": { "type": "integer", "description": "Byte to begin at" },
        },
        "required": ["result", "offset"],
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
        let piece = piece(&text, 0, &id);
        let owner = session.caller.actor().actor_id;
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
        let Asked { result, offset } = input(READ, fields)?;
        let owner = session.caller.actor().actor_id;
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = kept.iter().find(|cut| cut.id == result && cut.owner == owner);
        let cut = cut.ok_or_else(|| {
            Error::new(Code::NotFound, "this result is no longer kept").hint("run the tool again")
        })?;
        Ok(piece(&cut.text, offset, &cut.id))
    }
}

/// Returns a piece of a text from a byte on, with what is missing before and after it.
fn piece(text: &str, offset: usize, id: &str) -> String {
    let start = text.ceil_char_boundary(offset.min(text.len()));
    let end = text.floor_char_boundary((start + LONGEST).min(text.len()));
    let piece = &text[start..end];
    if end == text.len() {
        return format!("{piece}\n[The end: {end} bytes in all.]");
    }
    let (total, left) = (text.len(), text.len() - end);
    format!(
        "{piece}\n[Cut at byte {end} of {total}, {left} are left. Read on with {READ} {{\"result\":\"{id}\",\"offset\":{end}}}, or ask for less.]"
    )
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
            let asking: serde_json::Value = serde_json::from_str(&format!("{asking}}}")).unwrap();
            let fields = asking.as_object().unwrap().clone();
            text = kept.read(&session(), fields).unwrap();
        }
        read.push_str(text.rsplit_once("\n[The end").unwrap().0);

        assert_eq!(read, whole);
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
