//! The log: what goes there, asking it, and checking that nobody changed it.

use serde_json::Value;

use super::keys::KEY;
use super::{Engine, Scope, gate};
use crate::api::action::Action;
use crate::api::approvals::{Approve, Cancel, Deny, GetApproval, ResolveApproval};
use crate::api::error::{Code, Error, Result};
use crate::api::kits::{DeleteKit, GetKit, UpdateKit};
use crate::api::log::{LogPage, LogVerified, QueryLog};
use crate::api::routes::{Reach, route};
use crate::api::time::Millis;
use crate::store::{Entry, Wanted};

/// How many entries are answered where nobody says.
const USUAL: u32 = 50;
/// Actions whose every step the store has logged by the time they end well.
const DECISIONS: [&str; 5] = [
    "approvals.approve",
    "approvals.deny",
    "approvals.cancel",
    "approvals.resolve",
    "approvals.reconcile",
];

impl Engine {
    pub(super) fn query_log(&self, scope: &Scope<'_>, op: &QueryLog) -> Result<LogPage> {
        let named = op.user.as_ref().map(|user| self.user(user)).transpose()?;
        let seal = scope.call.caller.seal();
        if let (Some(seal), Some(user)) = (seal, &named)
            && seal != user.id
        {
            return Err(gate::other_subject());
        }
        let events = self.store.events(&Wanted {
            user: seal.or(named.as_ref().map(|user| user.id.as_str())),
            action: op.action.as_deref(),
            after: op.after,
            after_seq: op.after_seq,
            limit: op.limit.unwrap_or(USUAL).clamp(1, 200),
        })?;
        Ok(LogPage { events })
    }

    /// Checks the log, and the frozen actions that it tells of.
    ///
    /// Fails with `Forbidden` for a key that is sealed to a user: the log is everybody's.
    pub(super) fn verify_log(&self, scope: &Scope<'_>) -> Result<LogVerified> {
        if scope.call.caller.seal().is_some() {
            let text = "a key that is sealed to a user does not check the log of all";
            return Err(Error::new(Code::Forbidden, text)
                .hint("ask the operator to run `naive logs verify`")
                .reason("key_subject_mismatch"));
        }
        let mut verified = self.store.check_log()?;
        verified.faults.extend(self.altered_approvals()?);
        verified.intact = verified.faults.is_empty();
        Ok(verified)
    }

    /// Logs the end of a call that was performed.
    pub(super) fn log_end(&self, scope: &Scope<'_>, subject: Subject, result: &Result<Value>) {
        if route(subject.action).reach == Reach::Read || !worth_logging(subject.action, result) {
            return;
        }
        let ended = result.as_ref().map_or_else(|error| error.code.to_string(), outcome);
        self.write_entry(scope, subject, ended);
    }

    /// Logs what the gate has refused, unless nobody knows who asked: anyone could fill the log.
    pub(super) fn log_refusal(&self, scope: &Scope<'_>, action: &Action, error: &Error) {
        if error.code != Code::Unauthorized {
            self.write_entry(scope, Subject::of(action), error.code.to_string());
        }
    }

    fn write_entry(&self, scope: &Scope<'_>, subject: Subject, outcome: String) {
        let (found_user, found_toolkit) = scope.found.get().cloned().unzip();
        let target = subject.target.or(found_toolkit);
        let took = scope.began.age(Millis::now()).as_millis();
        let entry = Entry {
            id: scope.log_id.clone(),
            at: Millis::now(),
            actor: scope.call.caller.actor(),
            user: scope.user.as_ref().map(|user| user.id.clone()).or(found_user),
            action: subject.action,
            entity_type: entity_type(subject.action, target.as_deref()),
            target,
            outcome,
            took: i64::try_from(took).unwrap_or(i64::MAX),
            approval_id: None,
            used: scope.used.get().cloned(),
        };
        if let Err(error) = self.store.log(&entry) {
            self.note(format!("The log could not be written: {error}."));
        }
    }
}

/// What the log says of an action, whatever becomes of it.
#[derive(Debug)]
pub(super) struct Subject {
    action: &'static str,
    target: Option<String>,
}

impl Subject {
    /// Returns what the log says of an action.
    pub(super) fn of(action: &Action) -> Self {
        Self { action: action.name(), target: target(action) }
    }
}

/// Tells whether the end of a call goes to the log: a callback with a state that is not ours would let
/// anyone who can reach the listener fill it, and so would questions whether a code was entered.
fn worth_logging(name: &str, result: &Result<Value>) -> bool {
    match result {
        // Decisions are logged where they are made, in one transaction with what they decide.
        Ok(_) if DECISIONS.contains(&name) => false,
        Ok(reply) => name != "connections.poll" || reply["status"] != "INITIATED",
        Err(error) => error.reason.as_deref() != Some("state_unknown"),
    }
}

