//! `users.messages` and `users.getProfile`.

use std::ops::ControlFlow;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::outgoing::{self, Outgoing};
use super::render::{self, Format};
use super::search::Query;
use super::{Answer, Caller, Refusal, Scopes};
use crate::sandbox::store::mail::{self, Letter};

/// Returns whose mailbox it is and how much is in it.
pub(super) fn profile(caller: &Caller<'_>) -> Answer {
    let totals = caller.world.store.read(|db| mail::totals(db, &caller.mailbox))?;
    Ok(json!({
        "emailAddress": caller.mailbox,
        "messagesTotal": totals.letters,
        "threadsTotal": totals.threads,
        "historyId": totals.latest.to_string(),
    }))
}

/// Lists ids of letters, newest first.
pub(super) fn list(caller: &Caller<'_>) -> Answer {
    let (page, next) = select(caller, caller.page()?, |_| true)?;
    let ids: Vec<_> = page.iter().map(render::reference).collect();
    Ok(listing("messages", ids, next))
}

/// Returns a page of the letters older than `before`, by the call's own filters and by `fits`, and
/// where the next one begins.
pub(super) fn select(
    caller: &Caller<'_>,
    before: i64,
    mut fits: impl FnMut(&Letter) -> bool,
) -> Result<(Vec<Letter>, Option<i64>), Refusal> {
    let limit = caller.limit()?;
    let text = caller.call.query.get("q");
    if text.is_some() && caller.may(super::DRAFTS).is_err() {
        let text = "Metadata scope does not support 'q' parameter";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "forbidden", text));
    }
    caller.world.store.read(|db| {
        let labels = mail::labels(db, &caller.mailbox)?;
        let query = Query::new(text.unwrap_or_default(), &caller.call.query, &labels, caller.now);
        let (mut page, mut next) = (Vec::<Letter>::new(), None);
        mail::newest(db, &caller.mailbox, before, |letter| {
            if !query.matches(&letter) || !fits(&letter) {
                return ControlFlow::Continue(());
            }
            if page.len() == limit {
                next = page.last().map(|last| last.seq);
                return ControlFlow::Break(());
            }
            page.push(letter);
            ControlFlow::Continue(())
        })?;
        Ok((page, next))
    })
}

/// Makes Google's form of a page: without the key if it is empty.
pub(super) fn listing(key: &str, items: Vec<Value>, next: Option<i64>) -> Value {
    let mut body = json!({});
    let estimate = items.len() + usize::from(next.is_some());
    if !items.is_empty() {
        body[key] = Value::from(items);
    }
    if let Some(next) = next {
        body["nextPageToken"] = next.to_string().into();
    }
    body["resultSizeEstimate"] = estimate.into();
    body
}

/// Returns one letter in the wanted format.
pub(super) fn get(caller: &Caller<'_>, id: &str) -> Answer {
    let format = format(caller, super::BODIES)?;
    caller.world.store.read(|db| {
        let letter = mail::find(db, &caller.mailbox, id)?.ok_or_else(Refusal::not_found)?;
        Ok(render::letter(&letter, &mail::raw(db, id)?, &format))
    })
}

/// Reads the format from the query, full unless told; one with bodies needs one of these scopes.
pub(super) fn format(caller: &Caller<'_>, bodies: Scopes) -> Result<Format, Refusal> {
    let query = &caller.call.query;
    let wanted = query.get("format").unwrap_or("full").to_ascii_lowercase();
    let headers = query.all("metadataHeaders").map(str::to_owned).collect();
    let format = match wanted.as_str() {
        "full" => Format::Full,
        "metadata" => Format::Metadata(headers),
        "minimal" => Format::Minimal,
        "raw" => Format::Raw,
        _ => return Err(Refusal::invalid(format!("Invalid value at 'format': {wanted:?}"))),
    };
    if matches!(format, Format::Full | Format::Raw) && caller.may(bodies).is_err() {
        let text = format!("Metadata scope doesn't allow format {}", wanted.to_uppercase());
        return Err(Refusal::new(StatusCode::FORBIDDEN, "forbidden", text));
    }
    Ok(format)
}

/// Sends a letter.
pub(super) fn send(caller: &Caller<'_>) -> Answer {
    let body = caller.body()?;
    let outgoing = Outgoing::read(&body, &caller.mailbox, caller.now)?;
    outgoing.addressed()?;
    let sent = caller
        .world
        .store
        .write(|tx| outgoing::send(tx, &caller.mailbox, &outgoing, caller.now))?;
    Ok(render::labelled(&sent))
}

/// Changes a letter's labels.
pub(super) fn relabel(caller: &Caller<'_>, id: &str, change: &str) -> Answer {
    let body = caller.body()?;
    let (mut add, mut remove) = (strings(&body, "addLabelIds")?, strings(&body, "removeLabelIds")?);
    match change {
        "trash" => (add, remove) = (vec!["TRASH".into()], vec!["INBOX".into()]),
        "untrash" => (add, remove) = (Vec::new(), vec!["TRASH".into()]),
        _ => {}
    }
    caller.world.store.write(|tx| {
        let own = mail::labels(tx, &caller.mailbox)?;
        let known =
            |id: &String| render::SYSTEM.contains(&id.as_str()) || own.iter().any(|l| l.id == *id);
        if let Some(odd) = add.iter().chain(&remove).find(|id| !known(id)) {
            return Err(Refusal::invalid(format!("Invalid label: {odd}")));
        }
        if let Some(fixed) =
            add.iter().chain(&remove).find(|id| matches!(id.as_str(), "SENT" | "DRAFT"))
        {
            return Err(Refusal::invalid(format!("Invalid label: {fixed}")));
        }
        let mut letter = mail::find(tx, &caller.mailbox, id)?.ok_or_else(Refusal::not_found)?;
        letter.labels.retain(|label| !remove.contains(label));
        for label in add {
            if !letter.labels.contains(&label) {
                letter.labels.push(label);
            }
        }
        mail::set_labels(tx, id, &letter.labels)?;
        Ok(render::labelled(&letter))
    })
}

/// Deletes a letter for good.
pub(super) fn delete(caller: &Caller<'_>, id: &str) -> Answer {
    caller.world.store.write(|tx| {
        mail::find(tx, &caller.mailbox, id)?.ok_or_else(Refusal::not_found)?;
        mail::delete(tx, id)?;
        Ok(Value::Null)
    })
}

/// Returns the bytes of an attachment.
pub(super) fn attachment(caller: &Caller<'_>, id: &str, part: &str) -> Answer {
    caller.world.store.read(|db| {
        mail::find(db, &caller.mailbox, id)?.ok_or_else(Refusal::not_found)?;
        render::attachment(&mail::raw(db, id)?, part)
            .ok_or_else(|| Refusal::invalid("Invalid attachment token"))
    })
}

fn strings(body: &Value, key: &str) -> Result<Vec<String>, Refusal> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(list) => serde_json::from_value(list.clone())
            .map_err(|_| Refusal::invalid(format!("Invalid value at '{key}'"))),
    }
}
