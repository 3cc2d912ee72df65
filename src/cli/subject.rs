//! For whom a command acts: who said so, and users that come into being by being named.

use super::output::note;
use super::{App, OTHER_USER, USER_UNKNOWN};
use crate::api::action::Action;
use crate::api::connections::Connected;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{UserRef, flag};
use crate::api::workspace::{CreateUser, GetUser, User};
use crate::engine::{Call, Caller};
use crate::settings::{Profile, UserSource};

impl App<'_> {
    /// Returns the user of a name, who comes into being in the sandbox if a person names them.
    pub(crate) async fn user_named(&self, name: UserRef) -> Result<User> {
        let look = Connected { user: Some(name.clone()), all: false };
        self.done(self.as_caller(), look).await?;
        self.done(self.as_caller(), GetUser { user: name }).await
    }

    /// Tells who named a user that nobody knows, where the command itself did not.
    pub(super) fn who_said_so(&self, error: Error, action: &Action) -> Error {
        let mut action = action.clone();
        let unsaid = action.subject().is_some_and(|user| user.is_none());
        let reason = error.reason.as_deref();
        if !unsaid || !matches!(reason, Some(USER_UNKNOWN | OTHER_USER)) {
            return error;
        }
        match self.user_source() {
            UserSource::Environment => error.hint("unset `NAIVE_ACTIVE_USER_ID`, which names it"),
            UserSource::Config if self.caller != Caller::Human => {
                error.hint("name a user with `--user`: this one was chosen with `naive use`")
            }
            UserSource::Config => {
                error.hint("run `naive use --clear`: this user was chosen with `naive use`")
            }
            UserSource::Default | UserSource::Key => error,
        }
    }

    pub(super) fn may_create(&self, call: &Call, error: &Error) -> bool {
        self.settings.profile == Profile::Sandbox
            && call.caller == Caller::Human
            && error.reason.as_deref() == Some(USER_UNKNOWN)
    }

    pub(super) async fn create_user(&self, call: &Call, name: UserRef) -> Result<()> {
        let text = format!("User `{name}` is new here; the sandbox has created it.");
        let op =
            CreateUser { external_id: Some(name), email: None, label: None, account_kit_id: None };
        match self.backend.call(call, op.into()).await {
            Ok(_) => note(&text),
            // Another process was faster.
            Err(error) if error.code == Code::DuplicateRecord => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Returns for whom a command acts that does not say.
    pub(crate) fn user(&self) -> UserRef {
        match self.user_source() {
            UserSource::Key => UserRef::own(),
            UserSource::Environment | UserSource::Config | UserSource::Default => {
                self.settings.user.clone()
            }
        }
    }

    /// Returns who said for whom a command acts that does not say.
    ///
    /// `naive use` is the operator's choice, not that of a key that acts for one user alone.
    pub(crate) fn user_source(&self) -> UserSource {
        match self.settings.user_source {
            UserSource::Config | UserSource::Default if self.caller.seal().is_some() => {
                UserSource::Key
            }
            source => source,
        }
    }

    /// Returns the flag that repeats the user for whom a command acts, for the commands we suggest.
    pub(crate) fn user_flag(&self, named: Option<&UserRef>) -> String {
        let user = named.cloned().unwrap_or_else(|| self.user());
        if user.is_default() { String::new() } else { flag("user", user.as_str()) }
    }
}

/// Returns the user that an action names, or leaves to its caller.
pub(super) fn for_whom(action: &mut Action, call: &Call) -> Option<UserRef> {
    if let Action::CreateKey(op) = action {
        return op.user.clone();
    }
    if let Action::CreateWebhook(op) = action {
        return op.user.clone();
    }
    if let Action::Explain(_) = action {
        // Who only asks what would be makes nobody.
        return None;
    }
    action.subject().map(|user| user.clone().unwrap_or(call.user.clone()))
}
