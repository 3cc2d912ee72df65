//! Linking a brokerage account, by key and by OAuth app, and what is said where none is linked.

use super::stand_in::{Broker, link};
use crate::support::Naive;

#[test]
fn an_api_key_links_the_account_and_its_secret_is_shown_nowhere() {
    let broker = Broker::new();
    let naive = broker.linked();

    let listed = naive.run("--json trading connections").exits(0);
    let account = naive.run("--json trading account").exits(0);

    let one = &listed.json()["result"]["connections"][0];
    assert_eq!((&one["env"], &one["status"]), (&"paper".into(), &"active".into()));
    assert_eq!((&one["connected"], &one["account"]), (&true.into(), &"PA1234567890".into()));
    assert_eq!(account.json()["result"]["cash"], "100000");
    let asked = broker.received();
    let asked = asked.iter().rfind(|one| one.path == "/v2/account").unwrap();
    assert_eq!(asked.headers["apca-api-key-id"], "PK1");
    assert_eq!(asked.headers["apca-api-secret-key"], "a-long-secret");
    let store = std::fs::read(naive.home().join("local/naive.db")).unwrap();
    let found = |text: &[u8]| store.windows(text.len()).any(|part| part == text);
    assert!(!found(b"a-long-secret") && !found(b"PK1"));
}

#[test]
fn nothing_is_linked_before_the_disclosure_is_accepted() {
    let broker = Broker::new();
    let naive = Naive::new().env("NAIVE_PROFILE", "local");
    let _ = naive.run(&format!("trading configure --broker-url {}", broker.url())).exits(0);

    let line = "--json trading connect --api-key-id PK1 --api-secret-key -";
    let run = naive.fed(line, "a-long-secret\n").exits(1);

    let error = &run.json()["error"];
    assert_eq!(
        (&error["code"], &error["reason"]),
        (&"forbidden".into(), &"disclosure_required".into())
    );
    let disclosure = error["details"][0]["message"].as_str().unwrap();
    assert!(disclosure.contains("not the broker, a broker-dealer or an investment adviser"));
    assert_eq!(broker.received().len(), 0);
}

#[test]
fn the_operator_words_the_disclosure() {
    let naive = Naive::new();
    let _ = naive.with("trading configure --disclosure", &["Read this first."]).exits(0);

    let run = naive.run("--json trading connect").exits(1);

    assert_eq!(run.json()["error"]["details"][0]["message"], "Read this first.");
}

#[test]
fn without_an_oauth_app_only_a_key_links_a_real_account() {
    let naive = Naive::new().env("NAIVE_PROFILE", "local");

    let run = naive.run("--json trading connect --accept-disclosure --no-wait").exits(4);

    let error = &run.json()["error"];
    assert_eq!(error["code"], "feature_not_configured");
    assert!(error["hint"].as_str().unwrap().contains("naive trading configure --client-id ID"));
}

#[test]
fn a_login_goes_to_the_broker_with_the_env_and_the_scopes_and_no_pkce() {
    let broker = Broker::new();
    let naive = Naive::new().env("NAIVE_PROFILE", "local");
    let line = format!(
        "trading configure --client-id app --client-secret - --broker-url {}",
        broker.url()
    );
    let _ = naive.fed(&line, "app-secret\n").exits(0);

    let run = naive.run("--json trading connect --accept-disclosure --no-wait").exits(0);

    let result = &run.json()["result"];
    assert_eq!((&result["status"], &result["env"]), (&"pending".into(), &"paper".into()));
    let page: url::Url = result["authorize_url"].as_str().unwrap().parse().unwrap();
    let query: std::collections::HashMap<_, _> = page.query_pairs().into_owned().collect();
    assert!(page.as_str().starts_with(&format!("{}/oauth/authorize?", broker.url())));
    assert_eq!(query["env"], "paper");
    assert_eq!(query["scope"], "account:write trading data");
    assert!(!query.contains_key("code_challenge"));
}

#[test]
fn where_no_account_is_linked_it_is_said_how_to_link_one() {
    let naive = Naive::new();

    let run = naive.run("--json trading account --user alice").exits(4);

    let error = &run.json()["error"];
    assert_eq!(error["code"], "not_configured");
    assert_eq!(error["hint"], "run `naive trading connect --env paper --user alice`");
}

#[test]
fn the_sandbox_has_no_real_money() {
    let run = Naive::new().run("--json trading connect --env live --accept-disclosure").exits(1);

    assert_eq!(run.json()["error"]["reason"], "sandbox_has_no_live");
}

#[test]
fn with_both_envs_linked_a_call_says_which_is_meant() {
    let broker = Broker::new();
    let naive = broker.linked();
    let _ = link(&naive, "--env live").exits(0);

    let unnamed = naive.run("--json trading account").exits(1);
    let named = naive.run("--json trading account --env live").exits(0);

    let error = &unnamed.json()["error"];
    assert_eq!(
        (&error["code"], &error["reason"]),
        (&"invalid_input".into(), &"env_ambiguous".into())
    );
    let text = error["message"].as_str().unwrap();
    assert!(text.contains("`paper`") && text.contains("`live`"), "{text}");
    assert_eq!(named.json()["result"]["account_number"], "PA1234567890");
}

#[test]
fn a_token_that_the_broker_refuses_ends_the_link_until_it_is_linked_again() {
    let broker = Broker::new();
    let naive = broker.linked();
    broker.refuses();

    let first = naive.run("--json trading account").exits(4);
    let asked = broker.received().len();
    let second = naive.run("--json trading account").exits(4);
    let listed = naive.run("--json trading connections").exits(0);

    assert_eq!(first.json()["error"]["code"], "unauthorized");
    assert_eq!(second.json()["error"]["hint"], "run `naive trading connect --env paper`");
    assert_eq!(broker.received().len(), asked, "it is not asked again");
    assert_eq!(listed.json()["result"]["connections"][0]["status"], "expired");
}

#[test]
fn disconnecting_forgets_the_link_and_its_credential() {
    let broker = Broker::new();
    let naive = broker.linked();

    let gone = naive.run("--json trading disconnect paper").exits(0);
    let listed = naive.run("--json trading connections").exits(0);
    let again = naive.run("--json trading disconnect paper").exits(1);

    assert_eq!(gone.json()["result"]["disconnected"], true);
    assert_eq!(listed.json()["result"]["connections"], serde_json::json!([]));
    assert_eq!(again.json()["error"]["code"], "not_found");
}

#[test]
fn a_brokerage_is_no_app_among_the_connections() {
    let broker = Broker::new();
    let naive = broker.linked();

    let connected = naive.run("--json connections connected --all").exits(0);
    let app = naive.run("--json connections connect brokerage").exits(1);

    assert_eq!(connected.json()["result"]["connections"], serde_json::json!([]));
    assert_eq!(app.json()["error"]["reason"], "toolkit_unknown");
}
