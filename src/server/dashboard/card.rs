//! The card of an approval: the facts of the terminal's card, every argument, and what a person can do about it.

use maud::{Markup, html};

use super::parts::{by, notice, pill, tree, trouble};
use super::{Desk, at, login};
use crate::api::approvals::{Approval, ApprovalStatus, GetApproval};
use crate::api::connections::{ConnectState, Status};
use crate::api::error::{Code, Error};
use crate::api::ids::clean;
use crate::api::time::Millis;
use crate::api::trading::account::Object;
use crate::engine::LEVEL;
use crate::engine::card::{Facts, amount, quote};

/// Facts that stand below the others: what an approval is known by, and what few ask for.
const BELOW: [&str; 5] = ["approval", "action", "if lost", "digest", "where"];
/// Facts that nobody may miss.
const ABOVE: [&str; 2] = ["COPY", "NOTE"];

/// Returns an approval as it stands in the inbox, with what a person can do about it.
pub(super) fn small(desk: &Desk, one: &Approval) -> Markup {
    let title = format!("title-{}", one.id);
    html! {
        article.card aria-labelledby=(title) {
            h2 id=(title) { a href=(address(one)) { (spoken_title(one)) } }
            (body(desk, one, None))
            (deeds(desk, one))
        }
    }
}

/// Returns an approval as it stands on a page of its own, with what became of it.
pub(super) fn whole(desk: &Desk, one: &Approval, market: Option<&Object>) -> Markup {
    let title = format!("title-{}", one.id);
    html! {
        p.path { a href=(at("", &[])) { "Inbox" } }
        div.heading { h1 id=(title) { (spoken_title(one)) } (state(one.status)) }
        article.card aria-labelledby=(title) {
            (body(desk, one, market))
            (deeds(desk, one))
        }
        (outcome(desk, one))
        p.small { "What the gate holds against: " (LEVEL) "." }
    }
}

/// Returns the address of an approval's page.
pub(super) fn address(one: &Approval) -> String {
    at(&format!("/approvals/{}", one.id), &[])
}

/// Returns the title as text that acts on nothing.
pub(super) fn spoken_title(one: &Approval) -> Markup {
    html! { bdi { (clean(&one.title)) } }
}

/// Returns how an approval stands, as a mark.
pub(super) fn state(status: ApprovalStatus) -> Markup {
    let tone = match status {
        ApprovalStatus::Executed => "good",
        ApprovalStatus::Pending | ApprovalStatus::Approved | ApprovalStatus::Sending => "waits",
        ApprovalStatus::Unknown | ApprovalStatus::Failed => "bad",
        ApprovalStatus::Denied | ApprovalStatus::Expired | ApprovalStatus::Cancelled => "",
    };
    pill(status.as_str(), tone)
}

fn body(desk: &Desk, one: &Approval, market: Option<&Object>) -> Markup {
    let effect = desk.site.engine.effect_of(one);
    let facts = Facts { approval: one, effect, market, now: Millis::now() }.lines();
    let is = |names: &[&str], name: &str| names.contains(&name);
    let plain = facts.iter().filter(|(name, _)| !is(&BELOW, name) && !is(&ABOVE, name));
    let plain = plain.filter(|(name, _)| *name != "asks for");
    html! {
        @for (_, value) in facts.iter().filter(|(name, _)| is(&ABOVE, name)) {
            div.notice.bad { p { (value) } }
        }
        dl.facts { @for (name, value) in plain { (fact(name, value)) } }
        (arguments(one))
        details.more {
            summary { "More about it" }
            dl.facts {
                @for (name, value) in facts.iter().filter(|(name, _)| is(&BELOW, name)) {
                    (fact(name, value))
                }
            }
        }
    }
}

fn arguments(one: &Approval) -> Markup {
    let nothing =
        one.payload.is_null() || one.payload.as_object().is_some_and(serde_json::Map::is_empty);
    html! {
        div.arguments {
            @if nothing { p.small { "No arguments" } } @else { (tree(&one.payload)) }
            @if let Some(amount) = amount(&one.payload) { p.amount { "Amount: " (amount) } }
        }
    }
}

/// Returns a fact with its name. The id behind a person's name is for those who look twice.
fn fact(name: &str, value: &str) -> Markup {
    let named = matches!(name, "for" | "asked by" | "account") && value.ends_with(')');
    let (value, id) = match value.rsplit_once(" (").filter(|_| named) {
        Some((value, id)) => (value, Some(format!(" ({id}"))),
        None => (value, None),
    };
    html! {
        div { dt { (name) } dd { bdi { (value) } @if let Some(id) = id { span.id { (id) } } } }
    }
}

/// Returns the forms by which a person decides, or goes on with what was left.
fn deeds(desk: &Desk, one: &Approval) -> Markup {
    match one.status {
        ApprovalStatus::Pending => decisions(desk, one),
        ApprovalStatus::Approved | ApprovalStatus::Sending => html! {
            p.small { "It was approved, and what came of it is not known yet. If whoever approved it is gone, go on with it: nothing is sent twice." }
            (ask_upstream(desk, one))
        },
        ApprovalStatus::Unknown => resolution(desk, one),
        ApprovalStatus::Executed
        | ApprovalStatus::Failed
        | ApprovalStatus::Denied
        | ApprovalStatus::Expired
        | ApprovalStatus::Cancelled => html! {},
    }
}

