//! Telling the operator of approvals elsewhere: at an address, and through a program.
//!
//! What happened is remembered here and told once the reply is out, so that it is never in the way of
//! an action; what cannot be told becomes a note.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::{Call, Engine, Scope};
use crate::api::action::{Outcome, written};
use crate::api::approvals::{Approval, ApprovalStatus, GetApproval, ListApprovals, Reconciled};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{ApprovalId, fresh};
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::http::{Request, Trust};

/// How long one try at the address may take.
const TRY: Duration = Duration::from_secs(5);
/// How long to wait before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];
/// How long the program may take.
const RUN: Duration = Duration::from_secs(10);
/// How long to wait before looking again whether the program has ended.
const GLANCE: Duration = Duration::from_millis(20);
/// How long all that there is to tell may take.
const ALL: Duration = Duration::from_secs(30);
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
}

/// What is told: the same to the address and to the program.
#[derive(Debug, Serialize)]
pub(super) struct News {
    event: &'static str,
    data: Value,
    ts: Millis,
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

    /// Remembers what has come or ended since a call began, as far as its answer shows it.
    pub(super) fn hear(
        &self,
        call: &Call,
        (name, about): (&str, Option<ApprovalId>),
        began: Millis,
        answer: &Result<Outcome<Value>>,
    ) -> Result<()> {
        let scope = Scope::of(call);
        let get = |approval| self.get_approval(&scope, &GetApproval { approval });
        let seen = match answer {
            Ok(Outcome::Pending(pending)) => vec![get(pending.approval_id.clone())?],
            Ok(Outcome::Done(_)) if name == "approvals.list" => {
                let expired = Some(ApprovalStatus::Expired);
                let op = ListApprovals { status: expired, user: None, limit: None, cursor: None };
                self.list_approvals(&scope, &op)?.approvals
            }
            Ok(Outcome::Done(reply)) if name == "approvals.reconcile" => {
                let reply = serde_json::from_value::<Reconciled>(reply.clone());
                reply.map(|reply| reply.approvals).unwrap_or_default()
            }
            // Whoever came too late may be the one who noticed that.
            Ok(Outcome::Done(_)) | Err(_) => {
                about.and_then(|id| get(id).ok()).into_iter().collect()
            }
        };
        for one in seen.iter().filter(|one| one.updated_at >= began) {
            if one.created_at >= began && matches!(answer, Ok(Outcome::Pending(_))) {
                self.tell(&Approval { status: ApprovalStatus::Pending, ..one.clone() });
            }
            if name == "approvals.approve" && one.status != ApprovalStatus::Expired {
                self.tell(&Approval { status: ApprovalStatus::Approved, ..one.clone() });
            }
            match one.status {
                ApprovalStatus::Unknown
                | ApprovalStatus::Executed
                | ApprovalStatus::Failed
                | ApprovalStatus::Denied
                | ApprovalStatus::Expired
                | ApprovalStatus::Cancelled => self.tell(one),
                ApprovalStatus::Pending | ApprovalStatus::Approved | ApprovalStatus::Sending => {}
            }
        }
        Ok(())
    }

    /// Remembers to tell how an approval stands now; [`Engine::announce`] does it.
    fn tell(&self, approval: &Approval) {
        let waits = approval.status == ApprovalStatus::Pending;
        let event = if waits { "approval.requested" } else { "approval.resolved" };
        let news = News { event, data: summary(approval), ts: Millis::now() };
        self.news.lock().unwrap_or_else(PoisonError::into_inner).push(news);
    }

