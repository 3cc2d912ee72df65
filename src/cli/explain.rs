//! `naive explain`: what would become of an action, and why.

use super::App;
use super::output::Page;
use crate::api::error::Result;
use crate::api::kits::{Explain, Explained};

/// Runs the command.
pub(crate) async fn run(app: &App<'_>, op: Explain) -> Result<u8> {
    app.show(op, view).await
}

fn view(reply: &Explained, page: &mut Page) {
    let change = reply.change.as_deref();
    let command = change.filter(|change| change.starts_with("naive "));
    let words = change.filter(|_| command.is_none());
    page.fields(&[
        ("action", Some(reply.action.clone())),
        ("caller", Some(reply.caller.clone())),
        ("user", reply.user.clone()),
        ("account kit", reply.account_kit.clone()),
        ("verdict", Some(reply.verdict.clone())),
        ("rule", Some(reply.rule.clone())),
        ("to change it", words.map(str::to_owned)),
    ]);
    page.text(format!("\n{}", reply.why));
    if let Some(command) = command {
        page.next(command, "change it, as the operator");
    }
}
