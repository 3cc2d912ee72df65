//! The table of the gate.

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
        account_kit_id: "kit".into(),
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
        (Caller::Refused(Refusal::Unknown), Some(&active), &export, Some(Code::Unauthorized)),
        (Caller::Refused(Refusal::Unknown), Some(&active), &import, Some(Code::Unauthorized)),
        (Caller::Refused(Refusal::Unknown), Some(&active), &look, Some(Code::Unauthorized)),
        (Caller::Refused(Refusal::Unknown), None, &users, Some(Code::Unauthorized)),
    ];
    for (caller, subject, action, refused) in table {
        let question = Question {
            caller: &caller,
            subject,
            kit: None,
            workspace: None,
            action,
            effect: None,
            requester: None,
        };
        let code = match decide(&question).verdict {
            Verdict::Perform | Verdict::Hold => None,
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
