//! A server that is a program on this machine: started without a shell, spoken to by its pipes, ended with us.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use process_wrap::tokio::CommandWrap;
#[cfg(unix)]
use process_wrap::tokio::ProcessGroup;
use rmcp::RoleClient;
use rmcp::model::{ClientRequest, JsonRpcMessage, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::{TokioChildProcess, Transport};
use secrecy::SecretString;
use tokio::io::AsyncReadExt as _;
use tokio::process::{ChildStderr, Command};
use tokio::sync::watch;

use super::ledger::Trouble;
use super::message::{discovers, wanted};
use crate::api::error::{Code, Error};
use crate::api::ids::clean;
use crate::catalog::openapi::line;
use crate::settings;
use crate::vault::handed;

/// How much is kept of what a program complains, in bytes: the end of it.
const KEPT: usize = 4 * 1024;
/// How long one waits for the last complaints of a program that has ended.
const LAST: Duration = Duration::from_millis(500);

/// A command that is a server.
#[derive(Debug, Clone)]
pub(crate) struct Local {
    /// The program and its arguments, handed over as they are
    pub(crate) argv: Vec<String>,
    /// What its environment holds beside `PATH` and `HOME`
    pub(crate) environment: BTreeMap<String, SecretString>,
}

/// What is known of a program that runs.
#[derive(Debug)]
pub(super) struct Watched {
    /// What it is called
    pub(super) name: String,
    environment: BTreeMap<String, SecretString>,
    complaints: Arc<Mutex<Vec<u8>>>,
    ended: watch::Receiver<bool>,
}

impl Watched {
    /// Returns a text of the program, what we gave it masked.
    pub(super) fn masked(&self, text: &str) -> String {
        handed::masked(text, &self.environment)
    }

    /// Returns the last that it complained, in one line.
    pub(super) async fn last_words(&self) -> Option<String> {
        let mut ended = self.ended.clone();
        // What runs on has no last words yet; then those of until now will do.
        drop(tokio::time::timeout(LAST, ended.wait_for(|ended| *ended)).await);
        let kept = self.complaints.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = String::from_utf8_lossy(&kept);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines[lines.len().saturating_sub(3)..].join("; ");
        line(&self.masked(&last), 300)
    }
}

/// Starts the program.
///
/// Fails with `InvalidInput` if there is no such program, or none that may be run.
pub(super) fn start(local: &Local) -> Result<(Pipe, Watched), Trouble> {
    let [program, arguments @ ..] = local.argv.as_slice() else {
        return Err(Trouble::unsent(Error::new(Code::InvalidInput, "the command is empty")));
    };
    let name =
        Path::new(program).file_name().map_or_else(Default::default, |name| name.to_string_lossy());
    let name: String = clean(&name).chars().take(60).collect();
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(settings::inherited());
    handed::furnish(command.as_std_mut(), &local.environment);
    let mut command = CommandWrap::from(command);
    // What it starts ends with it: `npx` is only the parent of the server.
    #[cfg(unix)]
    command.wrap(ProcessGroup::leader());
    let started = TokioChildProcess::builder(command).stderr(Stdio::piped()).spawn();
    let (child, stderr) = started.map_err(|error| {
        let text = format!("`{name}` cannot be run: {}", error.kind());
        let said = Error::new(Code::InvalidInput, text).because(error).reason("command_failed");
        Trouble::unsent(said.hint("check the command, and that it is in `PATH`"))
    })?;
    let complaints = Arc::default();
    let ended = heard(stderr, Arc::clone(&complaints));
    let environment = local.environment.clone();
    let watched = Watched { name, environment, complaints, ended };
    Ok((Pipe { child, asked: None, stale: None }, watched))
}

/// Reads what a program complains, to its end, and keeps the last of it.
fn heard(stderr: Option<ChildStderr>, kept: Arc<Mutex<Vec<u8>>>) -> watch::Receiver<bool> {
    let (end, ended) = watch::channel(false);
    tokio::spawn(async move {
        let mut chunk = [0; KEPT];
        if let Some(mut stderr) = stderr {
            while let Ok(read @ 1..) = stderr.read(&mut chunk).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&chunk[..read]);
                let old = kept.len().saturating_sub(KEPT);
                kept.drain(..old);
            }
        }
        end.send_replace(true);
    });
    ended
}

/// The pipes of a program.
pub(super) struct Pipe {
    child: TokioChildProcess,
    /// The question of what it is, to which there is no answer yet
    asked: Option<RequestId>,
    /// The same, once it is asked in the older way: an answer to it comes too late
    stale: Option<RequestId>,
}

impl Pipe {
    /// Tells whether a message answers what nobody asks any more: a program may take longer to start than one
    /// waits for an answer to the newer question, and then answers both.
    fn is_stale(&self, message: &RxJsonRpcMessage<RoleClient>) -> bool {
        let id = match message {
            JsonRpcMessage::Response(response) => Some(&response.id),
            JsonRpcMessage::Error(error) => error.id.as_ref(),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
        };
        id.is_some() && id == self.stale.as_ref()
    }
}

impl Transport<RoleClient> for Pipe {
    type Error = std::io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        if discovers(&item) {
            self.asked = wanted(&item).cloned();
        } else if matches!(&item, JsonRpcMessage::Request(one) if matches!(one.request, ClientRequest::InitializeRequest(_)))
        {
            self.stale = self.asked.take();
        }
        self.child.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let message = self.child.receive().await?;
            if !self.is_stale(&message) {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.child.close().await
    }
}
