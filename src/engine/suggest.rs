//! What is suggested to whom: a program is never told to do what only the operator may.

use super::{Call, Caller, Engine, gate};
use crate::api::action::Action;
use crate::api::error::{Error, Result};
use crate::api::samples::sample;
use gate::Verdict;

/// Commands that are the operator's and no actions.
const THEIRS: [&str; 7] =
    ["vault", "backup", "restore", "use", "config", "dashboard", "approvals review"];

/// Returns a hint as a caller can follow it: what is the operator's to do, the operator is asked to do.
pub(crate) fn suggested(caller: &Caller, hint: String) -> String {
    let theirs = hint.split("`naive ").skip(1).any(|command| !may_run(caller, command));
    if !theirs || hint.starts_with("ask the operator") {
        return hint;
    }
    match hint.strip_prefix("run ") {
        Some(rest) => format!("ask the operator to run {rest}"),
        None => format!("ask the operator to see to it: {hint}"),
    }
}

/// Tells whether a command is one that a caller may run, as far as its words before any argument tell.
pub(crate) fn may_run(caller: &Caller, command: &str) -> bool {
    if caller == &Caller::Human {
        return true;
    }
    let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let words: Vec<_> = command.split([' ', '`']).take_while(is_word).take(2).collect();
    let command = words.join(" ");
    if words.first().is_some_and(|word| THEIRS.contains(word)) || THEIRS.contains(&&*command) {
        return false;
    }
    let action = sample(&words.join(".").replace('-', "_")).ok().flatten();
    action.is_none_or(|action| gate::may(caller, &action))
}

impl Engine {
    /// Returns an error with its hint as the caller can follow it.
    pub(super) fn followable(call: &Call, mut error: Error) -> Error {
        error.hint = error.hint.map(|hint| suggested(&call.caller, hint));
        error
    }

    /// Fails as the action would if the gate refuses it; does nothing, and logs nothing.
    pub(crate) fn check(&self, call: &Call, action: impl Into<Action>) -> Result<()> {
        match self.judge(call, None, &action.into())?.verdict {
            Verdict::Refuse(error) => Err(Self::followable(call, error)),
            Verdict::Perform | Verdict::Hold => Ok(()),
        }
    }
}
