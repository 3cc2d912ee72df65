//! Servers that say of themselves, or of their OAuth server, what nobody should believe.

use serde_json::{Value, json};

use crate::app::App;
use crate::browser::{Login, parameter, redirect_uri, visit};
use crate::resource::{RESOURCE, challenged, description, login, resource, server};
use crate::support::{Naive, Received};

const CONNECT: &str = "connections connect acme --port 0";
const DESCRIPTION: &str = "/.well-known/oauth-protected-resource/mcp";
const METADATA: &str = "/.well-known/oauth-authorization-server";

fn host(request: &Received) -> String {
    format!("http://{}", request.headers["host"])
}

/// Returns the error of a login to a resource that answers so, and what it was asked.
fn refused(
    answer: impl Fn(&Received) -> Option<(u16, String)> + Send + Sync + 'static,
) -> (Value, App) {
    let app = resource(answer);
    let run = app.naive.run(CONNECT);
    assert_ne!(run.status, 0, "{run:?}");
    (run.json()["error"].clone(), app)
}

/// The same where one key of a document is another.
fn with(path: &'static str, key: &'static str, value: Value) -> (Value, App) {
    refused(move |request| {
        let host = host(request);
        let mut told = if path == METADATA { server(&host) } else { description(&host) };
        told[key] = value.clone();
        (request.path == path).then(|| (200, told.to_string()))
    })
}

fn is(error: &Value, code: &str, reason: &str) {
    assert_eq!(
        (error["code"].as_str(), error["reason"].as_str()),
        (Some(code), Some(reason)),
        "{error}"
    );
    let text = error["message"].as_str().unwrap();
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

fn asked_nobody(app: &App) {
    for path in ["/register", "/token"] {
        assert!(app.calls("POST", path).is_empty(), "{path}");
    }
}

#[test]
fn a_description_of_another_resource_is_not_believed() {
    let own =
        ["https://evil.example/mcp", "http://127.0.0.1:1/mcp", "x", "http://127.0.0.1/\u{7}mcp"];
    for other in own {
        let (error, app) = with(DESCRIPTION, "resource", other.into());

        is(&error, "provider_error", "resource_mismatch");
        asked_nobody(&app);
    }
}

#[test]
fn a_resource_sends_nobody_into_a_private_network_or_over_plain_http() {
    for there in
        ["https://10.0.0.1", "http://evil.example", "https://[fd00::1]/t", "https://u:p@a.example"]
    {
        let (error, app) = with(DESCRIPTION, "authorization_servers", json!([there]));

        is(&error, "provider_error", "address_refused");
        let hint = error["hint"].as_str().unwrap();
        assert!(hint.contains("`auth.issuer`"), "{hint}");
        asked_nobody(&app);
    }
    let (error, _) = refused(|request| {
        let challenge = "Bearer resource_metadata=\"https://169.254.169.254/latest\"";
        (request.path == "/mcp").then(|| challenged(401, challenge))
    });
    is(&error, "provider_error", "address_refused");
}

#[test]
fn a_description_that_redirects_inside_is_not_followed() {
    let (error, _) = refused(|request| {
        let text = "HTTP/1.1 302 X\r\nlocation: https://10.0.0.1/x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        (request.path == DESCRIPTION).then(|| (302, text.to_owned()))
    });

    is(&error, "provider_error", "address_refused");
}

#[test]
fn what_nobody_understands_is_said_to_be_unclear() {
    let challenge = |text: &'static str| {
        refused(move |request| {
            let text = format!("Bearer resource_metadata=\"{text}\"");
            (request.path == "/mcp").then(|| challenged(401, &text))
        })
    };
    let documents = ["", "{}", "[]", "<html>", "{\"resource\":7}"];

    for text in ["", "no address", "/relative", "https://a.example/x#y"] {
        is(&challenge(text).0, "provider_error", "resource_unclear");
    }
    for document in documents {
        let (error, _) = refused(move |request| {
            (request.path == DESCRIPTION).then(|| (200, document.to_owned()))
        });
        is(&error, "provider_error", "resource_unclear");
    }
    for issuer in ["nobody", "https://a.example/?x=1", "https://a.example/\u{202e}"] {
        let (error, _) = with(DESCRIPTION, "authorization_servers", json!([issuer]));
        is(&error, "provider_error", "resource_unclear");
    }
}

