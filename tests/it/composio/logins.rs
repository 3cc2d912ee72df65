//! The key, the list, and how users connect, stay connected and are disconnected.

use serde_json::{Value, json};

use super::Composio;
use crate::support::Naive;

#[test]
fn a_key_is_checked_before_it_is_kept_and_then_its_toolkits_are_listed() {
    let composio = Composio::bare();

    let wrong = composio.configure("ak_wrong").exits(4).json();
    let before = composio.naive.run("toolkits list --search acme").exits(0).json();
    let right = composio.configure(super::KEY).exits(0).json();
    let after = composio.naive.run("toolkits get acme").exits(0).json();

    assert_eq!(wrong["error"]["code"], "feature_not_configured");
    assert_eq!(wrong["error"]["hint"], "run `naive toolkits configure composio --api-key -`");
    assert!(!before.to_string().contains("\"acme\""));
    assert!(right["result"]["description"].as_str().unwrap().starts_with("leads to 5 toolkits"));
    assert_eq!(after["result"]["provider"], "composio");
    assert!(after["result"]["ways"][0]["listedAt"].is_string());
}

#[test]
fn an_app_that_is_here_already_is_the_same_app() {
    let composio = Composio::new();

    let about = composio.naive.run("toolkits get google-calendar").exits(0).json();

    let ways = about["result"]["ways"].as_array().unwrap();
    let providers: Vec<_> = ways.iter().map(|way| way["provider"].as_str().unwrap()).collect();
    assert!(
        providers.starts_with(&["direct"]) && providers.ends_with(&["composio"]),
        "{providers:?}"
    );
}

#[test]
fn the_sandbox_has_no_composio() {
    let composio = Composio::bare();

    let run = composio.naive.fed("--profile sandbox toolkits configure composio --api-key -", "ak");

    let run = run.exits(4).json();
    assert_eq!(run["error"]["code"], "feature_not_configured");
    assert_eq!(composio.upstream.received().len(), 0);
}

#[test]
fn a_list_that_cannot_be_got_again_fails_nothing() {
    let composio = Composio::new();
    composio.change(|state| {
        state.instead.insert("GET /api/v3/toolkits".to_owned(), (400, "{}".to_owned()));
    });

    let diff = composio.naive.run("toolkits diff composio").exits(1).json();
    let list = composio.naive.run("toolkits list --search acme").exits(0).json();

    assert_eq!(diff["error"]["code"], "invalid_input");
    assert!(list.to_string().contains("\"acme\""));
}

#[test]
fn a_login_ends_when_composio_says_so() {
    let composio = Composio::new();

    let run = composio.naive.run("connections connect acme").exits(0).json();

    assert_eq!(run["result"]["status"], "ACTIVE");
    let link = &composio.calls("POST", "/api/v3.1/connected_accounts/link")[0];
    let sent: Value = serde_json::from_str(&link.body).unwrap();
    assert_eq!(sent["auth_config_id"], "ac_1");
    assert_eq!(sent["user_id"].as_str().unwrap().len(), 36);
    assert_eq!(composio.calls("POST", "/api/v3/auth_configs").len(), 1);
}

#[test]
fn a_login_that_nobody_waits_for_gives_its_link_and_is_asked_about() {
    let composio = Composio::new();
    composio.change(|state| state.becomes = "INITIALIZING_2027".to_owned());

    let begun = composio.naive.run("connections connect acme --no-wait").exits(0).json();
    composio.change(|state| state.accounts[0].1 = "ACTIVE".to_owned());
    let ended = composio.naive.run("connections wait acme").exits(0).json();

    assert_eq!(begun["result"]["status"], "INITIATED");
    assert_eq!(begun["result"]["redirectUrl"], "http://127.0.0.1:1/consent");
    assert_eq!(begun["result"]["asked"], true);
    assert_eq!(ended["result"]["status"], "ACTIVE");
}

#[test]
fn a_login_that_was_refused_there_has_failed_here() {
    let composio = Composio::new();
    composio.change(|state| state.becomes = "FAILED".to_owned());

    let run = composio.naive.run("connections connect acme").exits(1).json();

    assert_eq!(run["error"]["reason"], "login_refused");
    assert_eq!(run["error"]["hint"], "run `naive connections connect acme` to start again");
    assert_eq!(composio.status()["status"], "FAILED");
}

