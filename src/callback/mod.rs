//! What a browser brings back from a login, and what it is shown: the same on the command line's listener
//! and on the server. It judges form alone; whose login a callback ends is decided by the engine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::api::connections::{ConnectState, Finish};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::Slug;

/// Path of the callback, as it is registered with apps.
pub(crate) const PATH: &str = "/oauth/callback";
/// The one page, with holes for its words.
const PAGE: &str = include_str!("page.html");

/// What the browser is shown.
#[derive(Debug)]
pub(crate) enum Answer<'a> {
    /// The login succeeded: the app's name, and whose account it is
    Connected(&'a str, Option<&'a str>),
    /// It had ended before
    Done,
    /// It ended without success, for this reason
    Failed(&'a str),
    /// This is nothing that anyone here waits for
    Refused,
}

/// A page, ready to be sent.
#[derive(Debug)]
pub(crate) struct Page {
    /// HTTP status
    pub(crate) status: u16,
    /// Headers, its policy among them
    pub(crate) headers: [(&'static str, String); 5],
    /// HTML
    pub(crate) body: String,
}

impl Answer<'_> {
    /// Returns the page that says so; `back` is where the person goes next, as in `the terminal`.
    pub(crate) fn page(&self, back: &str) -> Page {
        let (status, title, words) = self.words(back);
        let body = PAGE
            .replace("{{title}}", &escaped(&title))
            .replace("{{words}}", &escaped(&words))
            .replace("{{tone}}", if status == 200 { "good" } else { "bad" });
        let headers = [
            ("content-type", "text/html; charset=utf-8".to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("referrer-policy", "no-referrer".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            ("content-security-policy", policy()),
        ];
        Page { status, headers, body }
    }

    fn words(&self, back: &str) -> (u16, String, String) {
        match self {
            Self::Connected(app, account) => {
                let whose = account.map(|account| format!(" as {account}")).unwrap_or_default();
                let words = format!(
                    "You are signed in{whose}. You can close this tab and go back to {back}."
                );
                (200, format!("{app} is connected"), words)
            }
            Self::Done => {
                let words = "This login has ended. You can close this tab.".to_owned();
                (200, "Already done".to_owned(), words)
            }
            Self::Failed(reason) => {
                let words = format!("{}. Go back to {back} to see what to do.", sentence(reason));
                (400, "Not connected".to_owned(), words)
            }
            Self::Refused => {
                let words = format!(
                    "Nobody here waits for this login. Go back to {back} and use the link shown there."
                );
                (400, "Nothing here".to_owned(), words)
            }
        }
    }
}

/// Reads a redirect URL that was pasted or handed over.
///
/// Fails with `InvalidInput` if it is none.
pub(crate) fn parse(text: &str) -> Result<Finish> {
    let wrong = || {
        Error::new(Code::InvalidInput, "this is not the address the browser ended at")
            .hint("copy it whole from the address bar: it holds `state=` and `code=`")
    };
    let url = Url::parse(text.trim()).map_err(|_| wrong())?;
    finish(url.query().unwrap_or_default()).ok_or_else(wrong)
}

/// Reads the parameters of a callback, each at most once, with a state and a code or an error.
pub(crate) fn finish(query: &str) -> Option<Finish> {
    let mut finish = Finish::default();
    let mut seen = Vec::new();
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if seen.contains(&key) {
            return None;
        }
        match &*key {
            "state" if value.is_empty() => return None,
            "state" => finish.state = SecretString::from(&*value),
            "code" => finish.code = Some(SecretString::from(&*value)),
            "iss" => finish.iss = Some(value.into_owned()),
            "error" => finish.error = Some(value.into_owned()),
            "error_description" => finish.error_description = Some(value.into_owned()),
            _ => {}
        }
        seen.push(key);
    }
    let ended = finish.code.is_some() != finish.error.is_some();
    (seen.iter().any(|key| key == "state") && ended).then_some(finish)
}

/// Tells whether a browser came to show a page, by its `Sec-Fetch-Dest`; a page that fetches an address did not.
///
/// Browsers name the destination with every request to a place like this one; other clients need not.
pub(crate) fn is_navigation(destination: Option<&str>) -> bool {
    destination.is_none_or(|destination| destination == "document")
}

/// Returns where the user goes on to, if the login named an address.
pub(crate) fn onward(state: &ConnectState) -> Option<Url> {
    let url = state.callback_url.clone()?;
    Some(told(url, state.status.as_str(), &state.toolkit))
}

/// Returns an address with how a login ended added to whatever query and fragment it has.
pub(crate) fn told(mut url: Url, status: &str, toolkit: &Slug) -> Url {
    url.query_pairs_mut().append_pair("status", status).append_pair("toolkit", toolkit.as_str());
    url
}

/// Permits the page's own style and script, by their hashes, and nothing else.
fn policy() -> String {
    let hash = |tag: &str| {
        let inside = PAGE
            .split_once(&format!("<{tag}>"))
            .and_then(|(_, rest)| rest.split_once(&format!("</{tag}>")));
        STANDARD.encode(Sha256::digest(inside.map_or("", |(inside, _)| inside)))
    };
    let (style, script) = (hash("style"), hash("script"));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Returns an error's words as the beginning of a sentence on a page.
fn sentence(text: &str) -> String {
    let mut letters = text.chars().filter(|c| *c != '`');
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_says_each_thing_once() {
        assert!(finish("state=s&code=c&iss=i").is_some());
        assert!(finish("state=s&error=access_denied").is_some());
        for bad in [
            "",
            "code=c",
            "state=&code=c",
            "state=s",
            "state=s&state=s&code=c",
            "state=s&code=c&error=x",
            "state=s&code=a&code=b",
        ] {
            assert!(finish(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_pasted_address_is_read_whole() {
        assert!(parse(" http://127.0.0.1:9/oauth/callback?state=s&code=c\n").is_ok());
        assert!(parse("code").is_err());
    }

    #[test]
    fn an_address_keeps_its_query_and_its_fragment() {
        let gmail = "gmail".parse().unwrap();
        let onward = |text: &str| told(Url::parse(text).unwrap(), "ACTIVE", &gmail).to_string();

        assert_eq!(
            onward("https://a.example/x?y=1&status=old#part"),
            "https://a.example/x?y=1&status=old&status=ACTIVE&toolkit=gmail#part"
        );
        assert_eq!(onward("https://a.example"), "https://a.example/?status=ACTIVE&toolkit=gmail");
    }

    #[test]
    fn what_others_say_stays_text_on_the_page() {
        let page = Answer::Failed("`x` said <script>alert(1)</script>").page("the terminal");

        assert!(page.body.contains("X said &lt;script&gt;alert(1)&lt;/script&gt;. Go back"));
        assert_eq!(page.status, 400);
    }
}
