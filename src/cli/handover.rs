//! `connections export` and `import`: a sealed block on stdout, and one on stdin.

use serde_json::Value;

use super::output::{Page, note};
use super::{App, arguments, connect};
use crate::api::error::Result;
use crate::api::logins::{ExportConnection, Exported, ImportConnection};

/// Seals a connection, and prints the block.
pub(crate) async fn export(app: &App<'_>, op: ExportConnection) -> Result<u8> {
    let user = app.user_flag(op.user.as_ref());
    app.show(op, |reply, page| exported(reply, page, &user)).await
}

fn exported(reply: &Exported, page: &mut Page, user: &str) {
    page.text(reply.block.trim_end());
    page.hint(match (reply.moved, reply.rotates) {
        (true, _) => "The connection is switched off here, and its credential kept: if the block gets lost, run the command again. Once the other machine has it, delete the credential here.",
        (false, true) => "The connection stays here too. Where the app changes the refresh token at each use, only one machine can go on using it: export with `--move`, or disconnect it on one of them.",
        (false, false) => "The connection stays here too.",
    });
    page.next("naive connections import < block", "on the other machine, take it over");
    if reply.moved {
        let (toolkit, id) = (&reply.toolkit, &reply.connected_account_id);
        let command = format!(
            "naive connections disconnect {toolkit} --account {id}{user} --purge --keep-upstream"
        );
        page.next(command, "then here, delete the credential; the app is not told");
    }
}

/// Opens a block, and takes the connection over.
pub(crate) async fn import(app: &App<'_>, mut op: ImportConnection) -> Result<u8> {
    if app.settings.terminals.person {
        note("Paste the block here, then end with Ctrl-D on a line of its own.")?;
    }
    op.block = block(arguments::stdin()?);
    let user = app.user_flag(op.user.as_ref());
    let state = app.done(app.as_caller(), op).await?;
    connect::show(app, "connections.import", &state, &user)
}

/// Returns the block of a reply of `export` that was piped here as it is; any other text stays.
fn block(text: String) -> String {
    let reply: Option<Value> = serde_json::from_str(&text).ok();
    let block = reply.as_ref().and_then(|reply| reply.pointer("/result/block")?.as_str());
    block.map_or(text.clone(), str::to_owned)
}