    /// Tells what there is to tell since the last time, and waits for that half a minute at most.
    pub(crate) async fn announce(&self) {
        let news = std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner));
        if news.is_empty() {
            return;
        }
        let told = async {
            let (posted, ran) =
                tokio::join!(self.notify_address(&news), self.notify_programs(&news));
            for (key, told) in [("notify_url", posted), ("notify_command", ran)] {
                if let Err(error) = told {
                    self.note(format!("`approvals.{key}` did not hear of it: {error}."));
                }
            }
        };
        if tokio::time::timeout(ALL, told).await.is_err() {
            self.note("Not everything could be told within half a minute.".to_owned());
        }
    }

    /// Posts what there is to tell, in order; where one fails the rest is not tried.
    async fn notify_address(&self, news: &[News]) -> Result<()> {
        let Some(url) = &self.notify.url else { return Ok(()) };
        let secret = self.notify_secret(false)?;
        for one in news {
            let body = serde_json::to_vec(one)
                .map_err(|error| Error::internal("a notification cannot be written", error))?;
            let request = Request::new("POST", url.clone(), Trust::Operator)?
                .body("application/json", body)?
                .header("x-naive-event", one.event)?
                .signed("x-naive-signature", &secret)?;
            self.post(&request).await?;
        }
        Ok(())
    }

    /// Posts one, up to three times unless the address says no.
    async fn post(&self, request: &Request) -> Result<()> {
        let mut pauses = PAUSES.iter();
        loop {
            let (again, error) = match tokio::time::timeout(TRY, self.http.send(request)).await {
                Ok(Ok(answer)) if answer.is_success() => return Ok(()),
                Ok(Ok(answer)) => {
                    let status = answer.status;
                    let text = format!("`{}` answered with status {status}", request.host());
                    let again = matches!(status, 408 | 429 | 500..);
                    (again, Error::new(Code::ProviderError, text))
                }
                Ok(Err(failure)) => (true, failure.error),
                Err(_) => {
                    let text = format!("`{}` did not answer within 5 seconds", request.host());
                    (true, Error::new(Code::ProviderError, text))
                }
            };
            match pauses.next().filter(|_| again) {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => return Err(error),
            }
        }
    }

    /// Runs the program for each thing there is to tell, in order; where it fails the rest is not tried.
    async fn notify_programs(&self, news: &[News]) -> Result<()> {
        for one in news {
            self.notify_program(one).await?;
        }
        Ok(())
    }

    /// Runs the program once, without a shell and without any environment but `PATH`.
    async fn notify_program(&self, news: &News) -> Result<()> {
        let [program, arguments @ ..] = self.notify.command.as_slice() else { return Ok(()) };
        let event = format!("{}\n", written(news)?);
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(self.notify.path.as_ref().map(|path| ("PATH", path)))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| {
            Error::internal(format!("`{program}` cannot be run: {error}"), error)
        })?;
        if let Some(mut stdin) = child.stdin.take() {
            // Whoever does not read what it is told has not failed by that.
            thread::spawn(move || stdin.write_all(event.as_bytes()));
        }
        let ended = async {
            loop {
                match child.try_wait() {
                    Ok(None) => tokio::time::sleep(GLANCE).await,
                    ended => return ended,
                }
            }
        };
        let ended = tokio::time::timeout(RUN, ended).await;
        match ended {
            Ok(Ok(Some(status))) if status.success() => Ok(()),
            Ok(Ok(status)) => {
                let status = status.map(|status| status.to_string()).unwrap_or_default();
                Err(Error::new(Code::ProviderError, format!("`{program}` ended with {status}")))
            }
            Ok(Err(error)) => {
                Err(Error::internal(format!("`{program}` cannot be waited for"), error))
            }
            Err(_) => {
                // It may have ended just now; then there is nothing to kill.
                drop(child.kill());
                drop(child.wait());
                let text = format!("`{program}` took more than 10 seconds and was killed");
                Err(Error::new(Code::ProviderError, text))
            }
        }
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

/// Returns what is told of an approval: nothing of what it was called with but its title.
fn summary(one: &Approval) -> Value {
    json!({
        "id": one.id,
        "action_type": one.action_type,
        "primitive": one.primitive,
        "title": one.title,
        "status": one.status,
        "environment": one.environment,
        "user": one.user,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "requested_by": one.requested_by,
        "resolved_by": one.resolved_by,
        "resolved_at": one.resolved_at,
        "reason": one.reason,
    })
}
