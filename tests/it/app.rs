//! An app of the operator's own: a manifest in the `local` profile, its OAuth server and its API on a socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::browser::{parameter, redirect_uri};
use crate::support::{Naive, Received, Run, Upstream};

/// The app `acme`, added to a machine of its own.
#[derive(Debug)]
pub(crate) struct App {
    /// The machine
    pub(crate) naive: Naive,
    /// Where the app is
    pub(crate) upstream: Upstream,
}

/// The tools that every kind of the app has.
const TOOLS: &str = r#"
[[tools]]
slug = "ACME_READ"
name = "Read"
description = "Read a thing"
request = "GET /things"
effect = "read"

[[tools]]
slug = "ACME_WRITE"
name = "Write"
description = "Write a thing"
request = "POST /things"
effect = "write"
[tools.input]
type = "object"
[tools.input.properties.text]
type = "string"
description = "Text to send"
"#;

/// `[auth]` of an app with an OAuth server that is found by discovery.
pub(crate) const OAUTH: &str = r#"
type = "oauth2"
issuer = "URL"
client_id = "naive"
scopes = ["all"]
[identity]
request = "GET /me"
account = "/name"
"#;

/// `[auth]` of an app with an API key.
pub(crate) const KEY: &str = r#"
type = "api_key"
fields = [{ key = "api_key", label = "API key" }]
place = { in = "header", name = "x-key", value = "{api_key}" }
"#;

/// A tool whose app honours keys, to be put behind the others of a manifest.
pub(crate) const PAY: &str = r#"
[[tools]]
slug = "ACME_PAY"
name = "Pay"
description = "Pay once"
request = "POST /payments"
effect = "write"
replay = "A"
idempotency_header = "Idempotency-Key"
"#;

/// `[auth]` of an app without a login.
pub(crate) const OPEN: &str = "type = \"none\"\n";

impl App {
    /// Adds the app. What `answer` leaves open is answered as a good server would.
    pub(crate) fn new(
        auth: &str,
        answer: impl Fn(&Received) -> Option<(u16, String)> + Send + Sync + 'static,
    ) -> Self {
        Self::on(Naive::new(), auth, answer)
    }

    /// The same on a machine that is there.
    pub(crate) fn on(
        naive: Naive,
        auth: &str,
        answer: impl Fn(&Received) -> Option<(u16, String)> + Send + Sync + 'static,
    ) -> Self {
        let naive = naive.env("NAIVE_PROFILE", "local");
        let tokens = Arc::new(AtomicUsize::new(0));
        let upstream = Upstream::new(move |request| {
            answer(request).unwrap_or_else(|| usual(request, &tokens))
        });
        let manifest = format!(
            "slug = \"acme\"\nname = \"Acme\"\ndescription = \"An app\"\nbase_url = \"{0}\"\n[auth]\n{1}{TOOLS}",
            upstream.url,
            auth.replace("URL", &upstream.url)
        );
        std::fs::write(naive.home().join("acme.toml"), manifest).unwrap();
        drop(naive.run("toolkits add acme.toml").exits(0));
        Self { naive, upstream }
    }

    /// The app with a key, connected.
    pub(crate) fn keyed(
        answer: impl Fn(&Received) -> Option<(u16, String)> + Send + Sync + 'static,
    ) -> Self {
        let naive = Naive::new().env("NAIVE_CREDENTIAL_API_KEY", "key-of-the-test");
        let app = Self::on(naive, KEY, answer);
        drop(app.naive.run("connections connect acme").exits(0));
        app
    }

    /// Runs a tool of the app.
    pub(crate) fn execute(&self, tool: &str) -> Run {
        self.naive.run(&format!("connections execute acme {tool}"))
    }

    /// Returns the requests to a path.
    pub(crate) fn calls(&self, method: &str, path: &str) -> Vec<Received> {
        let mut all = self.upstream.received();
        all.retain(|one| one.method == method && one.path == path);
        all
    }

    /// Returns the good callback for a link of this app.
    pub(crate) fn callback(&self, link: &str) -> String {
        format!(
            "{}?code=code-of-the-test&state={}&iss={}",
            redirect_uri(link),
            parameter(link, "state").unwrap(),
            self.upstream.url
        )
    }
}

fn usual(request: &Received, tokens: &AtomicUsize) -> (u16, String) {
    let host = format!("http://{}", request.headers["host"]);
    let body = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/.well-known/oauth-authorization-server") => metadata(&host),
        ("POST", "/token") => {
            let number = tokens.fetch_add(1, Ordering::Relaxed);
            json!({
                "access_token": format!("access-{number}-of-the-test"),
                "refresh_token": format!("refresh-{number}-of-the-test"),
                "token_type": "Bearer", "expires_in": 3600,
            })
        }
        ("GET", "/me") => json!({ "name": "ada" }),
        ("GET" | "POST", "/things") => json!({ "done": true }),
        ("POST", "/revoke") => json!({}),
        _ => return (404, "{}".to_owned()),
    };
    (200, body.to_string())
}

/// Returns the metadata of a good server.
pub(crate) fn metadata(host: &str) -> serde_json::Value {
    json!({
        "issuer": host,
        "authorization_endpoint": format!("{host}/authorize"),
        "token_endpoint": format!("{host}/token"),
        "revocation_endpoint": format!("{host}/revoke"),
        "authorization_response_iss_parameter_supported": true,
    })
}
