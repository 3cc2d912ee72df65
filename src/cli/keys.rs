//! `naive keys`.

use std::collections::BTreeMap;

use clap::Subcommand;

use super::App;
use super::logs::names;
use super::output::{Page, word};
use crate::api::error::Result;
use crate::api::keys::{CreateKey, CreatedKey, Key, Keys, ListKeys, RevokeKey};
use crate::api::time::Millis;

/// The keys of the programs that act here.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a key for a program; it is shown once
    Create(CreateKey),
    /// List the keys
    List(ListKeys),
    /// Take a key back; whoever holds it is refused from then on
    Revoke(RevokeKey),
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "keys.create",
            Self::List(_) => "keys.list",
            Self::Revoke(_) => "keys.revoke",
        }
    }
}

/// Runs a command.
pub(crate) async fn run(app: &App<'_>, command: Command) -> Result<u8> {
    match command {
        Command::Create(op) => app.show(op, created).await,
        Command::List(op) => {
            let names = names(app).await;
            app.show(op, |reply, page| table(reply, page, &names)).await
        }
        Command::Revoke(op) => app.show(op, one).await,
    }
}

fn created(made: &CreatedKey, page: &mut Page) {
    page.text(&made.api_key);
    one(&made.key, page);
    page.hint("This key is shown once. Give it to the program as `NAIVE_API_KEY`.");
    page.next(format!("naive keys revoke {}", made.key.key_id), "take it back");
}

/// Shows what is known of a key.
pub(super) fn one(key: &Key, page: &mut Page) {
    page.fields(&[
        ("id", Some(key.key_id.clone())),
        ("name", Some(key.name.clone())),
        ("role", Some(word(&key.role))),
        ("sealed to", key.tenant_user_id.clone()),
        ("status", Some(status(key).to_owned())),
        ("created", Some(key.created_at.plain())),
        ("expires", key.expires_at.map(Millis::plain)),
        ("last used", key.last_used_at.map(Millis::plain)),
    ]);
}

fn table(reply: &Keys, page: &mut Page, names: &BTreeMap<String, String>) {
    let user = |key: &Key| {
        let user = key.tenant_user_id.clone().unwrap_or_default();
        names.get(&user).cloned().unwrap_or(user)
    };
    let rows = reply.keys.iter().map(|key| {
        vec![
            key.key_id.clone(),
            key.name.clone(),
            word(&key.role),
            format!("…{}", key.last_4),
            status(key).to_owned(),
            key.expires_at.map(Millis::minute).unwrap_or_default(),
            key.last_used_at.map(Millis::minute).unwrap_or_default(),
            user(key),
        ]
    });
    let columns = ["id", "name", "role", "ends in", "status", "expires", "last used", "sealed to"];
    page.table(&columns, rows.collect());
    page.narrowing(&["ends in", "last used", "expires", "role"]);
}

/// Returns how a key stands, in a word.
fn status(key: &Key) -> &'static str {
    let over = key.expires_at.is_some_and(|end| end <= Millis::now());
    match (key.revoked, over) {
        (true, _) => "revoked",
        (false, true) => "expired",
        (false, false) => "good",
    }
}
