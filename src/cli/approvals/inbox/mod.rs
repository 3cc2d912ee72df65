//! `approvals review` on a whole screen: the list, the card, and what the plain review does about it.

mod draw;
mod keys;
mod screen;
mod state;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

use self::keys::{Keys, Typed};
use self::screen::Screen;
use self::state::{Effect, State};
use super::card::line;
use super::decide::{approved, begins_login, denied_for, seen};
use super::market;
use super::outcome::{card_at, since};
use super::review::{approved_aloud, ended};
use crate::api::approvals::{Approval, ApprovalStatus, GetApproval};
use crate::api::error::{Error, Result};
use crate::api::ids::ApprovalId;
use crate::api::trading::account::Object;
use crate::cli::App;
use crate::cli::connect::Browser;
use crate::cli::output::note;
use crate::cli::signals::Signals;
use crate::cli::wait::read_line;
use crate::settings::Kind;

/// How often the list is read.
const OFTEN: Duration = Duration::from_secs(1);
/// How long a card waits for the market.
const QUOTE: Duration = Duration::from_secs(2);

/// Tells whether the terminal can show it, and people read the answer.
pub(super) fn fits(app: &App<'_>) -> bool {
    let terminals = app.settings.terminals;
    let all =
        terminals.person && terminals.stdout && terminals.stderr && terminals.kind == Kind::Screen;
    all && app.output.is_for_people() && screen::is_large_enough()
}

/// One sitting of a person before the inbox.
struct Inbox<'a> {
    app: &'a App<'a>,
    browser: &'a Browser,
    signals: Signals,
    state: State,
    market: Option<(ApprovalId, Option<Object>)>,
}

/// Shows what waits until the person leaves.
pub(super) async fn inbox(app: &App<'_>, browser: &Browser) -> Result<u8> {
    let signals = Signals::listen()?;
    let mut inbox = Inbox { app, browser, signals, state: State::new(), market: None };
    inbox.reload().await?;
    inbox.run().await?;
    app.tell_notes()?;
    let left = since(app, Some(ApprovalStatus::Pending), Some(0)).await?.len();
    note(&ended(inbox.state.decided, left))?;
    Ok(0)
}

impl Inbox<'_> {
    /// Shows and reads, until the person leaves or a signal ends it.
    async fn run(&mut self) -> Result<()> {
        let mut tick = interval(OFTEN);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut keys = Keys::listen();
            let effect = self.shown(&mut keys, &mut tick).await;
            keys.stop().await;
            let Effect::Approve(one) = effect? else { return Ok(()) };
            self.with_terminal(&one).await?;
        }
    }

    /// Returns what cannot be done on this screen: an approval that needs the terminal, or the end.
    async fn shown(&mut self, keys: &mut Keys, tick: &mut tokio::time::Interval) -> Result<Effect> {
        let mut screen = Screen::enter()?;
        loop {
            let panes = screen.panes()?;
            self.look_at_market().await;
            let (columns, lines) = panes.card();
            let card = self.card(columns);
            screen.show(&self.state, &card)?;
            let typed = tokio::select! {
                typed = keys.next() => typed,
                broken = self.signals.next() => return Err(broken),
                _ = tick.tick() => {
                    self.refresh().await;
                    continue;
                }
            };
            let most = card.lines().count().saturating_sub(lines);
            let effect = match typed {
                None => Effect::Quit,
                Some(Typed::Resized) => Effect::None,
                Some(Typed::Pasted(text)) => {
                    self.state.pasted(&text);
                    Effect::None
                }
                Some(Typed::Key(key)) => self.state.key(key, (lines, most)),
            };
            match effect {
                Effect::None => {}
                Effect::Reload => self.refresh().await,
                Effect::Quit => return Ok(Effect::Quit),
                Effect::Approve(one) if begins_login(self.app, &one) => {
                    return Ok(Effect::Approve(one));
                }
                Effect::Approve(one) => {
                    format!("Approving number {} ...", one.seq).clone_into(&mut self.state.message);
                    screen.show(&self.state, &card)?;
                    let done = Box::pin(approved(self.app, &one, seen(&one), self.browser)).await;
                    self.told(&one, done.map(|(now, _)| now)).await?;
                }
                Effect::Deny(one, reason) => {
                    let done = denied_for(self.app, &one, reason).await;
                    self.told(&one, done).await?;
                }
            }
        }
    }

    /// Approves what needs the terminal as the plain review does, and waits until the person has read it.
    async fn with_terminal(&mut self, one: &Approval) -> Result<()> {
        match approved_aloud(self.app, one, self.browser).await {
            Ok(()) => self.state.decided(&one.id),
            Err(error) if error.exit() >= 128 => return Err(error),
            Err(error) => {
                self.app.output.error("approvals.review", &error);
            }
        }
        self.app.announce().await?;
        note("\nPress Enter to go back.")?;
        let (sender, mut typed) = mpsc::unbounded_channel();
        read_line(sender);
        tokio::select! {
            _ = typed.recv() => {}
            broken = self.signals.next() => return Err(broken),
        }
        self.state.message.clear();
        self.refresh().await;
        Ok(())
    }

    /// Says what came of a decision; only what ends the program is an error.
    async fn told(&mut self, one: &Approval, done: Result<Approval>) -> Result<()> {
        let mut said = Vec::new();
        match done {
            Ok(now) => {
                self.state.decided(&one.id);
                said.push(line(&now));
            }
            Err(error) if error.exit() >= 128 => return Err(error),
            Err(error) => said.push(self.words(&error)),
        }
        said.extend(self.app.announced().await);
        said.extend(self.app.backend.take_notes());
        self.state.message = said.join("  ");
        Ok(())
    }

    fn words(&self, error: &Error) -> String {
        let hint = error.hint.as_ref().map(|hint| format!(" ({})", self.app.output.told(hint)));
        format!("error: {}{}", error.message, hint.unwrap_or_default())
    }

    /// Reads the list again; where that fails, what was read before stays.
    async fn refresh(&mut self) {
        if let Err(error) = self.reload().await {
            self.state.message = self.words(&error);
        }
    }

    async fn reload(&mut self) -> Result<()> {
        let pending = since(self.app, Some(ApprovalStatus::Pending), Some(0)).await?;
        for approval in self.state.loaded(pending) {
            let op = GetApproval { approval, user: None };
            let now = self.app.done(self.app.as_caller(), op).await?;
            self.state.message = line(&now);
        }
        Ok(())
    }

    /// Asks for the market of what is selected, once.
    async fn look_at_market(&mut self) {
        let Some(one) = self.state.selected() else { return };
        if self.market.as_ref().is_some_and(|(id, _)| *id == one.id) {
            return;
        }
        let now = timeout(QUOTE, market::now(self.app, one)).await.ok().flatten();
        self.market = Some((one.id.clone(), now));
    }

    fn card(&self, width: usize) -> String {
        let Some(one) = self.state.selected() else { return String::new() };
        let market = self.market.as_ref().and_then(|(_, market)| market.as_ref());
        card_at(self.app, one, market, width)
    }
}