fn decisions(desk: &Desk, one: &Approval) -> Markup {
    let place = |deed: &str| at(&format!("/approvals/{}/{deed}", one.id), &[]);
    let (title, reason) = (format!("title-{}", one.id), format!("reason-{}", one.id));
    html! {
        div.decide {
            form method="post" action=(place("approve")) {
                (desk.token())
                @if one.restored_at.is_some() {
                    label.tick {
                        input type="checkbox" name="restored" value="yes" required;
                        " I know that it comes from a copy, and that it was not done since"
                    }
                }
                button.button.primary type="submit" aria-describedby=(title) { "Approve" }
            }
            details.deny {
                summary.button aria-describedby=(title) { "Deny…" }
                form method="post" action=(place("deny")) {
                    (desk.token())
                    label.field for=(reason) { span { "Reason, which whoever asked will read (optional)" } }
                    input id=(reason) name="reason" maxlength="500" autocomplete="off";
                    button.button.danger type="submit" { "Deny" }
                }
            }
        }
    }
}

/// Returns the forms for what may or may not have happened.
fn resolution(desk: &Desk, one: &Approval) -> Markup {
    let found = |value: &str, text: &str| {
        html! { label.tick { input type="radio" name="found" value=(value) required; " " (text) } }
    };
    html! {
        p { "It may or may not have happened. Look at the app, or have it asked; then say what you found." }
        (ask_upstream(desk, one))
        form.stack method="post" action=(at(&format!("/approvals/{}/resolve", one.id), &[])) {
            (desk.token())
            fieldset {
                legend { "What you found" }
                (found("executed", "It was done"))
                (found("not_executed", "It was not done"))
            }
            label.field { span { "How you found out" } input name="reason" maxlength="500" required autocomplete="off"; }
            button.button type="submit" { "Say so" }
        }
    }
}

fn ask_upstream(desk: &Desk, one: &Approval) -> Markup {
    html! {
        form method="post" action=(at(&format!("/approvals/{}/reconcile", one.id), &[])) {
            (desk.token())
            button.button type="submit" { "Find out and go on" }
        }
    }
}

/// Returns what became of it: the answer, the login that it began, or what went wrong.
fn outcome(desk: &Desk, one: &Approval) -> Markup {
    let error: Option<Error> = one.error.clone().map(Into::into);
    let begun = begun(one);
    html! {
        @if let Some(error) = &error { (trouble(error)) }
        @if let Some(state) = &begun {
            @match one.connection.as_ref().map_or(state.status, |found| found.status) {
                Status::Active => (notice(&html! {
                    p { "The app is connected." } p { a href=(at("/connections", &[("user", &one.tenant_user_id)])) { "See the connections" } }
                })),
                Status::Initiated => (login::next(desk, state, &one.tenant_user_id)),
                status @ (Status::Expired | Status::Failed | Status::Inactive | Status::Revoked) => (notice(&html! {
                    p { "It was approved, and the connection is " (status.as_str().to_lowercase()) " now." }
                    p { a href=(at("/connections", &[("user", &one.tenant_user_id)])) { "Connect it again" } }
                })),
            }
        } @else if let Some(result) = one.result.as_ref().filter(|result| !result.is_null()) {
            section.panel { h2 { "What was answered" } p.small { "This is data from outside, shown as it came." } (tree(result)) }
        }
    }
}

/// Returns the login that an approved action has begun.
fn begun(one: &Approval) -> Option<ConnectState> {
    let mine = one.action_type == "connections.connect" && one.status == ApprovalStatus::Executed;
    serde_json::from_value(one.result.clone().filter(|_| mine)?).ok()
}

/// Returns the page of an approval: its title, and what stands there.
pub(super) async fn page(
    desk: &Desk,
    op: GetApproval,
) -> crate::api::error::Result<(String, Markup)> {
    let one = desk.ask(op).await?;
    let market =
        if one.status == ApprovalStatus::Pending { market(desk, &one).await } else { None };
    Ok((clean(&one.title), whole(desk, &one, market.as_ref())))
}

/// Returns the quote of what an approval would trade, as it is now; nothing where it trades nothing, or nobody
/// says.
async fn market(desk: &Desk, one: &Approval) -> Option<Object> {
    desk.ask(quote(one)?).await.ok()?.quotes.into_values().next()
}

/// Returns who decided, and why, in a few words.
pub(super) fn decided(one: &Approval) -> Markup {
    let by = one.resolved_by.as_ref().map(by);
    let why = one.error.as_ref().map(|trouble| clean(&trouble.message));
    let why = one.reason.as_ref().map(|reason| clean(reason)).or(why);
    html! {
        @if by.is_none() && why.is_none() { "–" }
        @if let Some(by) = &by { (by) }
        @if let Some(why) = &why { @if by.is_some() { ": " } q { (why) } }
    }
}

/// Tells whether an error is about what somebody else decided meanwhile, and its page still shows something.
pub(super) fn is_shown_beside(error: &Error) -> bool {
    !matches!(error.code, Code::NotFound | Code::InternalError)
}
