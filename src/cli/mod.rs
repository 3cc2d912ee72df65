//! The command line: argv in, replies out. It translates; no rule of the product lives here.

mod actions;
mod api;
mod approvals;
mod arguments;
pub(crate) mod backup;
mod browser;
mod cached;
mod command;
mod complete;
pub(crate) mod config;
mod connect;
mod connections;
mod credentials;
pub(crate) mod dashboard;
mod deferred;
mod device;
pub(crate) mod doctor;
mod example;
mod execute;
mod explain;
pub(crate) mod generate;
mod handover;
mod import;
mod jq;
mod keys;
mod kit_flags;
mod kits;
mod link;
mod login;
mod logs;
mod loopback;
pub(crate) mod mcp;
pub(crate) mod output;
mod parse;
mod pending;
mod place;
mod proxy;
mod remote;
pub(crate) mod sandbox;
pub(crate) mod serve;
mod servers;
mod sessions;
mod signals;
mod spill;
mod subject;
mod toolkits;
mod tools;
mod trading;
mod usage;
mod users;
mod vault;
mod voice;
mod wait;
mod webhooks;
mod workspace;

use std::cell::RefCell;

use clap::Parser;
use indicatif::ProgressBar;
use serde_json::Value;

use crate::api::action::{Action, Operation, Outcome, typed, written};
use crate::api::approvals::{Approve, PendingApproval};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::IdempotencyKey;
use crate::api::routes::writes;
use crate::api::time::Millis;
use crate::backend::Backend;
use crate::engine::{Call, Caller};
use crate::settings::{Flags, Settings};
use output::{Output, Page, note};
use subject::for_whom;

pub(crate) use command::{Command, Needs};
pub(crate) use complete::complete;
pub(crate) use deferred::Deferred;
pub(crate) use parse::parse;
pub(crate) use usage::usage;

/// Let AI agents act on people's accounts while people stay in charge
#[derive(Debug, Parser)]
#[command(name = "naive", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) flags: Flags,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Exit status of a call that was held for approval.
const HELD: u8 = 8;
/// Reason of the error about a user that is not there.
const USER_UNKNOWN: &str = "user_unknown";
/// Reason of the error about a reply in a form that this build does not know.
const REPLY_UNKNOWN: &str = "reply_unknown";
/// Reason of the error about a user for whom a key does not act.
const OTHER_USER: &str = "key_subject_mismatch";

/// One run of the program on one backend.
#[derive(Debug)]
pub(crate) struct App<'a> {
    /// What it was told
    pub(crate) settings: Settings,
    /// Who runs it
    pub(crate) caller: Caller,
    /// Where actions go
    pub(crate) backend: Backend,
    /// Where answers go
    pub(crate) output: &'a Output,
    /// The caller's key for what the command does, until that is done
    pub(crate) key: RefCell<Option<IdempotencyKey>>,
    /// What turns at a terminal while an app is waited for, until something else is to be shown there
    pub(crate) wheel: RefCell<Option<ProgressBar>>,
}