#[test]
fn metadata_of_another_issuer_or_without_pkce_is_not_used() {
    let table = [
        ("issuer", json!("https://honest.example"), "issuer_mismatch"),
        ("issuer", json!("http://127.0.0.1:1\u{7}"), "issuer_mismatch"),
        ("code_challenge_methods_supported", json!(["plain"]), "pkce_not_announced"),
        ("code_challenge_methods_supported", Value::Null, "pkce_not_announced"),
        ("authorization_endpoint", json!("http://evil.example/authorize"), "address_refused"),
        ("authorization_endpoint", json!("javascript:alert(1)"), "address_refused"),
        ("authorization_endpoint", json!("https://192.168.0.1/"), "address_refused"),
        ("token_endpoint", json!("https://10.0.0.1/token"), "address_refused"),
        ("registration_endpoint", json!("ftp://a.example/"), "address_refused"),
    ];
    for (key, value, reason) in table {
        let (error, app) = with(METADATA, key, value);

        is(&error, "provider_error", reason);
        asked_nobody(&app);
    }
}

#[test]
fn an_answer_without_end_is_left_at_its_size() {
    let (error, app) = refused(|request| {
        let much = "x".repeat(9 << 20);
        (request.path == DESCRIPTION).then_some((200, much))
    });

    assert_eq!(error["code"], "provider_error");
    assert_eq!(
        error["message"],
        "`HOST` answered more than 8 MiB".replace("HOST", &app.upstream.url[7..])
    );
}

#[test]
fn the_body_of_a_greeting_is_never_waited_for() {
    let app = resource(|request| {
        let text =
            "HTTP/1.1 401 X\r\nwww-authenticate: Bearer\r\ncontent-length: 99999999999\r\n\r\nx";
        (request.path == "/mcp").then(|| (401, text.to_owned()))
    });

    let (link, run) = login(&app, "");

    drop(run.exits(0));
    assert!(link.contains("scope=all+most+offline_access"), "{link}");
}

#[test]
fn a_server_is_asked_in_each_way_until_it_understands_one() {
    for (way, spoken) in ["tools/list", "mcp-method", "initialize", "GET"].into_iter().enumerate() {
        let app = resource(move |request| {
            let (body, headers) = (&request.body, &request.headers);
            let is_ours = match way {
                1 => headers.contains_key(spoken) && headers.contains_key("mcp-protocol-version"),
                0 | 2 => body.contains(spoken),
                _ => request.method == spoken && headers["accept"] == "text/event-stream",
            };
            let otherwise = if way == 3 { 405 } else { 400 };
            (request.path == "/mcp" && !is_ours).then(|| (otherwise, "{}".to_owned()))
        });

        let (link, run) = login(&app, "");

        drop(run.exits(0));
        assert!(link.contains("scope=basic+offline_access"), "{spoken}: {link}");
    }
}

#[test]
fn a_server_that_wants_a_key_says_so_instead_of_a_login() {
    for (status, challenge) in [(401, "Basic realm=\"x\""), (403, "ApiKey")] {
        let (error, _) = refused(move |request| match request.path.as_str() {
            "/mcp" => Some(challenged(status, challenge)),
            path if path.contains("well-known") => Some((404, "{}".to_owned())),
            _ => None,
        });

        is(&error, "provider_error", "no_oauth_server");
        assert_eq!(
            error["message"],
            "`127.0.0.1` wants a credential, and names no OAuth server that gives one"
        );
    }
    let (error, _) = refused(|request| match request.path.as_str() {
        "/mcp" => Some((200, "{}".to_owned())),
        path if path.contains("well-known") => Some((404, "{}".to_owned())),
        _ => None,
    });
    assert_eq!(error["message"], "`127.0.0.1` asks for no token, and names no OAuth server");
}

