//! Where browsers come back to from logins of an app's users. Public: the `state` says whose login it is, once.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use url::Url;

use super::{Named, app_id, no_app, words};
use crate::callback::Answer;
use crate::server::Site;
use crate::server::callback::{End, brought, connected, ended, go_on, page};
use crate::server::dialect::parts_of;

/// Names that are added to an address, in the place of whatever it has under them.
const NAMES: [&str; 3] = ["status", "toolkit", "message"];

/// Ends a login, and sends the browser on.
///
/// Where nothing says where to, because the state is missing or unknown here, it is shown a page instead. An app that
/// is not there is not made.
pub(super) async fn returned(
    State(site): State<Arc<Site>>,
    named: Named,
    request: Request,
) -> Response {
    let id = app_id(&parts_of(named).next().unwrap_or_default());
    let app = match id.and_then(|id| site.apps.present(&site.engine, &id)) {
        Ok(Some(app)) => app,
        Ok(None) => return words::wrong(no_app().into()),
        Err(error) => return words::wrong(error.into()),
    };
    match ended(&site, &app, brought(&request)).await {
        End::Refused => page(&Answer::Refused),
        End::Done => page(&Answer::Done),
        End::Connected(state) => match &state.callback_url {
            Some(url) => {
                let toolkit = state.toolkit.as_str();
                go_on(&told(url, &[("status", "connected"), ("toolkit", toolkit)]))
            }
            None => connected(&app, &state),
        },
        End::Failed(_, Some(url)) => {
            go_on(&told(&url, &[("status", "error"), ("message", "connection_failed")]))
        }
        End::Failed(error, None) => page(&Answer::Failed(&error.message)),
    }
}

/// Returns an address that says how a login ended, beside whatever else its query and its fragment say.
pub(super) fn told(url: &Url, pairs: &[(&str, &str)]) -> Url {
    let mut told = url.clone();
    let before = url.query_pairs().filter(|(name, _)| !NAMES.contains(&&**name));
    told.query_pairs_mut().clear().extend_pairs(before).extend_pairs(pairs);
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_what_it_says_but_for_how_a_login_ended() {
        let url = "https://a.example/x?y=1&status=old&toolkit=old&message=m&y=%26#part";
        let pairs = [("status", "connected"), ("toolkit", "gmail")];

        let told = told(&url.parse().unwrap(), &pairs);

        let wanted = "https://a.example/x?y=1&y=%26&status=connected&toolkit=gmail#part";
        assert_eq!(told.as_str(), wanted);
    }
}
