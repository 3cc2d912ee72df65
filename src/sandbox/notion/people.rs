//! The people of a workspace, and the app's bot.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Answer, Desk, Refusal, read_id};
use crate::sandbox::page::ACCOUNTS;

/// Returns an id that is the same every time.
fn id_of(name: &str) -> String {
    let digest = Sha256::digest(name);
    let bytes = digest.first_chunk::<16>().copied().unwrap_or_default();
    Uuid::from_bytes(bytes).hyphenated().to_string()
}

/// Returns the bot's id in this workspace.
pub(super) fn bot_id(desk: &Desk<'_>) -> String {
    id_of(&format!("bot of {}", desk.account))
}

/// Returns what other objects say of somebody.
pub(super) fn partial(id: &str) -> Value {
    json!({ "object": "user", "id": id })
}

fn name_of(account: &str) -> &str {
    let known = ACCOUNTS.iter().find(|(_, email)| *email == account);
    known.map_or(account, |(name, _)| name)
}

fn person(account: &str) -> Value {
    json!({
        "object": "user",
        "id": id_of(account),
        "name": name_of(account),
        "avatar_url": null,
        "type": "person",
        "person": { "email": account },
    })
}

/// Returns the bot: who the bearer is.
pub(super) fn me(desk: &Desk<'_>) -> Value {
    json!({
        "object": "user",
        "id": bot_id(desk),
        "name": "naive",
        "avatar_url": null,
        "type": "bot",
        "bot": {
            "owner": { "type": "user", "user": person(desk.account) },
            "workspace_name": format!("{}'s Notion", name_of(desk.account)),
            "workspace_id": id_of(&format!("workspace of {}", desk.account)),
            "workspace_limits": { "max_file_upload_size_in_bytes": 5_242_880 },
        },
    })
}

fn everybody(desk: &Desk<'_>) -> Vec<Value> {
    let others = ACCOUNTS.iter().map(|(_, email)| *email).filter(|email| *email != desk.account);
    [desk.account].into_iter().chain(others).map(person).chain([me(desk)]).collect()
}

/// Lists the people and the bot.
pub(super) fn list(desk: &Desk<'_>) -> Answer {
    desk.list("user", everybody(desk))
}

/// Answers with one of them.
pub(super) fn get(desk: &Desk<'_>, id: &str) -> Answer {
    let id = read_id(id).ok_or_else(|| Refusal::no_uuid("user", id))?;
    everybody(desk)
        .into_iter()
        .find(|user| user["id"] == id.as_str())
        .ok_or_else(|| Refusal::no_such("user", &id))
}