#[test]
fn a_server_that_is_not_well_is_asked_again_later() {
    let (error, _) = refused(|request| match request.path.as_str() {
        "/mcp" => Some((503, "{}".to_owned())),
        path if path.contains("well-known") => Some((503, "{}".to_owned())),
        _ => None,
    });

    assert_eq!(error["message"], "`127.0.0.1` is not well (status 503)");
}

#[test]
fn a_server_that_registers_nobody_says_how_to_get_a_client() {
    let (error, _) = refused(|request| {
        let said =
            json!({"error": "access_denied", "error_description": "\u{1b}[31mno"}).to_string();
        (request.path == "/register").then_some((403, said))
    });
    is(&error, "not_configured", "registration_refused");
    assert!(error["hint"].as_str().unwrap().contains("naive toolkits configure acme --client-id"));

    let (error, _) = with(METADATA, "registration_endpoint", Value::Null);
    assert_eq!(error["code"], "not_configured");
    assert_eq!(error["message"], "toolkit `acme` has no OAuth client");
}

#[test]
fn a_callback_counts_only_from_the_server_that_was_asked() {
    for iss in ["", "&iss=https%3A%2F%2Fevil.example", "&iss=URL%2F"] {
        let app = resource(|_| None);
        let started = Login::start(&app.naive, CONNECT);
        let state = parameter(&started.link, "state").unwrap();
        let back = format!("{}?code=code&state={state}{iss}", redirect_uri(&started.link));

        drop(visit(&back.replace("URL", &app.upstream.url)));
        let run = started.end().exits(1).json();

        is(&run["error"], "provider_error", "issuer_mismatch");
        assert!(app.calls("POST", "/token").is_empty());
    }
}

#[test]
fn a_manifest_that_asks_for_tokens_to_one_resource_keeps_to_its_rules() {
    let naive = Naive::new().env("NAIVE_PROFILE", "local");
    let table = [
        ("resource = \"URL/mcp\"", "resource = \"http://a.example\"", "is not an `https` address"),
        ("resource = \"URL/mcp\"", "resource = \"https://a.example/#x\"", "must hold no `#`"),
        (
            "resource = \"URL/mcp\"",
            "resource = \"https://a.example\"\npkce = false",
            "without PKCE",
        ),
        ("\"oauth2\"", "\"none\"", "only OAuth asks for tokens to one resource"),
    ];
    for (before, after, fault) in table {
        let auth = RESOURCE.replace(before, after).replace("URL", "https://a.example");
        let manifest = format!(
            "slug = \"acme\"\nname = \"A\"\ndescription = \"A\"\nbase_url = \"https://a.example\"\ntools = []\n[auth]\n{auth}"
        );
        std::fs::write(naive.home().join("acme.toml"), manifest).unwrap();

        let run = naive.run("toolkits add acme.toml").exits(1);

        assert!(run.out.contains(fault), "{fault}: {}", run.out);
    }
}

#[test]
fn a_client_document_has_an_address_of_its_own_on_https() {
    let naive = Naive::new();
    for bad in [
        "http://a.example/x",
        "https://a.example",
        "https://a.example/x#y",
        "https://A.example/x",
        "x",
    ] {
        let set = naive.with("config set oauth.client_id_document", &[bad]).exits(2).json();
        let run = Naive::new()
            .env("NAIVE_OAUTH_CLIENT_ID_DOCUMENT", bad)
            .run("users list")
            .exits(2)
            .json();

        assert_eq!(set["error"]["code"], "invalid_input", "{bad}");
        assert_eq!(run["error"]["code"], "invalid_input", "{bad}");
        let hint = run["error"]["hint"].as_str().unwrap();
        assert_eq!(hint, "a client's document is at an address as https://example.com/naive.json");
    }
    drop(naive.run("config set oauth.client_id_document https://a.example/naive.json").exits(0));
    let shown = naive.run("config show").exits(0).json();
    assert_eq!(
        shown["result"]["config"]["oauth"]["client_id_document"],
        "https://a.example/naive.json"
    );
}