impl App<'_> {
    /// Runs a command that has a backend, and returns the exit status.
    pub(crate) async fn run(&self, command: Command) -> Result<u8> {
        spill::sweep(&self.settings.dir);
        match command {
            Command::Connections(Deferred(command)) => connections::run(self, command).await,
            Command::Toolkits(Deferred(command)) => toolkits::run(self, command).await,
            Command::Tools(Deferred(command)) => tools::run(self, command).await,
            Command::Trading(Deferred(command)) => Box::pin(trading::run(self, command)).await,
            Command::Actions(Deferred(command)) => actions::run(self, command).await,
            Command::Users(Deferred(command)) => users::run(self, command).await,
            Command::Approvals(Deferred(command)) => Box::pin(approvals::run(self, command)).await,
            Command::Keys(Deferred(command)) => keys::run(self, command).await,
            Command::Sessions(Deferred(command)) => sessions::run(self, command).await,
            Command::Webhooks(Deferred(command)) => Box::pin(webhooks::run(self, command)).await,
            Command::Workspace(Deferred(command)) => workspace::run(self, command).await,
            Command::AccountKits(Deferred(command)) => Box::pin(kits::run(self, command)).await,
            Command::Explain(op) => explain::run(self, op).await,
            Command::Use(command) => users::choose(self, command).await,
            Command::Whoami => users::whoami(self).await,
            Command::Login(op) => login::login(self, op).await,
            Command::Logout => login::logout(self),
            Command::Api(op) => api::run(self, op).await,
            Command::Vault(Deferred(command)) => vault::run(self, command),
            Command::Logs(Deferred(command)) => logs::run(self, command).await,
            Command::Backup(op) => backup::run(self, &op),
            Command::Restore(_)
            | Command::Sandbox(_)
            | Command::Serve(_)
            | Command::Mcp(_)
            | Command::Dashboard(_)
            | Command::Doctor
            | Command::Config(_)
            | Command::Completions(_) => Ok(0),
        }
    }

    /// Performs an operation and shows its reply: a whole command handler.
    pub(crate) async fn show<O: Operation>(
        &self,
        op: O,
        view: impl FnOnce(&O::Reply, &mut Page),
    ) -> Result<u8> {
        let action: Action = op.into();
        let name = action.name();
        match self.call(self.as_caller(), action).await? {
            Outcome::Done(result) => self.present::<O>(name, result, view),
            Outcome::Pending(pending) => self.held(name, &pending),
        }
    }

    /// Shows the reply of an operation that was performed.
    pub(crate) fn present<O: Operation>(
        &self,
        name: &str,
        result: Value,
        view: impl FnOnce(&O::Reply, &mut Page),
    ) -> Result<u8> {
        let mut page = Page::default();
        match typed::<O>(result.clone()) {
            Ok(reply) => view(&reply, &mut page),
            Err(_) if self.backend.remote().is_some() => return self.plain(name, result),
            Err(error) => return Err(error),
        }
        self.output.reply(name, result, page)
    }

    /// Shows the reply of an API elsewhere as it came: one that is newer, or says less, is none the worse for it.
    pub(crate) fn plain(&self, name: &str, result: Value) -> Result<u8> {
        let held = result["status"] == "pending_approval";
        let mut page = Page::default();
        page.json(&result);
        let status = self.output.reply(name, result, page)?;
        Ok(if held { HELD } else { status })
    }

    /// Reads the reply that a command goes on with.
    ///
    /// Fails with `ProviderError` if an API elsewhere answers in a form that this build does not know.
    fn read<O: Operation>(&self, result: Value) -> Result<O::Reply> {
        typed::<O>(result).map_err(|error| match &self.backend {
            Backend::Local(_) => error,
            Backend::Remote(_) => {
                let text = "the API's reply has a form that this `naive` does not know";
                Error::new(Code::ProviderError, text)
                    .hint("see the reply itself with `naive api`, or install a newer `naive`")
                    .reason(REPLY_UNKNOWN)
                    .because(error)
            }
        })
    }

    /// Shows what is told of a call that was held, and returns the exit status.
    pub(crate) fn held(&self, action: &str, pending: &PendingApproval) -> Result<u8> {
        self.held_with(action, pending, Page::default())
    }

    /// Does the same, with more to tell beside it.
    pub(crate) fn held_with(
        &self,
        action: &str,
        pending: &PendingApproval,
        mut page: Page,
    ) -> Result<u8> {
        page.text(format!("{}\n{}", pending.title, pending.message));
        page.fields(&[
            ("approval", Some(pending.approval_id.to_string())),
            ("expires", pending.expires_at.map(Millis::plain)),
        ]);
        let id = &pending.approval_id;
        page.next(format!("naive approvals wait {id}"), "wait for the decision");
        if self.backend.remote().is_some() {
            page.hint(format!("Whoever may decide it runs `naive approvals approve {id}`."));
        } else if self
            .check(Approve { approval: id.clone(), user: None, acknowledge_restored: false })
            .is_ok()
        {
            page.next(format!("naive approvals approve {id}"), "decide it, as the operator");
        } else {
            page.hint(format!("The operator decides it: `naive approvals approve {id}`."));
        }
        self.output.reply(action, written(pending)?, page)?;
        Ok(HELD)
    }

    /// Fails as an action would that the gate refuses to this caller, and does nothing. An API elsewhere judges
    /// when it is asked, and not before.
    pub(crate) fn check(&self, action: impl Into<Action>) -> Result<()> {
        match &self.backend {
            Backend::Local(engine) => engine.check(&self.as_caller(), action),
            Backend::Remote(_) => Ok(()),
        }
    }

    /// Performs an operation whose reply the caller goes on with.
    pub(crate) async fn ask<O: Operation>(&self, call: Call, op: O) -> Result<Outcome<O::Reply>> {
        Ok(match self.call(call, op.into()).await? {
            Outcome::Done(result) => Outcome::Done(self.read::<O>(result)?),
            Outcome::Pending(pending) => Outcome::Pending(pending),
        })
    }

    /// Performs an operation that is never held.
    pub(crate) async fn done<O: Operation>(&self, call: Call, op: O) -> Result<O::Reply> {
        match self.ask(call, op).await? {
            Outcome::Done(reply) => Ok(reply),
            Outcome::Pending(pending) => {
                let text = format!("`{}` was held for approval", pending.action_type);
                Err(Error::new(Code::Forbidden, text)
                    .hint(format!("it waits as approval `{}`", pending.approval_id)))
            }
        }
    }

    /// Performs an action. In the sandbox, a user that a person names comes into being.
    ///
    /// The first that changes something is what the command is for, and has the caller's key.
    async fn call(&self, mut call: Call, action: Action) -> Result<Outcome<Value>> {
        if writes(action.name()) {
            call.idempotency_key = self.key.take();
        }
        let asked = action.clone();
        let run = async |call| self.backend.call(&call, asked).await;
        let first = voice::attended(self, call.clone(), run).await;
        let first = first.map_err(|error| self.who_said_so(error, &action));
        let answer = match first {
            Err(error) if self.may_create(&call, &error) => {
                let mut again = action;
                match for_whom(&mut again, &call) {
                    Some(user) => {
                        match self.create_user(&call, user).await {
                            Ok(()) => self.backend.call(&call, again).await,
                            // The name is none that a new user could have.
                            Err(refused) if refused.code == Code::InvalidInput => Err(error),
                            Err(refused) => Err(refused),
                        }
                    }
                    None => Err(error),
                }
            }
            first => first,
        };
        self.tell_notes()?;
        answer
    }

    /// Tells people what the engine has to say beside its replies.
    pub(crate) fn tell_notes(&self) -> Result<()> {
        let notes = self.backend.take_notes();
        notes.iter().try_for_each(|text| note(&self.output.told(text)))
    }

    /// Tells others what became of approvals here, where somebody asked for that.
    pub(crate) async fn announce(&self) -> Result<()> {
        self.announced().await.iter().try_for_each(|text| note(text))?;
        self.tell_notes()
    }

    /// Does the same, and returns what people are told of it.
    pub(crate) async fn announced(&self) -> Vec<String> {
        let Ok(engine) = self.backend.engine() else { return Vec::new() };
        let said = engine.announce().await;
        // What the operator has set up is nothing to a program with a key.
        let said = if self.caller == Caller::Human { said } else { Vec::new() };
        said.iter().map(|text| self.output.told(text)).collect()
    }

    /// Returns what a call from here carries beside its action.
    pub(crate) fn as_caller(&self) -> Call {
        Call::by(self.caller.clone(), self.user())
    }
}
