//! `users.drafts`: letters that have not left.

use serde_json::{Value, json};

use super::outgoing::{self, Outgoing};
use super::{Answer, Caller, Refusal, letters, render};
use crate::sandbox::store::{hex, mail};

/// Lists drafts, newest first.
pub(super) fn list(caller: &Caller<'_>) -> Answer {
    let (page, next) = letters::select(caller, caller.page()?, |letter| {
        letter.labels.iter().any(|label| label == "DRAFT")
    })?;
    let drafts = caller.world.store.read(|db| {
        let mut drafts = Vec::new();
        for letter in &page {
            if let Some(id) = mail::draft_of(db, &letter.id)? {
                drafts.push(json!({ "id": id, "message": render::reference(letter) }));
            }
        }
        Ok::<_, Refusal>(drafts)
    })?;
    Ok(letters::listing("drafts", drafts, next))
}

/// Makes a draft, or gives an existing one a new letter.
pub(super) fn put(caller: &Caller<'_>, id: Option<&str>) -> Answer {
    let body = caller.body()?;
    let outgoing = Outgoing::read(&body["message"], &caller.mailbox, caller.now)?;
    caller.world.store.write(|tx| {
        let mut thread = outgoing.thread(tx, &caller.mailbox)?;
        let mut replaced = None;
        if let Some(id) = id {
            let old = mail::draft(tx, &caller.mailbox, id)?.ok_or_else(Refusal::not_found)?;
            thread = thread.or(Some(old.thread));
            replaced = Some(old.id);
        }
        let letter = outgoing.letter(thread, vec!["DRAFT".into()], caller.now);
        mail::insert(tx, &caller.mailbox, &letter, &outgoing.raw)?;
        let id = id.map_or_else(|| format!("r{}", hex(18)), str::to_owned);
        mail::put_draft(tx, &caller.mailbox, &id, &letter.id)?;
        if let Some(old) = replaced {
            mail::delete(tx, &old)?;
        }
        Ok(json!({ "id": id, "message": render::labelled(&letter) }))
    })
}

/// Returns a draft with its letter.
pub(super) fn get(caller: &Caller<'_>, id: &str) -> Answer {
    let format = letters::format(caller, super::DRAFTS)?;
    caller.world.store.read(|db| {
        let letter = mail::draft(db, &caller.mailbox, id)?.ok_or_else(Refusal::not_found)?;
        let message = render::letter(&letter, &mail::raw(db, &letter.id)?, &format);
        Ok(json!({ "id": id, "message": message }))
    })
}

/// Sends a draft, as it is or with the letter that comes along, and forgets it.
pub(super) fn send(caller: &Caller<'_>) -> Answer {
    let body = caller.body()?;
    let id = body["id"].as_str().ok_or_else(|| Refusal::invalid("Missing draft id"))?;
    caller.world.store.write(|tx| {
        let letter = mail::draft(tx, &caller.mailbox, id)?.ok_or_else(Refusal::not_found)?;
        let mut outgoing = if body["message"]["raw"].is_string() {
            Outgoing::read(&body["message"], &caller.mailbox, caller.now)?
        } else {
            Outgoing::parse(&mail::raw(tx, &letter.id)?, &caller.mailbox, caller.now)?
        };
        outgoing.addressed()?;
        outgoing.thread_id = Some(letter.thread);
        let sent = outgoing::send(tx, &caller.mailbox, &outgoing, caller.now)?;
        mail::delete(tx, &letter.id)?;
        Ok(render::labelled(&sent))
    })
}

/// Deletes a draft and its letter.
pub(super) fn delete(caller: &Caller<'_>, id: &str) -> Answer {
    caller.world.store.write(|tx| {
        let letter = mail::draft(tx, &caller.mailbox, id)?.ok_or_else(Refusal::not_found)?;
        mail::delete(tx, &letter.id)?;
        Ok(Value::Null)
    })
}