/// Returns the log's word for a reply: a tool call that the app refused was not `done`.
pub(super) fn outcome(reply: &Value) -> String {
    let refused = reply.get("successful") == Some(&Value::Bool(false));
    let code = reply.get("code").and_then(Value::as_str).filter(|_| refused);
    code.unwrap_or("done").to_owned()
}

/// Returns what kind of thing an action's target is.
fn entity_type(action: &str, target: Option<&str>) -> Option<&'static str> {
    let target = target?;
    let (area, _) = action.split_once('.').unwrap_or((action, ""));
    Some(match area {
        _ if action == "account_kits.assign" => "user",
        _ if action == "connections.execute" => "tool",
        "connections" if target.starts_with("ca_") => "connection",
        "toolkits" | "connections" => "toolkit",
        "users" => "user",
        "keys" => "key",
        "account_kits" => "account_kit",
        "approvals" => "approval",
        "cards" => "card",
        "domains" => "domain",
        "formation" => "formation",
        _ => "action",
    })
}

/// Returns what an action is about, as the log names it.
fn target(action: &Action) -> Option<String> {
    match action {
        Action::CreateUser(_)
        | Action::ListUsers(_)
        | Action::ListToolkits(_)
        | Action::ListConnections(_)
        | Action::Connected(_)
        | Action::Finish(_)
        | Action::ImportConnection(_)
        | Action::GetWorkspace(_)
        | Action::UpdateWorkspace(_)
        | Action::ListKeys(_)
        | Action::ListKits(_)
        | Action::ListActions(_)
        | Action::CreateCard(_)
        | Action::CreateCardholder(_)
        | Action::StartVerification(_)
        | Action::CreateFormation(_)
        | Action::ListApprovals(_)
        | Action::RequestApproval(_)
        | Action::QueryLog(_)
        | Action::VerifyLog(_) => None,
        Action::GetUser(op) => Some(op.user.to_string()),
        Action::UpdateUser(op) => Some(op.user.to_string()),
        Action::DeleteUser(op) => Some(op.user.to_string()),
        Action::AddToolkit(op) => op.slug(),
        Action::GetToolkit(op) => Some(op.toolkit.to_string()),
        Action::RemoveToolkit(op) => Some(op.toolkit.to_string()),
        Action::ConfigureToolkit(op) => Some(op.toolkit.to_string()),
        Action::EnableToolkit(op) => Some(op.toolkit.to_string()),
        Action::DisableToolkit(op) => Some(op.toolkit.to_string()),
        Action::Connect(op) => Some(op.toolkit.to_string()),
        Action::Poll(op) => Some(op.connection.to_string()),
        Action::Credentials(op) => Some(op.connection.to_string()),
        Action::ExportConnection(op) => Some(op.connection.to_string()),
        Action::ListTools(op) => Some(op.toolkit.to_string()),
        Action::Execute(op) => Some(op.tool.to_string()),
        Action::GetConnection(op) => Some(op.connection.to_string()),
        Action::RefreshConnection(op) => Some(op.connection.to_string()),
        Action::DefaultAccount(op) => Some(op.toolkit.to_string()),
        Action::Disconnect(op) => Some(op.toolkit.to_string()),
        // Somebody may have given the key itself.
        Action::RevokeKey(op) => Some(op.key.clone()).filter(|key| key.starts_with(KEY)),
        Action::AssignKit(op) => Some(op.user.to_string()),
        Action::CreateKit(op) => Some(op.name.to_string()),
        Action::CreateKey(op) => Some(op.name.to_string()),
        Action::ConfigureAction(op) => Some(op.action.clone()),
        Action::PurchaseDomain(op) => Some(op.domain.clone()),
        Action::TopUpCard(op) => Some(op.card_id.clone()),
        Action::SubmitFormation(op) => Some(op.formation_id.clone()),
        Action::Explain(op) => Some(op.action.clone()),
        Action::GetKit(GetKit { kit })
        | Action::UpdateKit(UpdateKit { kit, .. })
        | Action::DeleteKit(DeleteKit { kit }) => Some(kit.clone()),
        Action::GetApproval(GetApproval { approval })
        | Action::Approve(Approve { approval })
        | Action::Deny(Deny { approval, .. })
        | Action::Cancel(Cancel { approval })
        | Action::ResolveApproval(ResolveApproval { approval, .. }) => Some(approval.to_string()),
        Action::Reconcile(op) => op.approval.as_ref().map(ToString::to_string),
    }
}
