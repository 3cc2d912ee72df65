//! How a process of its own tells of approvals: three tries at the address, one run of the program.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::Engine;
use super::notify::{GLANCE, News};
use crate::api::action::written;
use crate::api::approvals::Actor;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::fresh;
use crate::api::time::Millis;
use crate::http::{Request, Trust};
use crate::store::Entry;

/// How long one try at the address may take.
const TRY: Duration = Duration::from_secs(5);
/// How long to wait before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];
/// How long the program may take.
const RUN: Duration = Duration::from_secs(10);
/// How long all that there is to tell may take.
const ALL: Duration = Duration::from_secs(30);

impl Engine {
    /// Tells what another process of ours hands over as JSON; returns who did not hear of it, and why.
    ///
    /// The log says so too.
    pub(crate) async fn tell(&self, text: &str) -> Result<Vec<String>> {
        let news: Vec<News> = serde_json::from_str(text)
            .map_err(|error| Error::usage("what is to be told has another form").because(error))?;
        let late = || Error::new(Code::ProviderError, "it took more than half a minute");
        let (address, programs) = (self.notify_address(&news), self.notify_programs(&news));
        let (posted, ran) =
            tokio::join!(tokio::time::timeout(ALL, address), tokio::time::timeout(ALL, programs),);
        let mut said = Vec::new();
        for (key, told) in [("approvals.notify_url", posted), ("approvals.notify_command", ran)] {
            if let Err(error) = told.unwrap_or_else(|_| Err(late())) {
                if let Err(error) = self.store.log(&failed(key, &error)) {
                    said.push(format!("The log could not be written: {error}."));
                }
                said.push(format!("`{key}` did not hear of it: {error}."));
            }
        }
        Ok(said)
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
                .header("x-naive-event", &one.event)?
                .signed("x-naive-signature", "sha256=", &secret)?;
            self.post(&request).await?;
        }
        Ok(())
    }

    /// Posts one, up to three times unless the address says no.
    async fn post(&self, request: &Request) -> Result<()> {
        let mut pauses = PAUSES.iter();
        loop {
            let answer = self.posted(request, TRY).await;
            let Some(error) = answer.error else { return Ok(()) };
            match pauses.next().filter(|_| answer.again) {
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
}

/// Returns what the log says of a notification that nobody took.
fn failed(key: &str, error: &Error) -> Entry {
    let system = || "system".to_owned();
    Entry {
        id: fresh().to_string(),
        at: Millis::now(),
        actor: Actor { actor_type: system(), actor_id: system(), name: None },
        user: None,
        action: "notify.failed",
        entity_type: Some("setting"),
        target: Some(key.to_owned()),
        outcome: error.code.to_string(),
        took: 0,
        approval_id: None,
        used: None,
    }
}
