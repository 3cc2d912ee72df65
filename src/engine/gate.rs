//! The judge: may this caller do this for this user? A pure function, and the only one that answers.

use super::Caller;
use crate::api::action::Action;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::quoted;
use crate::api::workspace::{User, UserStatus};

/// What becomes of a call.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is performed
    Perform,
    /// It is refused, with this error
    Refuse(Error),
}

impl Verdict {
    /// Returns the verdict in one word, for those who only wanted to know.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Perform => "allowed",
            Self::Refuse(_) => "refused",
        }
    }
}

/// Judges an action for the user it concerns, if it concerns one.
pub(crate) fn decide(caller: Caller, subject: Option<&User>, action: &Action) -> Verdict {
    match caller {
        Caller::UnknownKey => return Verdict::Refuse(unknown_key()),
        Caller::Human => {}
    }
    match subject.filter(|_| acts(action)).map(|user| login(Some(user))) {
        Some(Err(error)) => Verdict::Refuse(error),
        Some(Ok(())) | None => Verdict::Perform,
    }
}

/// Fails if the user a login belongs to is suspended: only the login's own state tells whose it is.
pub(crate) fn login(user: Option<&User>) -> Result<()> {
    match user {
        Some(user) if user.status == UserStatus::Suspended => {
            let name = user.handle();
            let command = format!("naive users update {} --status active", quoted(name));
            Err(Error::new(Code::Forbidden, format!("user `{name}` is suspended"))
                .hint(format!("run `{command}`"))
                .reason("user_suspended"))
        }
        Some(_) | None => Ok(()),
    }
}

/// Fails unless the caller is the operator, whose own this machine is: for what is no action, such as
/// its keys and settings.
pub(crate) fn operator(caller: Caller) -> Result<()> {
    match caller {
        Caller::Human => Ok(()),
        Caller::UnknownKey => Err(unknown_key()),
    }
}

fn unknown_key() -> Error {
    Error::new(Code::Unauthorized, "`NAIVE_API_KEY` holds a key this store does not know")
        .hint("unset it to act as yourself, or use `--profile cloud`")
}

/// Tells whether an action does something for its user, rather than look at it or take it away.
fn acts(action: &Action) -> bool {
    match action {
        Action::Connect(_)
        | Action::Finish(_)
        | Action::Poll(_)
        | Action::Credentials(_)
        | Action::ExportConnection(_)
        | Action::ImportConnection(_)
        | Action::Execute(_)
        | Action::RefreshConnection(_) => true,
        Action::CreateUser(_)
        | Action::ListUsers(_)
        | Action::GetUser(_)
        | Action::UpdateUser(_)
        | Action::DeleteUser(_)
        | Action::ListToolkits(_)
        | Action::GetToolkit(_)
        | Action::AddToolkit(_)
        | Action::RemoveToolkit(_)
        | Action::ConfigureToolkit(_)
        | Action::EnableToolkit(_)
        | Action::DisableToolkit(_)
        | Action::ListConnections(_)
        | Action::Connected(_)
        | Action::ListTools(_)
        | Action::GetConnection(_)
        | Action::DefaultAccount(_)
        | Action::Disconnect(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::time::Millis;

    fn user(status: UserStatus) -> User {
        User {
            id: "u".into(),
            external_id: Some("alice".into()),
            email: None,
            label: None,
            status,
            is_default: false,
            created_at: Millis(0),
            last_active_at: None,
        }
    }

    fn action(name: &str, payload: serde_json::Value) -> Action {
        serde_json::from_value(json!({"action_type": name, "payload": payload})).unwrap()
    }

    #[test]
    fn the_verdict_follows_from_caller_user_and_action() {
        let connect = action("connections.connect", json!({"toolkit": "gmail"}));
        let look = action("connections.connected", json!({}));
        let away = action("connections.disconnect", json!({"toolkit": "gmail"}));
        let users = action("users.list", json!({}));
        let id = "ca_0123456789abcdef0123456789abcdef";
        let export = action("connections.export", json!({"connection": id, "to": "k"}));
        let import = action("connections.import", json!({}));
        let poll = action("connections.poll", json!({"connection": id}));
        let (active, suspended) = (user(UserStatus::Active), user(UserStatus::Suspended));
        let table = [
            (Caller::Human, Some(&active), &connect, None),
            (Caller::Human, Some(&suspended), &connect, Some(Code::Forbidden)),
            (Caller::Human, Some(&suspended), &look, None),
            (Caller::Human, Some(&suspended), &away, None),
            (Caller::Human, None, &users, None),
            (Caller::Human, Some(&active), &export, None),
            (Caller::Human, Some(&active), &import, None),
            (Caller::Human, Some(&suspended), &export, Some(Code::Forbidden)),
            (Caller::Human, Some(&suspended), &import, Some(Code::Forbidden)),
            (Caller::Human, Some(&suspended), &poll, Some(Code::Forbidden)),
            (Caller::UnknownKey, Some(&active), &export, Some(Code::Unauthorized)),
            (Caller::UnknownKey, Some(&active), &import, Some(Code::Unauthorized)),
            (Caller::UnknownKey, Some(&active), &look, Some(Code::Unauthorized)),
            (Caller::UnknownKey, None, &users, Some(Code::Unauthorized)),
        ];
        for (caller, subject, action, refused) in table {
            let code = match decide(caller, subject, action) {
                Verdict::Perform => None,
                Verdict::Refuse(error) => Some(error.code),
            };
            assert_eq!(code, refused, "{caller:?} {}", action.name());
        }
    }

    #[test]
    fn a_suspended_user_ends_no_login() {
        assert!(login(Some(&user(UserStatus::Active))).is_ok());
        assert!(login(Some(&user(UserStatus::Suspended))).is_err());
    }
}
