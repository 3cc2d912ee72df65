//! What a user has when they come for the first time: two repositories, files, issues, a branch that
//! waits for a pull request.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::branches::{self, MAIN};
use super::files::{self, Content};
use super::repositories::{self, New};
use super::{Refusal, issues, people};
use crate::api::time::Millis;
use crate::sandbox::page::ACCOUNTS;

const HOUR: i64 = 3_600_000;

const README: &[u8] = b"# engine\n\nComputes differences, one carry at a time.\n\n\
    ## Use\n\n    cargo run -- 1 4 9 16\n";
const SOURCE: &[u8] = b"/// Returns the differences between neighbours.\n\
    pub fn differences(values: &[i64]) -> Vec<i64> {\n    \
    values.windows(2).map(|pair| pair[1] - pair[0]).collect()\n}\n";
const FIXED: &[u8] =
    b"/// Returns the differences between neighbours; nothing if one does not fit.\n\
    pub fn differences(values: &[i64]) -> Option<Vec<i64>> {\n    \
    values.windows(2).map(|pair| pair[1].checked_sub(pair[0])).collect()\n}\n";

/// Makes the user of an account with their repositories, unless they are there; returns the name.
/// The people one can pick at consent are users from the start.
pub(super) fn account(db: &Connection, account: &str, now: Millis) -> Result<String, Refusal> {
    for (_, email) in ACCOUNTS {
        person(db, email, now)?;
    }
    person(db, account, now)
}

fn person(db: &Connection, account: &str, now: Millis) -> Result<String, Refusal> {
    if let Some(login) = people::login_of(db, account)? {
        return Ok(login);
    }
    let login = people::join(db, account, now)?;
    let ago = |hours: i64| Millis(now.0 - hours * HOUR);
    let new = |name: &'static str, about: &str, private| New {
        owner: &login,
        name,
        description: about.into(),
        private,
    };
    let engine = new("engine", "Differences, computed one carry at a time", false);
    let engine = repositories::make(db, &engine, ago(400))?;
    let begin =
        [Content { path: "README.md", text: README }, Content { path: "src/lib.rs", text: SOURCE }];
    files::seed(db, &engine, (MAIN, &login), &begin, ago(399))?;
    let main = json!({ "name": MAIN, "sha": head(db, &engine)? });
    branches::fork(db, &engine, &main, "checked-carry")?;
    let change = [Content { path: "src/lib.rs", text: FIXED }];
    files::seed(db, &engine, ("checked-carry", &login), &change, ago(20))?;
    for (hours, title, body, labels) in [
        (90, "The carry is lost beyond 64 bits", "`differences(&[i64::MIN, 1])` wraps.", "bug"),
        (48, "Say in the README what a difference is", "Newcomers ask.", "documentation"),
        (30, "Print on paper", "A card would do.", "enhancement"),
    ] {
        let fields = json!({ "title": title, "body": body, "labels": [labels] });
        issues::make(db, &engine, &login, fields, ago(hours))?;
    }
    let notes = repositories::make(db, &new("notes", "Nobody else's business", true), ago(300))?;
    let note = [Content { path: "2026/november.md", text: b"- ask Grace about the moth\n" }];
    files::seed(db, &notes, (MAIN, &login), &note, ago(299))?;
    Ok(login)
}

fn head(db: &Connection, repository: &Value) -> Result<Value, Refusal> {
    let branch = crate::sandbox::store::objects::find(db, super::of(repository, "branch"), MAIN)?;
    Ok(branch.unwrap_or_default()["sha"].clone())
}
