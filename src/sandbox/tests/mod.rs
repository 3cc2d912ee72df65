//! The sandbox over HTTP, as a client meets it.

mod agency;
mod calendar;
mod exchange;
mod fail;
mod generic;
mod github;
mod gmail;
mod logins;
mod notion;
mod oauth;
mod server;
mod shipped;
mod slack;
mod stripe;

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;
use url::form_urlencoded::Serializer;

use super::{Options, Sandbox, start};
use crate::api::ids;

const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";
const REDIRECT: &str = "http://127.0.0.1:9/callback?keep=1";
const MODIFY: &str = "https://www.googleapis.com/auth/gmail.modify";

/// A sandbox in a directory of its own.
struct World {
    directory: PathBuf,
    sandbox: Sandbox,
}

/// What a request was answered with.
struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(": ")?;
            own.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// Returns a parameter of the URL that the browser is sent to.
    fn sent_back(&self, name: &str) -> Option<String> {
        let url = Url::parse(self.header("location")?).unwrap();
        url.query_pairs().find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
    }
}

impl World {
    async fn new() -> Self {
        Self::with(false).await
    }

    async fn with(any_bearer: bool) -> Self {
        let directory = std::env::temp_dir().join(format!("naive-sandbox-{}", ids::fresh()));
        std::fs::create_dir(&directory).unwrap();
        let database = directory.join("sandbox.db");
        let sandbox = start(Options { database, port: 0, any_bearer }).await.unwrap();
        Self { directory, sandbox }
    }

    fn database(&self) -> PathBuf {
        self.directory.join("sandbox.db")
    }

    /// Sends a request; the headers are whole lines.
    async fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Reply {
        let all = self.raw(method, path, headers, body).await;
        let (head, body) = all.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Sends a request and returns all that comes until the connection ends, however it ends.
    async fn raw(&self, method: &str, path: &str, headers: &[&str], body: &str) -> String {
        let port = self.sandbox.url().port().unwrap();
        let host = format!("Host: 127.0.0.1:{port}");
        let own = headers.iter().all(|line| !line.starts_with("Host:")).then_some(host.as_str());
        let lines: Vec<_> = own.iter().chain(headers).copied().collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n{}\r\n\r\n{body}",
            body.len(),
            lines.join("\r\n"),
        );
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        // A connection that was broken off keeps what came before.
        drop(stream.read_to_end(&mut all).await);
        String::from_utf8(all).unwrap()
    }

    async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "").await
    }

    async fn form(&self, path: &str, pairs: &[(&str, &str)]) -> Reply {
        let kind = "Content-Type: application/x-www-form-urlencoded";
        self.send("POST", path, &[kind], &encoded(pairs)).await
    }

    /// Lets the sandbox consent by itself and returns the code.
    async fn code(&self, scope: &str, account: &str) -> String {
        self.code_of("gmail", scope, account).await
    }

    async fn code_of(&self, app: &str, scope: &str, account: &str) -> String {
        let query = asked(&[("scope", scope), ("consent", "auto"), ("account", account)]);
        let reply = self.get(&format!("/{app}/oauth/authorize?{query}")).await;
        assert_eq!(reply.status, 303, "{}", reply.body);
        reply.sent_back("code").unwrap()
    }

    async fn redeem(&self, code: &str) -> Reply {
        self.redeem_of("gmail", code).await
    }

    async fn redeem_of(&self, app: &str, code: &str) -> Reply {
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("client_id", "naive"),
            ("code_verifier", VERIFIER),
        ];
        self.form(&format!("/{app}/oauth/token"), &pairs).await
    }

    /// Returns the header that opens `account` at `app`.
    async fn bearer(&self, app: &str, scope: &str, account: &str) -> String {
        let code = self.code_of(app, scope, account).await;
        let json = self.redeem_of(app, &code).await.json();
        format!("Authorization: Bearer {}", json["access_token"].as_str().unwrap())
    }

    /// Returns the access and the refresh token of a fresh consent.
    async fn tokens(&self, scope: &str, account: &str) -> (String, String) {
        let json = self.redeem(&self.code(scope, account).await).await.json();
        let text = |name: &str| json[name].as_str().unwrap().to_owned();
        (text("access_token"), text("refresh_token"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Returns the query of a good authorization request, with these parameters added or replaced; an
/// empty value leaves one out.
fn asked(changes: &[(&str, &str)]) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let mut pairs = vec![
        ("client_id", "naive"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("state", "st&te"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    for change in changes {
        pairs.retain(|(name, _)| *name != change.0);
        pairs.push(*change);
    }
    pairs.retain(|(_, value)| !value.is_empty());
    encoded(&pairs)
}
