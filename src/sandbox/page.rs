//! The sandbox's few HTML pages: consent, problem, home. Self-contained, without script.
//!
//! Not here: what follows from a click (`oauth`).

use std::fmt::Write as _;

use axum::http::{HeaderName, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::http;
use crate::api::ids;
use crate::catalog::builtin_card;

/// The accounts one can pick without typing: a name and an address.
pub(super) const ACCOUNTS: [(&str, &str); 3] = [
    ("Ada Lovelace", "ada@sandbox.example"),
    ("Grace Hopper", "grace@sandbox.example"),
    ("Alan Turing", "alan@sandbox.example"),
];

const STYLE: &str = include_str!("page.css");

/// What the consent page asks.
pub(super) struct Question<'a> {
    /// The app's slug.
    pub(super) app: &'a str,
    /// The endpoint of the OAuth server that takes the answer.
    pub(super) action: &'a str,
    /// Who asks, by `client_id`.
    pub(super) client: &'a str,
    /// What is asked for.
    pub(super) scopes: &'a [&'a str],
    /// The parameters of the request, sent again with the answer.
    pub(super) hidden: &'a [(&'a str, &'a str)],
    /// The address that is picked at first.
    pub(super) chosen: &'a str,
    /// What was wrong with the last answer.
    pub(super) fault: Option<&'a str>,
    /// The code on the device that asks, where it is not this browser
    pub(super) device: Option<&'a str>,
}