#[test]
fn a_credential_makes_an_account_and_is_kept_nowhere_here() {
    let composio = Composio::new();

    let about = composio.naive.run("toolkits get keyed").exits(0).json();
    let run =
        composio.naive.fed("connections connect keyed --credential generic_api_key=-", "sk_1234");

    assert_eq!(about["result"]["credentialFields"][0]["label"], "Key of Keyed");
    assert_eq!(run.exits(0).json()["result"]["status"], "ACTIVE");
    let made: Value =
        serde_json::from_str(&composio.calls("POST", "/api/v3.1/connected_accounts")[0].body)
            .unwrap();
    let state = json!({ "authScheme": "API_KEY", "val": { "status": "ACTIVE", "generic_api_key": "sk_1234" } });
    assert_eq!(made["connection"]["state"], state);
}

#[test]
fn what_composio_has_no_login_for_says_what_to_do() {
    let composio = Composio::new();

    let own = composio.naive.run("connections connect own").exits(4).json();
    let odd = composio.naive.run("connections connect odd").exits(4).json();
    let bad =
        composio.naive.run("toolkits configure own --provider composio --client-id x").exits(1);
    let told = composio.naive.run("toolkits configure own --provider composio --client-id ac_mine");
    drop((bad, told.exits(0)));
    let run = composio.naive.run("connections connect own").exits(0).json();

    for error in [&own["error"], &odd["error"]] {
        assert_eq!(error["code"], "not_configured");
        assert!(error["hint"].as_str().unwrap().contains("--client-id ac_…"), "{error}");
    }
    assert!(odd["error"]["message"].as_str().unwrap().contains("QUANTUM_AUTH"));
    assert_eq!(run["result"]["status"], "ACTIVE");
    assert!(
        composio.calls("POST", "/api/v3.1/connected_accounts/link")[0].body.contains("ac_mine")
    );
}

#[test]
fn a_connection_that_ends_is_switched_off_there_and_a_purge_deletes_it() {
    let composio = Composio::connected();

    let off = composio.naive.run("connections disconnect acme").exits(0).json();
    let run = composio.execute("ACME_FIND", &[]).exits(4).json();
    let there = composio.accounts();
    let purged = composio.naive.run("connections disconnect acme --purge --yes").exits(0).json();

    assert_eq!(off["result"]["status"], "INACTIVE");
    assert_eq!(run["error"]["code"], "not_configured");
    assert_eq!(there[0].1, "INACTIVE");
    assert_eq!(purged["result"]["revokedUpstream"], true);
    assert!(composio.accounts().is_empty());
}

#[test]
fn an_account_that_could_not_be_deleted_can_be_purged_again() {
    let composio = Composio::connected();
    let path = "DELETE /api/v3.1/connected_accounts/ca_there0";
    composio.change(|state| drop(state.instead.insert(path.to_owned(), (500, "{}".to_owned()))));

    let run = composio.naive.run("connections disconnect acme --purge --yes").exits(1).json();
    composio.change(|state| drop(state.instead.remove(path)));
    let again = composio.naive.run("connections disconnect acme --purge --yes").exits(0).json();

    assert_eq!(run["error"]["code"], "provider_error");
    assert_eq!(again["result"]["status"], "REVOKED");
    assert!(composio.accounts().is_empty());
}

#[test]
fn another_login_takes_the_place_of_the_account_before() {
    let composio = Composio::connected();

    drop(composio.naive.run("connections connect acme --reconnect").exits(0));

    let ids: Vec<_> = composio.accounts().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["ca_there1"]);
}

#[test]
fn composio_can_be_forgotten_once_nobody_is_connected_through_it() {
    let composio = Composio::connected();

    let used = composio.naive.run("toolkits remove composio").exits(1).json();
    drop(composio.naive.run("connections disconnect acme --purge --yes").exits(0));
    drop(composio.naive.run("toolkits remove composio").exits(0));

    assert_eq!(used["error"]["reason"], "toolkit_in_use");
    let gone = composio.naive.run("toolkits get acme").exits(1).json();
    assert_eq!(gone["error"]["code"], "not_found");
}

#[test]
fn an_address_that_is_none_is_refused() {
    let run = Naive::new().env("NAIVE_COMPOSIO_URL", "backend").run("toolkits list").exits(2);

    assert_eq!(run.json()["error"]["message"], "`NAIVE_COMPOSIO_URL` is `backend`");
}
