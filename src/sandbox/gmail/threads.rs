//! `users.threads` and `users.labels`.

use std::collections::HashSet;

use axum::http::StatusCode;
use serde_json::json;

use super::render::{self, SYSTEM};
use super::{Answer, Caller, Refusal, letters};
use crate::sandbox::store::mail::{self, Label};

/// Lists threads that have a fitting letter, in the order of their newest one.
pub(super) fn list(caller: &Caller<'_>) -> Answer {
    let before = caller.page()?;
    let mut seen = HashSet::new();
    // From the newest on, also for later pages: a thread is listed once, by its newest fitting letter.
    let (page, next) = letters::select(caller, i64::MAX, |letter| {
        seen.insert(letter.thread.clone()) && letter.seq < before
    })?;
    let threads = page
        .iter()
        .map(|letter| {
            json!({
                "id": letter.thread,
                "snippet": render::snippet(&letter.text),
                "historyId": letter.seq.to_string(),
            })
        })
        .collect();
    Ok(letters::listing("threads", threads, next))
}

/// Returns a thread with its letters, oldest first.
pub(super) fn get(caller: &Caller<'_>, id: &str) -> Answer {
    let format = letters::format(caller, super::BODIES)?;
    caller.world.store.read(|db| {
        let letters = mail::thread(db, &caller.mailbox, id)?;
        let latest = letters.last().ok_or_else(Refusal::not_found)?;
        let mut messages = Vec::new();
        for letter in &letters {
            messages.push(render::letter(letter, &mail::raw(db, &letter.id)?, &format));
        }
        Ok(json!({ "id": id, "historyId": latest.seq.to_string(), "messages": messages }))
    })
}

/// Lists Gmail's own labels and the owner's.
pub(super) fn labels(caller: &Caller<'_>) -> Answer {
    let own = caller.world.store.read(|db| mail::labels(db, &caller.mailbox))?;
    let system = SYSTEM.iter().map(|id| json!({ "id": id, "name": id, "type": "system" }));
    let labels: Vec<_> = system.chain(own.iter().map(label)).collect();
    Ok(json!({ "labels": labels }))
}

/// Makes a label.
pub(super) fn add_label(caller: &Caller<'_>) -> Answer {
    let body = caller.body()?;
    let name = body["name"].as_str().map(str::trim).unwrap_or_default();
    if name.is_empty() || name.len() > 225 {
        return Err(Refusal::invalid("Invalid label name"));
    }
    let taken = || Refusal::new(StatusCode::CONFLICT, "aborted", "Label name exists or conflicts");
    if SYSTEM.iter().any(|system| system.eq_ignore_ascii_case(name)) {
        return Err(taken());
    }
    let made = caller.world.store.write(|tx| mail::add_label(tx, &caller.mailbox, name))?;
    made.as_ref().map(label).ok_or_else(taken)
}

fn label(label: &Label) -> serde_json::Value {
    json!({
        "id": label.id,
        "name": label.name,
        "messageListVisibility": "show",
        "labelListVisibility": "labelShow",
        "type": "user",
    })
}
