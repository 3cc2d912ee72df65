//! Commands that wait or ask more than once, for an API elsewhere: it may be newer than this build, say less, or
//! be away for a while, and none of that ends them.

mod connect;
mod trading;
mod wait;

use serde_json::{Value, json};
use url::Url;

use super::output::{Page, note};
use super::{App, browser};
use crate::api::action::Outcome;
use crate::api::error::{Code, Error, Result};
use crate::api::keys::WhoAmI;
use crate::http::{Trust, check};
use crate::remote::{Remote, is_away};

pub(super) use connect::connect;
pub(super) use trading::connect as connect_broker;
pub(super) use wait::wait;

/// Returns what a reply says under a name, if that is a text.
pub(super) fn said<'a>(reply: &'a Value, name: &str) -> Option<&'a str> {
    reply.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// Tells whether an error is one that passes: the API is away, busy, or something before it is in its way.
pub(super) fn passes(error: &Error) -> bool {
    is_away(error)
        || error.code == Code::RateLimited
        || (error.code == Code::ProviderError && error.reason.as_deref() == Some("not_json"))
}

/// What one looks at again and again, also while the API is away.
#[derive(Debug, Default)]
pub(super) struct Look {
    is_away: bool,
}

impl Look {
    /// Returns what was seen; nothing while the API is away, which is said once.
    pub(super) fn of(
        &mut self,
        app: &App<'_>,
        seen: Result<Outcome<Value>>,
    ) -> Result<Option<Value>> {
        match seen {
            Ok(Outcome::Done(value)) => {
                if std::mem::take(&mut self.is_away) {
                    note("The API answers again.")?;
                }
                Ok(Some(value))
            }
            Ok(Outcome::Pending(_)) => Err(Error::new(Code::ProviderError, "the API held a look")),
            Err(error) if passes(&error) => {
                if !std::mem::replace(&mut self.is_away, true) {
                    note(&app.output.told(&format!(
                        "The API cannot be asked: {error}. This goes on waiting."
                    )))?;
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Returns the link that a reply tells to open.
///
/// Fails with `ProviderError` if it is none that may be opened.
fn link(reply: &Value, name: &str) -> Result<Option<Url>> {
    let Some(text) = said(reply, name) else { return Ok(None) };
    let wrong = || Error::new(Code::ProviderError, "the API tells to open an address that is none");
    let url = Url::parse(text).map_err(|error| wrong().because(error))?;
    check(&url, Trust::Operator).map_err(|error| wrong().because(error))?;
    Ok(Some(url))
}

/// Shows a link, and opens it where there is a browser.
fn open(app: &App<'_>, name: &str, link: &Url, no_browser: bool) -> Result<()> {
    let opens = !no_browser && browser::is_there(&app.settings);
    let opened = opens.then(|| browser::open(&app.settings, link));
    match opened {
        Some(Ok(_)) => note(&format!(
            "Opening the browser to connect {name}. If it does not open, use this link:\n\n  {link}\n"
        )),
        Some(Err(error)) => note(&format!(
            "The browser did not open: {error}. Open this link in any browser to connect {name}:\n\n  {link}\n"
        )),
        None => note(&format!("Open this link in any browser to connect {name}:\n\n  {link}\n")),
    }
}

/// The end of a login that nobody brought to its end in time.
fn late() -> Error {
    Error::new(Code::ProviderError, "the login timed out")
        .hint("start again, with a longer `--timeout` if need be")
        .reason("timed_out")
}

/// Shows whom the API knows the caller as, where it is, and where the key comes from.
pub(super) async fn whoami(app: &App<'_>, remote: &Remote) -> Result<u8> {
    let who = match app.call(app.as_caller(), WhoAmI {}.into()).await? {
        Outcome::Done(who) => who,
        Outcome::Pending(pending) => return app.held("whoami", &pending),
    };
    let (_, from) = remote.key()?;
    let text = |name: &str| said(&who, name).map(str::to_owned);
    let user = app.user();
    let mut page = Page::default();
    page.fields(&[
        ("profile", Some(app.settings.profile.as_str().to_owned())),
        ("backend", Some("remote".to_owned())),
        ("API", Some(remote.base().to_owned())),
        ("key", text("agent_name")),
        ("key id", text("agent_id")),
        ("role", text("role")),
        ("key comes from", Some(from.as_str().to_owned())),
        ("sealed to", text("user").or_else(|| text("tenant_user_id"))),
        ("workspace", text("company_name")),
        ("workspace id", text("company_id")),
        ("active user", Some(user.to_string())),
    ]);
    let result = json!({
        "profile": app.settings.profile,
        "backend": "remote",
        "baseUrl": remote.base(),
        "identity": who,
        "keySource": from.as_str(),
        "activeUser": user,
        "activeUserSource": app.user_source(),
    });
    app.output.reply("whoami", result, page)
}
