//! `naive keys`.

use std::collections::BTreeMap;

use clap::Subcommand;

use super::App;
use super::logs::names;
use super::output::{Page, word};
use crate::api::error::Result;
use crate::api::ids::AppId;
use crate::api::keys::{CreateKey, CreatedKey, Dialect, Key, Keys, ListKeys, RevokeKey};
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
    page.hint(match made.key.dialect {
        Dialect::Naive => "This key is shown once. Give it to the program as `NAIVE_API_KEY`.",
        Dialect::Integrations => {
            "This key is shown once. Give it to a client of the Integrations API, with the address of `naive serve`."
        }
        Dialect::Connectors => {
            "This key is shown once. Give it to a client of the Connectors API, with the address of `naive serve` and `/api/v1`."
        }
    });
    page.next(format!("naive keys revoke {}", made.key.key_id), "take it back");
}

/// Shows what is known of a key.
pub(super) fn one(key: &Key, page: &mut Page) {
    page.fields(&[
        ("id", Some(key.key_id.clone())),
        ("name", Some(key.name.clone())),
        ("dialect", Some(word(&key.dialect))),
        ("app", key.app.as_ref().map(AppId::to_string)),
        ("role", Some(word(&key.role))),
        ("begins with", Some(key.prefix.clone())),
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
            key.app.as_ref().map_or_else(
                || word(&key.dialect),
                |app| format!("{}: {app}", key.dialect.as_str()),
            ),
            word(&key.role),
            format!("{}…{}", key.prefix, key.last_4),
            status(key).to_owned(),
            key.expires_at.map(Millis::minute).unwrap_or_default(),
            key.last_used_at.map(Millis::minute).unwrap_or_default(),
            user(key),
        ]
    });
    let columns =
        ["id", "name", "for", "role", "key", "status", "expires", "last used", "sealed to"];
    page.table(&columns, rows.collect());
    page.narrowing(&["key", "last used", "expires", "for", "role"]);
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
