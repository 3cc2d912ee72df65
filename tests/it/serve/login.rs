//! Logins that come back to the server, and where it sends their browsers on.

use serde_json::json;

use super::{Served, key};
use crate::browser::{decide, parameter, request, visit};
use crate::support::{Naive, until};

/// Begins a login to gmail for the workspace's own user, and returns its link.
fn link(served: &Served, key: &str, callback: &str) -> String {
    let body = json!({ "toolkit": "gmail", "callback_url": callback, "restart": true });
    let line = "POST /v1/users/default/connections/connect";
    let (status, begun) = served.call(key, line, &body.to_string());
    assert_eq!((status, &begun["status"]), (200, &json!("INITIATED")), "{begun}");
    begun["redirectUrl"].as_str().unwrap().to_owned()
}

#[test]
fn a_browser_goes_on_to_the_callback_url_with_how_it_went() {
    let naive = Naive::new();
    let key = key(&naive, "--name app --role workspace");
    let served = Served::start(&naive, &[]);

    let denied = link(&served, &key, "https://app.example/done?x=1#top");
    let denied = visit(&decide(&denied, "deny"));
    let allowed = link(&served, &key, "https://app.example/done?x=1#top");
    let back = decide(&allowed, "allow");
    let went = visit(&back);
    let again = visit(&back);

    assert_eq!(denied.status, 302);
    assert_eq!(denied.location(), "https://app.example/done?x=1&status=FAILED&toolkit=gmail#top");
    assert_eq!(went.status, 302);
    assert_eq!(went.location(), "https://app.example/done?x=1&status=ACTIVE&toolkit=gmail#top");
    assert_eq!(again.status, 200);
    assert!(again.body.contains("Already done"), "{}", again.body);
}

#[test]
fn a_callback_that_is_nobodys_is_refused_and_changes_nothing() {
    let naive = Naive::new();
    let key = key(&naive, "--name app --role workspace");
    let served = Served::start(&naive, &[]);
    let good = decide(&link(&served, &key, "https://app.example/"), "allow");
    let state = parameter(&good, "state").unwrap();

    for bad in [
        format!("{}/oauth/callback", served.url),
        format!("{}/oauth/callback?state=x&code=y", served.url),
        format!("{good}&state={state}"),
        format!("{}/v1/trading/oauth/callback?state=x&code=y", served.url),
    ] {
        let page = visit(&bad);
        assert_eq!(page.status, 400, "{bad}");
        assert!(page.body.contains("<h1>Nothing here</h1>"), "{bad}");
    }
    assert_eq!(request("HEAD", &good, "", "").status, 400);
    assert_eq!(visit(&good).status, 302);
}

#[test]
fn only_sites_that_the_workspace_names_are_gone_on_to() {
    let naive = Naive::new();
    let key = key(&naive, "--name app --role workspace");
    let served = Served::start(&naive, &[]);
    let line = "PATCH /v1/workspace";
    let set = served.call(&key, line, r#"{ "allowed_origins": ["https://app.example"] }"#);
    let connect = |callback: &str| {
        let body = json!({ "toolkit": "gmail", "callback_url": callback }).to_string();
        served.call(&key, "POST /v1/users/default/connections/connect", &body)
    };

    let other = connect("https://evil.example/");
    let sub = connect("https://app.example.evil.example/");
    let plain = connect("http://app.example/");
    let port = connect("https://app.example:8443/");
    let own = connect("https://app.example/deep/path?x=1");
    let loopback = connect("http://127.0.0.1:9/");

    assert_eq!(set.1["allowed_origins"], json!(["https://app.example"]));
    for refused in [other, sub, port] {
        let error = &refused.1["error"];
        assert_eq!((refused.0, &error["reason"]), (400, &json!("origin_not_allowed")), "{error}");
    }
    assert_eq!(plain.1["error"]["reason"], "address_refused");
    assert_eq!((own.0, loopback.0), (200, 200));
}

#[test]
fn a_login_that_began_at_the_server_is_seen_from_the_command_line() {
    let naive = Naive::new();
    let key = key(&naive, "--name app --role workspace");
    let served = Served::start(&naive, &[]);

    let back = decide(&link(&served, &key, "https://app.example/"), "allow");
    let before = naive.run("connections connected --all").exits(0).json();
    assert_eq!(visit(&back).status, 302);

    assert_eq!(before["result"]["connections"][0]["status"], "INITIATED");
    until("the connection", || {
        let after = naive.run("connections connected").exits(0).json();
        (after["result"]["connections"][0]["status"] == "ACTIVE").then_some(())
    });
}
