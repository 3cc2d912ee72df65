//! What an API elsewhere was last seen to say, for when it is not asked or cannot be reached.

use serde_json::{Value, json};

use super::App;
use super::connections;
use super::output::{Page, note};
use crate::api::approvals::ListApprovals;
use crate::api::connections::{Connected, Connections};
use crate::api::error::{Code, Error, Result};
use crate::api::time::Millis;
use crate::remote::{Remote, Snapshot, is_away};

/// Shows a user's connections as the API tells them; as they were last seen where that was asked for, or the
/// API cannot be reached.
pub(super) async fn connected(
    app: &App<'_>,
    remote: &Remote,
    op: Connected,
    cached: bool,
) -> Result<u8> {
    const NAME: &str = "connections.connected";
    let user = op.user.clone().unwrap_or_else(|| app.user());
    let then = || remote.connected_then(&user, op.all);
    if cached {
        let seen = then()?.ok_or_else(|| {
            Error::new(Code::NotFound, format!("nothing of `{user}` was seen at this API yet"))
                .hint("run it once without `--cached`")
        })?;
        let told = format!("This is {}.", age(&seen));
        return shown(app, &op, seen, told);
    }
    match app.call(app.as_caller(), op.clone().into()).await {
        Err(error) if is_away(&error) => match then()? {
            Some(seen) => {
                let told = format!("The API cannot be reached: {error}. This is {}.", age(&seen));
                // People read the same below the answer.
                if !app.output.is_for_people() {
                    note(&told)?;
                }
                shown(app, &op, seen, told)
            }
            None => Err(error),
        },
        answer => {
            let crate::api::action::Outcome::Done(result) = answer? else {
                return Err(Error::new(Code::ProviderError, "the API held a look"));
            };
            let whose = app.user_flag(op.user.as_ref());
            app.present::<Connected>(NAME, result, |reply, page| {
                connections::connected(reply, page, op.all, &whose);
            })
        }
    }
}

/// Shows connections as they were seen, and says when that was.
fn shown(app: &App<'_>, op: &Connected, seen: Snapshot, told: String) -> Result<u8> {
    let mut page = Page::default();
    match serde_json::from_value::<Connections>(seen.value.clone()) {
        Ok(reply) => {
            let whose = app.user_flag(op.user.as_ref());
            connections::connected(&reply, &mut page, op.all, &whose);
        }
        Err(_) => page.json(&seen.value),
    }
    page.hint(told);
    app.output.reply("connections.connected", seen.value, page)
}

/// Shows the approvals that were seen at the API, the one seen last at the head.
pub(super) fn approvals(app: &App<'_>, remote: &Remote, op: &ListApprovals) -> Result<u8> {
    if op.cursor.is_some() {
        return Err(Error::usage("`--cached` has no further pages").hint("leave `--cursor` out"));
    }
    let mut seen = remote.approvals_then(op)?;
    app.tell_notes()?;
    seen.truncate(op.limit.map_or(usize::MAX, |limit| limit as usize));
    let mut page = Page::default();
    let text = |one: &Snapshot, name: &str| {
        one.value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let row = |one: &Snapshot| {
        vec![
            text(one, "id"),
            text(one, "status"),
            text(one, "action_type"),
            text(one, "title"),
            one.seen_at.plain(),
        ]
    };
    if seen.is_empty() {
        page.text("No approval of this kind was seen yet.");
    } else {
        let columns = ["approval", "status", "action", "title", "seen (UTC)"];
        page.table(&columns, seen.iter().map(row).collect());
    }
    if let Some(newest) = seen.first() {
        page.hint(format!("The newest of these is {}; each may stand otherwise now.", age(newest)));
    }
    let seen_at: Vec<_> = seen.iter().map(|one| one.seen_at).collect();
    let all: Vec<_> = seen.into_iter().map(|one| one.value).collect();
    let result = json!({ "approvals": all, "nextCursor": null, "seen_at": seen_at });
    app.output.reply("approvals.list", result, page)
}

/// Says of when something is: `as of 2026-11-20 10:38:47 UTC, 3 minutes ago`.
fn age(seen: &Snapshot) -> String {
    let seconds = seen.seen_at.age(Millis::now()).as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..86400 => (seconds / 3600, "hour"),
        _ => (seconds / 86400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("as of {} UTC, {count} {unit}{plural} ago", seen.seen_at.plain())
}
