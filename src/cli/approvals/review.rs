//! `approvals review`: the queue before a person, one card at a time.
//!
//! What is typed is read in lines, so that the terminal is never in a state that a signal could leave it in,
//! and a letter that slipped decides nothing.

use tokio::sync::mpsc;

use super::card::line;
use super::decide::{approved, denied_for, seen};
use super::inbox;
use super::market;
use super::outcome::{card, failure, since};
use super::queue::{Answer, Queue};
use super::wait::SOON;
use crate::api::approvals::{Approval, ApprovalStatus, GetApproval, Reconcile};
use crate::api::error::{Error, Result};
use crate::cli::App;
use crate::cli::connect::Browser;
use crate::cli::output::note;
use crate::cli::signals::Signals;
use crate::cli::wait::read_lines;

/// What can be answered.
const KEYS: &str = "a approve   d deny, with a reason if you like   s skip   q quit   (then Enter)";

/// One sitting of a person before the queue.
struct Review<'a> {
    app: &'a App<'a>,
    browser: &'a Browser,
    queue: Queue,
    typed: mpsc::UnboundedReceiver<String>,
    signals: Signals,
    decided: usize,
}

/// What comes after a card.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// The next card
    Card,
    /// Nothing
    Quit,
}

/// Shows what waits, oldest first, until all of it was seen or the person quits.
///
/// Fails with `Forbidden` for whoever may decide nothing, with a usage error without a terminal.
pub(super) async fn review(app: &App<'_>, browser: &Browser, plain: bool) -> Result<u8> {
    app.check(Reconcile { approval: None, all: true })?;
    if !app.settings.terminals.person {
        return Err(Error::usage("there is no terminal to review at").hint(
            "run `naive approvals list --status pending`, then `naive approvals approve <id> --yes`",
        ));
    }
    if !plain && inbox::fits(app) {
        return Box::pin(inbox::inbox(app, browser)).await;
    }
    let signals = Signals::listen()?;
    let (lines, typed) = mpsc::unbounded_channel();
    read_lines(lines);
    let queue = Queue::default();
    let mut review = Review { app, browser, queue, typed, signals, decided: 0 };
    review.run().await
}

impl Review<'_> {
    async fn run(&mut self) -> Result<u8> {
        loop {
            self.look().await?;
            let Some(approval) = self.queue.next() else { break };
            let one =
                self.app.done(self.app.as_caller(), GetApproval { approval, user: None }).await?;
            // Somebody else may have decided it since it was listed.
            if one.status == ApprovalStatus::Pending && self.shown(&one).await? == Next::Quit {
                break;
            }
            self.app.announce().await?;
        }
        let left = since(self.app, Some(ApprovalStatus::Pending), Some(0)).await?.len();
        note(&ended(self.decided, left))?;
        Ok(0)
    }

    /// Takes in what has come; returns how much that was.
    async fn look(&mut self) -> Result<usize> {
        let pending = Some(ApprovalStatus::Pending);
        let found = since(self.app, pending, Some(self.queue.newest())).await?;
        Ok(self.queue.arrived(&found))
    }

    /// Shows a card, and does what is answered.
    async fn shown(&mut self, one: &Approval) -> Result<Next> {
        let market = market::now(self.app, one).await;
        let card = card(self.app, one, market.as_ref());
        note(&format!("\n{card}\n\n{}", self.prompt()))?;
        loop {
            let Some(line) = self.answer(one).await? else { return Ok(Next::Quit) };
            match Answer::of(&line) {
                Some(Answer::Quit) => return Ok(Next::Quit),
                Some(Answer::Skip) => return Ok(Next::Card),
                Some(answer) => {
                    self.decide(one, answer).await?;
                    return Ok(Next::Card);
                }
                None => note(KEYS)?,
            }
        }
    }

    /// Waits for a line, and says meanwhile what else comes; nothing once there are no more lines.
    ///
    /// If somebody else decides the one that is shown, what is typed next decides nothing.
    async fn answer(&mut self, one: &Approval) -> Result<Option<String>> {
        let op = GetApproval { approval: one.id.clone(), user: None };
        let mut gone = false;
        loop {
            tokio::select! {
                line = self.typed.recv() => {
                    return Ok(line.map(|line| if gone { "skip".to_owned() } else { line }));
                }
                broken = self.signals.next() => return Err(broken),
                () = tokio::time::sleep(SOON) => {}
            }
            if self.look().await? > 0 {
                note(&self.prompt())?;
            }
            let now = self.app.done(self.app.as_caller(), op.clone()).await?;
            if now.status != ApprovalStatus::Pending && !gone {
                gone = true;
                note(&format!("{}\nThis one is decided. Press Enter to go on.", line(&now)))?;
            }
        }
    }

    /// Approves or denies; what is refused is told, and the queue goes on.
    async fn decide(&mut self, one: &Approval, answer: Answer) -> Result<()> {
        let done = match answer {
            Answer::Approve => self.approve(one).await,
            Answer::Deny(reason) => {
                denied_for(self.app, one, reason).await.and_then(|one| note(&line(&one)))
            }
            Answer::Skip | Answer::Quit => Ok(()),
        };
        match done {
            Err(error) if error.exit() >= 128 => Err(error),
            Err(error) => {
                self.app.output.error("approvals.review", &error);
                Ok(())
            }
            Ok(()) => {
                self.decided += 1;
                Ok(())
            }
        }
    }

    async fn approve(&mut self, one: &Approval) -> Result<()> {
        let approved = approved_aloud(self.app, one, self.browser).await;
        // A login that was waited for has read the terminal meanwhile.
        let (lines, typed) = mpsc::unbounded_channel();
        read_lines(lines);
        self.typed = typed;
        approved
    }

    fn prompt(&self) -> String {
        match self.queue.len() {
            0 => KEYS.to_owned(),
            more => format!("{KEYS}\n{more} more {}.", waits(more)),
        }
    }
}

/// Approves, sees to the login that this may begin, and says what came of it.
pub(super) async fn approved_aloud(app: &App<'_>, one: &Approval, browser: &Browser) -> Result<()> {
    let (now, page) = Box::pin(approved(app, one, seen(one), browser)).await?;
    // What is said of one that failed says why.
    if failure(&now).is_none() {
        note(&line(&now))?;
    }
    app.output.advise(page)
}

/// Says how many were decided, and how many still wait.
pub(super) fn ended(decided: usize, left: usize) -> String {
    match (decided, left) {
        (0, 0) => "Nothing waits for a decision.".to_owned(),
        (0, left) => format!("{left} still {} for a decision.", waits(left)),
        (decided, 0) => format!("{decided} decided. Nothing else waits for a decision."),
        (decided, left) => format!("{decided} decided. {left} still {}.", waits(left)),
    }
}

fn waits(count: usize) -> &'static str {
    if count == 1 { "waits" } else { "wait" }
}
