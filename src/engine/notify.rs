//! Telling the operator of approvals elsewhere: at an address, and through a program.
//!
//! What moves is told once the reply is out, by a process of its own, so that neither an action nor whoever
//! asked for it waits for an address that is slow. How that process tells is in `telling`.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::Engine;
use crate::api::action::written;
use crate::api::approvals::Approval;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::fresh;
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::api::webhooks::EventType;

/// How long whoever moved an approval waits to hear whether that could be told.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long to wait before looking again whether a process has ended.
pub(super) const GLANCE: Duration = Duration::from_millis(20);
/// Owner under which the secret of the signatures is sealed.
const OWNER: &str = "notify";

/// Who hears of approvals beside those who look.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notify {
    /// Address that is posted to
    pub(crate) url: Option<Url>,
    /// Program and its arguments; none is run where it is empty
    pub(crate) command: Vec<String>,
    /// Where the program and what it runs are found
    pub(crate) path: Option<String>,
    /// Profile whose store this is
    pub(crate) profile: &'static str,
}

/// What is told: the same to the address and to the program.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct News {
    pub(super) event: String,
    pub(super) data: Value,
    pub(super) ts: Millis,
}

impl Notify {
    /// Tells whether there is nobody to tell.
    pub(crate) fn is_empty(&self) -> bool {
        self.url.is_none() && self.command.is_empty()
    }
}

impl Engine {
    /// Returns the same workspace, which tells of its approvals.
    pub(crate) fn notifying(self, notify: Notify) -> Self {
        Self { notify, ..self }
    }

    /// Tells whether approvals have moved since others were told last.
    pub(crate) fn has_news(&self) -> bool {
        self.store.has_moves()
    }

    /// Has told what has moved since the last time; returns what people should know of that.
    ///
    /// Waits two seconds at most. What takes longer goes on without this process, and its failure is logged.
    pub(crate) async fn announce(&self) -> Vec<String> {
        let moved = self.store.take_moved();
        if self.notify.is_empty() || moved.is_empty() {
            return Vec::new();
        }
        let mut said = Vec::new();
        let mut news = Vec::new();
        for row in &moved {
            match self.shown(row) {
                Ok(one) => news.push(news_of(&one)),
                Err(error) => said.push(format!("Nobody else is told of `{}`: {error}.", row.id)),
            }
        }
        match handed_over(self.notify.profile, &news) {
            Ok(child) => said.extend(ended(child).await),
            Err(error) => said.push(format!("Nobody else is told of it: {error}.")),
        }
        said
    }

    /// Returns the secret by which an address knows that we tell it; the first time, and if `anew`, it is
    /// made.
    pub(crate) fn notify_secret(&self, anew: bool) -> Result<SecretString> {
        let present = self.store.sealed(OWNER)?;
        if let Some(sealed) = present.as_ref().filter(|_| !anew) {
            return self.signing_secret(sealed);
        }
        let made = format!("{}{}", fresh().simple(), fresh().simple());
        let secrets = Secrets([(OWNER.to_owned(), SecretString::from(made))].into());
        let ours = self.sealing(OWNER, &secrets, |sealed| match &present {
            Some(before) => self.store.replace_sealed(OWNER, before, sealed),
            None => self.store.put_first_sealed(OWNER, sealed),
        })?;
        if anew && !ours {
            let text = "another process has changed the secret meanwhile";
            return Err(Error::new(Code::InvalidInput, text).hint("run the command again"));
        }
        // Another process may have been faster; what lies there counts.
        let sealed = self.store.sealed(OWNER)?.unwrap_or_default();
        self.signing_secret(&sealed)
    }

    fn signing_secret(&self, sealed: &[u8]) -> Result<SecretString> {
        let secret = self.opening(OWNER, sealed)?.0.remove(OWNER);
        secret.ok_or_else(|| Error::new(Code::InternalError, "the secret of notifications is gone"))
    }
}

/// Starts a process that tells `news`, and outlives this one if it has to.
fn handed_over(profile: &str, news: &[News]) -> Result<Child> {
    let failed = |error| Error::internal("the process that tells cannot be started", error);
    let text = written(&news)?.to_string();
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command
        .args(["--profile", profile, "approvals", "notify"])
        // It tells as the operator does, whoever has moved what it tells.
        .env_remove("NAIVE_API_KEY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // If it cannot read, its end says so.
        thread::spawn(move || stdin.write_all(text.as_bytes()));
    }
    Ok(child)
}

/// Returns what the process that tells has to say, if it ends in time.
async fn ended(mut child: Child) -> Vec<String> {
    let ended = async {
        loop {
            match child.try_wait() {
                Ok(None) => tokio::time::sleep(GLANCE).await,
                ended => return ended,
            }
        }
    };
    let Ok(ended) = tokio::time::timeout(PATIENCE, ended).await else {
        let text = "Who else hears of this is slow, and is told in the background: `naive logs all --action notify.failed` shows whether that fails.";
        return vec![text.to_owned()];
    };
    if !ended.ok().flatten().is_some_and(|status: ExitStatus| status.success()) {
        return vec!["Nobody else is told of it: the process that tells has failed.".to_owned()];
    }
    let mut said = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        // It has ended well: what cannot be read is nothing that went wrong there.
        let _ = stdout.read_to_string(&mut said);
    }
    said.lines().map(str::to_owned).collect()
}

/// Returns what is told of an approval as it stands now.
fn news_of(one: &Approval) -> News {
    let event = EventType::of_approval(one.status).unwrap_or(EventType::ApprovalResolved);
    News { event: event.as_str().to_owned(), data: summary(one), ts: one.updated_at }
}

/// Returns what is told of an approval: nothing of what it was called with but its title.
pub(super) fn summary(one: &Approval) -> Value {
    json!({
        "id": one.id,
        "action_type": one.action_type,
        "primitive": one.primitive,
        "title": one.title,
        "status": one.status,
        "environment": one.environment,
        "tenant_user_id": one.tenant_user_id,
        "user": one.user,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "requested_by": one.requested_by,
        "resolved_by": one.resolved_by,
        "resolved_at": one.resolved_at,
        "reason": one.reason,
    })
}
