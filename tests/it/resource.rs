//! Logins to a server that says itself where its tokens come from, as remote MCP servers do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::app::{App, metadata};
use crate::browser::{Login, parameter, visit};
use crate::support::{Naive, Received, Run};

const CONNECT: &str = "connections connect acme";
const DOCUMENT: &str = "https://naive.example/client.json";

/// `[auth]` of a server that is asked for its OAuth server.
pub(crate) const RESOURCE: &str = r#"
type = "oauth2"
resource = "URL/mcp"
[identity]
request = "GET /me"
account = "/name"
"#;

/// Refuses with a challenge.
pub(crate) fn challenged(status: u16, challenge: &str) -> (u16, String) {
    let text = format!(
        "HTTP/1.1 {status} X\r\nwww-authenticate: {challenge}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    (status, text)
}

/// What a good resource says of itself.
pub(crate) fn description(host: &str) -> Value {
    json!({
        "resource": format!("{host}/mcp"),
        "authorization_servers": [host],
        "scopes_supported": ["all", "most"],
    })
}

/// What its OAuth server says.
pub(crate) fn server(host: &str) -> Value {
    let mut told = metadata(host);
    told["registration_endpoint"] = format!("{host}/register").into();
    told["code_challenge_methods_supported"] = json!(["plain", "S256"]);
    told["scopes_supported"] = json!(["basic", "offline_access"]);
    told
}

/// Answers as a good resource and its OAuth server.
pub(crate) fn good(request: &Received) -> Option<(u16, String)> {
    let host = format!("http://{}", request.headers["host"]);
    let at = "/.well-known/oauth-protected-resource/mcp";
    match request.path.as_str() {
        "/mcp" => {
            let challenge = format!("Bearer resource_metadata=\"{host}{at}\", scope=\"basic\"");
            Some(challenged(401, &challenge))
        }
        path if path == at => Some((200, description(&host).to_string())),
        "/.well-known/oauth-authorization-server" => Some((200, server(&host).to_string())),
        "/register" => Some((201, json!({"client_id": "registered"}).to_string())),
        _ => None,
    }
}

/// A resource that answers so; what `answer` leaves open, as a good one does.
pub(crate) fn resource(
    answer: impl Fn(&Received) -> Option<(u16, String)> + Send + Sync + 'static,
) -> App {
    resource_on(Naive::new(), answer)
}

fn resource_on(
    naive: Naive,
    answer: impl Fn(&Received) -> Option<(u16, String)> + Send + Sync + 'static,
) -> App {
    let naive = naive.env("BROWSER", "/bin/true");
    App::on(naive, RESOURCE, move |request| answer(request).or_else(|| good(request)))
}

/// Logs in, and returns the link with how it ended.
pub(crate) fn login(app: &App, more: &str) -> (String, Run) {
    let login = Login::start(&app.naive, &format!("{CONNECT} --port 0 {more}"));
    let link = login.link.clone();
    drop(visit(&app.callback(&link)));
    (link, login.end())
}

fn escaped(text: &str) -> String {
    text.replace(':', "%3A").replace('/', "%2F")
}

/// Tokens that are spent at once.
fn spent(request: &Received) -> Option<(u16, String)> {
    let tokens =
        json!({"access_token": "access", "refresh_token": "refresh-of-the-test", "expires_in": 0});
    (request.path == "/token").then(|| (200, tokens.to_string()))
}

#[test]
fn a_login_asks_the_resource_for_its_server_and_names_it_in_every_request() {
    let app = resource(|_| None);

    let (link, run) = login(&app, "");
    drop(run.exits(0));
    drop(app.execute("ACME_READ").exits(0));

    let name = escaped(&format!("{}/mcp", app.upstream.url));
    assert_eq!(parameter(&link, "resource"), Some(name.as_str()));
    assert_eq!(parameter(&link, "scope"), Some("basic+offline_access"));
    assert_eq!(parameter(&link, "code_challenge_method"), Some("S256"));
    assert_eq!(parameter(&link, "client_id"), Some("registered"));
    let asked = &app.calls("POST", "/mcp")[0];
    assert_eq!(asked.headers["accept"], "application/json, text/event-stream");
    assert!(!asked.headers.contains_key("authorization"));
    let exchanged = &app.calls("POST", "/token")[0].body;
    assert!(exchanged.contains(&format!("resource={name}")), "{exchanged}");
    let wish = &app.calls("POST", "/register")[0].body;
    assert!(wish.contains("\"application_type\":\"native\""), "{wish}");
    assert_eq!(
        app.calls("GET", "/things")[0].headers["authorization"],
        "Bearer access-0-of-the-test"
    );
}

#[test]
fn a_refresh_goes_where_the_tokens_came_from_and_asks_nobody_for_the_way() {
    let app = resource(spent);
    drop(login(&app, "").1.exits(0));
    let asked = app.calls("POST", "/mcp").len();

    drop(app.execute("ACME_READ").exits(0));
    drop(app.execute("ACME_READ").exits(0));
    drop(app.naive.run("connections disconnect acme --purge --yes").exits(0));

    let refreshed = &app.calls("POST", "/token")[2].body;
    let name = escaped(&format!("{}/mcp", app.upstream.url));
    assert!(refreshed.contains("grant_type=refresh_token"), "{refreshed}");
    assert!(refreshed.contains(&format!("resource={name}")), "{refreshed}");
    assert_eq!(app.calls("POST", "/mcp").len(), asked);
    assert_eq!(app.calls("POST", "/revoke").len(), 1);
}

#[test]
fn a_resource_without_a_word_in_its_challenge_is_looked_for_where_all_are() {
    let app = resource(|request| {
        let host = format!("http://{}", request.headers["host"]);
        let mut whole = description(&host);
        whole["resource"] = host.clone().into();
        match request.path.as_str() {
            "/mcp" => Some(challenged(401, "Bearer")),
            "/.well-known/oauth-protected-resource/mcp" => Some((404, "{}".to_owned())),
            "/.well-known/oauth-protected-resource" => Some((200, whole.to_string())),
            _ => None,
        }
    });

    let (link, run) = login(&app, "");

    drop(run.exits(0));
    assert_eq!(parameter(&link, "resource"), Some(escaped(&app.upstream.url).as_str()));
    assert_eq!(parameter(&link, "scope"), Some("all+most+offline_access"));
}

#[test]
fn a_server_of_the_time_before_resources_described_themselves_is_its_own_oauth_server() {
    for published in [true, false] {
        let app = resource(move |request| match request.path.as_str() {
            "/mcp" => Some(challenged(401, "Bearer")),
            path if path.contains("oauth-protected-resource") => Some((404, "{}".to_owned())),
            path if path.contains("well-known") && !published => Some((404, "{}".to_owned())),
            _ => None,
        });

        let (link, run) = login(&app, "");

        drop(run.exits(0));
        assert!(link.starts_with(&format!("{}/authorize?", app.upstream.url)), "{link}");
        assert_eq!(parameter(&link, "client_id"), Some("registered"), "{published}");
        let name = escaped(&format!("{}/mcp", app.upstream.url));
        assert_eq!(parameter(&link, "resource"), Some(name.as_str()));
    }
}

#[test]
fn an_issuer_with_a_path_is_found_at_each_of_its_three_places_and_never_at_the_root() {
    let places = [
        "/.well-known/oauth-authorization-server/t1",
        "/.well-known/openid-configuration/t1",
        "/t1/.well-known/openid-configuration",
    ];
    for (at, place) in places.into_iter().enumerate() {
        let app = resource(move |request| {
            let host = format!("http://{}", request.headers["host"]);
            let mut described = description(&host);
            described["authorization_servers"] = json!([format!("{host}/t1")]);
            let mut told = server(&host);
            told["issuer"] = format!("{host}/t1").into();
            match request.path.as_str() {
                "/.well-known/oauth-protected-resource/mcp" => Some((200, described.to_string())),
                path if path == place => Some((200, told.to_string())),
                path if path.contains("well-known") => Some((404, "{}".to_owned())),
                _ => None,
            }
        });

        let started = Login::start(&app.naive, &format!("{CONNECT} --port 0"));
        drop(visit(&format!("{}%2Ft1", app.callback(&started.link))));

        drop(started.end().exits(0));
        let asked: Vec<_> = app.upstream.received().into_iter().map(|one| one.path).collect();
        let asked: Vec<_> = asked.iter().filter(|path| path.contains("well-known")).collect();
        let expected: Vec<_> = places[..=at].iter().collect();
        // Once for the login; its end asks nobody.
        assert_eq!(asked[1..], expected, "{place}");
    }
}

#[test]
fn scopes_are_those_that_were_named_then_those_of_the_challenge() {
    let app = resource(|request| {
        let mut told = server(&format!("http://{}", request.headers["host"]));
        told["scopes_supported"] = json!(["basic"]);
        let own = request.path == "/.well-known/oauth-authorization-server";
        own.then(|| (200, told.to_string()))
    });

    let (usual, run) = login(&app, "");
    drop(run.exits(0));
    let (named, run) = login(&app, "--reconnect --scopes one,two");
    drop(run.exits(0));
    let (again, run) = login(&app, "--reconnect");
    drop(run.exits(0));

    assert_eq!(parameter(&usual, "scope"), Some("basic"));
    assert_eq!(parameter(&named, "scope"), Some("one+two"));
    assert_eq!(parameter(&again, "scope"), Some("one+two+basic"));
}

#[test]
fn a_client_that_a_document_describes_is_registered_nowhere_and_keeps_its_tokens() {
    let naive = Naive::new().env("NAIVE_OAUTH_CLIENT_ID_DOCUMENT", DOCUMENT);
    let app = resource_on(naive, |request| {
        let mut told = server(&format!("http://{}", request.headers["host"]));
        told["client_id_metadata_document_supported"] = true.into();
        let own = request.path == "/.well-known/oauth-authorization-server";
        own.then(|| (200, told.to_string())).or_else(|| spent(request))
    });

    let (link, run) = login(&app, "");
    drop(run.exits(0));
    let app = App { naive: app.naive.env("NAIVE_OAUTH_CLIENT_ID_DOCUMENT", ""), ..app };
    drop(app.execute("ACME_READ").exits(0));

    assert_eq!(parameter(&link, "client_id"), Some(escaped(DOCUMENT).as_str()));
    assert!(app.calls("POST", "/register").is_empty());
    let refreshed = &app.calls("POST", "/token")[1];
    assert!(refreshed.body.contains(&format!("client_id={}", escaped(DOCUMENT))), "{refreshed:?}");
    assert!(!refreshed.headers.contains_key("authorization"));
}

#[test]
fn a_document_is_shown_to_no_server_that_does_not_ask_for_such() {
    let naive = Naive::new().env("NAIVE_OAUTH_CLIENT_ID_DOCUMENT", DOCUMENT);
    let app = resource_on(naive, |_| None);

    let (link, run) = login(&app, "");

    drop(run.exits(0));
    assert_eq!(parameter(&link, "client_id"), Some("registered"));
}

#[test]
fn what_one_oauth_server_gave_is_never_shown_to_another() {
    let other = resource(|_| None);
    let moved = Arc::new(AtomicUsize::new(0));
    let (seen, there) = (Arc::clone(&moved), other.upstream.url.clone());
    let app = resource(move |request| {
        let has_moved = seen.load(Ordering::Relaxed) > 0;
        let mut described = description(&format!("http://{}", request.headers["host"]));
        if has_moved {
            described["authorization_servers"] = json!([there]);
        }
        match request.path.as_str() {
            "/.well-known/oauth-protected-resource/mcp" => Some((200, described.to_string())),
            "/things" if has_moved => Some((401, "{}".to_owned())),
            "/register" => Some((201, json!({"client_id": "client-of-the-first"}).to_string())),
            _ => None,
        }
    });
    drop(login(&app, "").1.exits(0));
    moved.store(1, Ordering::Relaxed);

    let run = app.execute("ACME_READ").exits(4).json();
    let rows = app.naive.run("connections connected").exits(0).json();
    let next = Login::start(&app.naive, &format!("{CONNECT} --port 0"));

    assert_eq!(
        run["error"],
        json!({
            "code": "unauthorized",
            "message": "`acme` names another authorization server by now, `127.0.0.1`",
            "hint": "run `naive connections connect acme` to log in again",
            "reason": "issuer_changed",
        })
    );
    let row = &rows["result"]["connections"][0];
    assert_eq!(row["status"], "EXPIRED");
    let why = "the server names another authorization server than the one that gave the tokens";
    assert_eq!(row["reason"], why);
    assert_eq!(app.calls("POST", "/token").len(), 1, "nothing was refreshed");
    assert!(next.link.starts_with(&format!("{}/authorize?", other.upstream.url)));
    assert_eq!(parameter(&next.link, "client_id"), Some("registered"));
    let shown = format!("{:?}", other.upstream.received());
    assert!(!shown.contains("client-of-the-first") && !shown.contains("of-the-test"), "{shown}");
}

#[test]
fn the_operators_secret_goes_to_the_first_server_that_it_was_used_at_alone() {
    let other = resource(|_| None);
    let moved = Arc::new(AtomicUsize::new(0));
    let (seen, there) = (Arc::clone(&moved), other.upstream.url.clone());
    let app = resource(move |request| {
        let mut described = description(&format!("http://{}", request.headers["host"]));
        if seen.load(Ordering::Relaxed) > 0 {
            described["authorization_servers"] = json!([there]);
        }
        let own = request.path == "/.well-known/oauth-protected-resource/mcp";
        own.then(|| (200, described.to_string()))
    });
    let configure = "toolkits configure acme --client-id mine --client-secret -";
    drop(app.naive.fed(configure, "secret-of-the-operator\n").exits(0));
    drop(login(&app, "").1.exits(0));
    moved.store(1, Ordering::Relaxed);

    let refused = app.naive.run(&format!("{CONNECT} --reconnect --port 0")).exits(4).json();
    drop(app.naive.fed(configure, "secret-for-the-other\n").exits(0));
    let next = Login::start(&app.naive, &format!("{CONNECT} --reconnect --port 0"));

    assert_eq!(refused["error"]["code"], "not_configured");
    assert_eq!(refused["error"]["reason"], "issuer_changed");
    assert!(app.calls("POST", "/token")[0].headers["authorization"].starts_with("Basic "));
    assert!(next.link.starts_with(&format!("{}/authorize?", other.upstream.url)));
    assert_eq!(parameter(&next.link, "client_id"), Some("mine"));
    assert!(other.calls("POST", "/token").is_empty());
}

#[test]
fn tokens_for_one_resource_are_not_sent_to_another_at_the_same_host() {
    let app = resource(|_| None);
    drop(login(&app, "").1.exits(0));
    let path = app.naive.home().join("acme.toml");
    let manifest = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, manifest.replace("/mcp\"", "/other\"")).unwrap();
    drop(app.naive.run("toolkits add acme.toml").exits(0));

    let run = app.execute("ACME_READ").exits(4).json();

    assert_eq!(run["error"]["message"], "the tokens of `acme` are for another server");
    assert_eq!(run["error"]["reason"], "connection_expired");
    assert!(app.calls("GET", "/things").is_empty());
}

#[test]
fn a_call_that_lacks_a_scope_says_how_to_add_it_and_not_twice() {
    let app = resource(|request| {
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"write\"";
        (request.path == "/things").then(|| challenged(403, challenge))
    });
    drop(login(&app, "").1.exits(0));

    let first = app.execute("ACME_WRITE").exits(1).json();
    let (link, run) = login(&app, "--reconnect --scopes basic,offline_access,write");
    drop(run.exits(0));
    let second = app.execute("ACME_WRITE").exits(1).json();

    assert_eq!(first["error"]["reason"], "scope_missing");
    let hint = first["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("--reconnect --scopes basic,offline_access,write"), "{hint}");
    assert_eq!(parameter(&link, "scope"), Some("basic+offline_access+write"));
    let hint = second["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("another login does not help"), "{hint}");
}
