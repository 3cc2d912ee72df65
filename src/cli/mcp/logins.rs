//! Logins that a session has begun: their browsers come back here, while the session goes on.

use std::sync::Arc;

use serde_json::Value;

use crate::api::action::Outcome;
use crate::api::connections::Finish;
use crate::api::error::Result;
use crate::api::ids::UserRef;
use crate::backend::Backend;
use crate::callback::{Answer, onward};
use crate::cli::loopback::{Arrival, Listener};
use crate::engine::{Call, Caller, Engine, FLOW_LIFE};

/// Tells whether a reply holds a link that a person is still to open.
pub(super) fn goes_on(reply: &Value) -> bool {
    ["redirectUrl", "authorize_url"].iter().any(|link| reply[*link].is_string())
}

/// Waits for the browser of one login, for as long as its link counts.
pub(super) async fn wait(backend: Arc<Backend>, mut listener: Listener) {
    let Ok(engine) = backend.engine() else { return };
    let login = async {
        while let Some(arrival) = listener.arrival().await {
            if has_ended(engine, arrival).await {
                break;
            }
        }
    };
    // A link that nobody opened in time counts no more; the mirror says so.
    let _ = tokio::time::timeout(FLOW_LIFE, login).await;
    listener.dismiss();
}

/// Ends the login, if the callback is one of a login of ours, and tells the browser.
async fn has_ended(engine: &Engine, arrival: Arrival) -> bool {
    let call = Call::by(Caller::System, UserRef::own());
    let ended = engine.call(&call, arrival.finish.clone().into()).await;
    let ended: Result<_> = ended.and_then(Outcome::typed::<Finish>);
    match ended {
        Ok(Outcome::Done(state)) => {
            if let Some(url) = onward(&state) {
                arrival.go_on(&url);
            } else {
                let name = engine.app_name(&state.toolkit);
                arrival.answer(&Answer::Connected(&name, state.account.as_deref()));
            }
            true
        }
        Ok(Outcome::Pending(_)) => false,
        Err(error) => match error.reason.as_deref() {
            Some("state_unknown") => {
                arrival.answer(&Answer::Refused);
                false
            }
            Some("state_used") => {
                arrival.answer(&Answer::Done);
                true
            }
            _ => {
                arrival.answer(&Answer::Failed(&error.message));
                true
            }
        },
    }
}