/// Asks a person for consent.
pub(super) fn consent(question: &Question<'_>) -> Response {
    let app = shown(&titled(question.app));
    let device = question
        .device
        .map(|code| format!(" on the device that shows <code>{}</code>", shown(code)));
    let mut body = format!(
        "<h1>Allow access to {app}?</h1>\
         <p class=\"soft\">The client <code>{}</code>{} asks to act for an account of {app}.</p>",
        shown(question.client),
        device.unwrap_or_default()
    );
    body.push_str("<h2>It would be allowed to use</h2><ul>");
    for scope in question.scopes {
        // Writing to a string cannot fail.
        _ = write!(body, "<li>{}</li>", shown(scope));
    }
    if question.scopes.is_empty() {
        body.push_str("<li>nothing in particular</li>");
    }
    // Writing to a string cannot fail.
    _ = write!(body, "</ul><form method=\"post\" action=\"{}\">", escaped(question.action));
    for (name, value) in question.hidden {
        let (name, value) = (escaped(name), escaped(value));
        _ = write!(body, "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
    }
    body.push_str("<fieldset><legend>Account</legend>");
    for (name, address) in ACCOUNTS {
        let checked = if address == question.chosen { " checked" } else { "" };
        _ = write!(
            body,
            "<label class=\"account\"><input type=\"radio\" name=\"account\" value=\"{address}\"{checked}>\
             <span><b>{name}</b><span class=\"soft\">{address}</span></span></label>"
        );
    }
    let listed = ACCOUNTS.iter().any(|(_, address)| *address == question.chosen);
    _ = write!(
        body,
        "<label class=\"other\">Or type another address\
         <input name=\"other\" type=\"email\" autocomplete=\"off\" value=\"{}\" \
         placeholder=\"you@sandbox.example\"></label>",
        if listed { String::new() } else { escaped(question.chosen) }
    );
    if let Some(fault) = question.fault {
        _ = write!(body, "<p class=\"fault\" role=\"alert\">{}</p>", escaped(fault));
    }
    body.push_str(
        "</fieldset><div class=\"choice\">\
         <button class=\"yes\" name=\"decision\" value=\"allow\">Allow</button>\
         <button name=\"decision\" value=\"deny\" formnovalidate>Deny</button></div></form>",
    );
    let status = if question.fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page(status, &format!("Allow access to {app}?"), &body)
}

/// Asks a person for the code that a device shows.
pub(super) fn activation(app: &str, typed: &str, fault: Option<&str>) -> Response {
    let app = shown(&titled(app));
    let mut body = format!(
        "<h1>Connect a device to {app}</h1>\
         <p class=\"soft\">Go on only if you are looking at a device or a program of your own that \
         shows you a code.</p><form method=\"get\" action=\"activate\"><fieldset>\
         <label class=\"other\">The code\
         <input name=\"user_code\" autocomplete=\"off\" autocapitalize=\"characters\" \
         value=\"{}\" placeholder=\"BCDF-GHJK\" required></label>",
        escaped(typed)
    );
    if let Some(fault) = fault {
        // Writing to a string cannot fail.
        _ = write!(body, "<p class=\"fault\" role=\"alert\">{}</p>", escaped(fault));
    }
    body.push_str(
        "</fieldset><div class=\"choice\"><button class=\"yes\">Continue</button></div></form>",
    );
    let status = if fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page(status, &format!("Connect a device to {app}"), &body)
}

/// Says that a device was allowed or denied.
pub(super) fn activated(app: &str, allowed: bool) -> Response {
    let app = shown(&titled(app));
    let (title, text) = if allowed {
        ("The device is connected", format!("It can act for your account of {app} now."))
    } else {
        ("The device was denied", format!("It gets no access to {app}."))
    };
    let body = format!(
        "<h1>{title}</h1><p>{text}</p><p class=\"soft\">You can close this page and go back to it.</p>"
    );
    page(StatusCode::OK, title, &body)
}

/// Says what is wrong with a request that cannot be sent back to anybody.
pub(super) fn problem(status: StatusCode, text: &str) -> Response {
    let body = format!(
        "<h1>This request cannot go on</h1><p>{}.</p>\
         <p class=\"soft\">Nothing was allowed, and nobody was told. You can close this page.</p>",
        shown(&capitalized(text))
    );
    page(status, "This request cannot go on", &body)
}

/// Says what this server is.
pub(super) fn home() -> Response {
    let body = "<h1>The sandbox of naive</h1>\
        <p>This server plays the outside world in miniature: an OAuth server for every app at \
        <code>/{app}/oauth/authorize</code>, and the app's API below <code>/{app}</code>, with the \
        paths it has in the world: <code>/gmail/gmail/v1</code>, <code>/stripe/v1</code>.</p>\
        <p class=\"soft\">What is sent or made here is remembered on this machine and goes nowhere. \
        <code>naive sandbox status</code> counts it, <code>naive sandbox reset</code> forgets it.</p>";
    page(StatusCode::OK, "The sandbox of naive", body)
}

/// Stands in for a page that a person would be sent to, about the thing with this id.
pub(super) fn stand_in(title: &str, id: &str, text: &str) -> Response {
    let body = format!(
        "<h1>{title}</h1><p><code>{}</code></p><p>{text}</p>\
         <p class=\"soft\">The sandbox asks nobody and charges nobody. You can close this page.</p>",
        shown(id)
    );
    page(StatusCode::OK, title, &body)
}

/// Keeps a reply out of caches, and its address out of the next request.
pub(super) fn keep_private(response: &mut Response) {
    http::set(response, header::CACHE_CONTROL, "no-store");
    http::set(response, header::REFERRER_POLICY, "no-referrer");
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} · naive sandbox</title><style>{STYLE}</style></head><body><main>\
         <p class=\"note\"><strong>Sandbox of naive.</strong> No real account is touched here.</p>\
         <div class=\"sheet\">{body}</div></main></body></html>"
    );
    let mut response = http::reply(status, "text/html; charset=utf-8", text);
    // Browsers apply `form-action` to the redirect that follows a form, too, and where that goes
    // is the client's choice.
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self' http: https:; \
         base-uri 'none'; frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(STYLE))
    );
    http::set(&mut response, header::CONTENT_SECURITY_POLICY, &policy);
    http::set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    http::set(&mut response, HeaderName::from_static("x-frame-options"), "DENY");
    keep_private(&mut response);
    response
}

/// Makes a text safe within quoted attributes and between tags.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// Makes a text safe to read: what would be invisible or turn the text around is spelled out.
fn shown(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if ids::hidden(c) {
            // Writing to a string cannot fail.
            _ = write!(plain, "\\u{{{:x}}}", u32::from(c));
        } else {
            plain.push(c);
        }
    }
    escaped(&plain)
}

/// Returns an app's name for people; of one that was added, its slug as words.
fn titled(slug: &str) -> String {
    let toolkit = slug.parse().ok().and_then(|slug| builtin_card(&slug)?.ok());
    if let Some(toolkit) = toolkit {
        return toolkit.name;
    }
    slug.split('-').map(capitalized).collect::<Vec<_>>().join(" ")
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_says_of_itself_is_text() {
        assert_eq!(escaped("<b a=\"'&"), "&lt;b a=&quot;&#39;&amp;");
        assert_eq!(shown("a\u{202e}<"), "a\\u{202e}&lt;");
    }
}
