//! Several accounts of one app, and which is meant.

use serde_json::{Value, json};

use crate::support::Naive;

/// Gmail with the accounts `work` and `home`.
fn two() -> Naive {
    let naive = Naive::new();
    for label in ["work", "home"] {
        drop(naive.run(&format!("connections connect gmail --label {label}")).exits(0));
    }
    naive
}

fn defaults(naive: &Naive) -> Vec<Value> {
    let rows = naive.run("connections connected").exits(0).json();
    let rows = rows["result"]["connections"].as_array().unwrap().clone();
    rows.into_iter()
        .filter(|row| row["isDefault"] == true)
        .map(|row| row["label"].clone())
        .collect()
}

#[test]
fn the_default_account_is_meant_where_nobody_says() {
    let naive = two();
    let find = "connections execute gmail GMAIL_FETCH_EMAILS";
    let refused = naive.run(find).exits(1).json();
    assert_eq!(refused["error"]["reason"], "account_ambiguous");

    let chosen = naive.run("connections default gmail --account work").exits(0).json();

    assert_eq!(chosen["result"]["connection"]["label"], "work");
    drop(naive.run(find).exits(0));
    drop(naive.run(&format!("{find} --account home")).exits(0));
    assert_eq!(defaults(&naive), ["work"]);
    drop(naive.run("connections default gmail --account home").exits(0));
    assert_eq!(defaults(&naive), ["home"]);
    drop(naive.run("connections default gmail --clear").exits(0));
    assert_eq!(naive.run(find).exits(1).json()["error"]["reason"], "account_ambiguous");
}

#[test]
fn a_default_that_is_disconnected_is_not_replaced_by_another_in_silence() {
    let naive = two();
    drop(naive.run("connections default gmail --account work").exits(0));
    drop(naive.run("connections disconnect gmail --account work").exits(0));

    let run = naive.run("connections execute gmail GMAIL_FETCH_EMAILS").exits(4).json();

    assert_eq!(run["error"]["reason"], "not_connected");
}

#[test]
fn a_default_wants_an_account_that_there_is() {
    let naive = two();

    let unknown = naive.run("connections default gmail --account wrk").exits(1).json();
    let neither = naive.run("connections default gmail").exits(2).json();
    let both = naive.run("connections default gmail --account work --clear").exits(2).json();

    assert_eq!(unknown["error"]["hint"], "did you mean `work`?");
    assert_eq!(neither["error"]["code"], "invalid_input");
    assert_eq!(both["error"]["code"], "invalid_input");
    assert_eq!(defaults(&naive), [Value::Null; 0]);
}

#[test]
fn a_key_that_the_app_still_takes_is_active_and_one_it_does_not_is_expired() {
    let good = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let taken = std::sync::Arc::clone(&good);
    let auth =
        format!("{}[identity]\nrequest = \"GET /me\"\naccount = \"/name\"\n", crate::app::KEY);
    let naive = Naive::new().env("NAIVE_CREDENTIAL_API_KEY", "key-of-the-test");
    let app = crate::app::App::on(naive, &auth, move |_| {
        let good = taken.load(std::sync::atomic::Ordering::Relaxed);
        (!good).then(|| (401, "{}".to_owned()))
    });
    let id = app.naive.run("connections connect acme").exits(0).json();
    let id = id["result"]["connectedAccountId"].as_str().unwrap().to_owned();
    let refresh = format!("connections refresh {id}");

    drop(app.naive.run(&refresh).exits(0));
    good.store(false, std::sync::atomic::Ordering::Relaxed);
    let refused = app.naive.run(&refresh).exits(4).json();
    let row = app.naive.run(&format!("connections get {id}")).exits(0).json();
    good.store(true, std::sync::atomic::Ordering::Relaxed);
    let again = app.naive.run(&refresh).exits(0).json();

    assert_eq!(refused["error"]["reason"], "connection_expired");
    assert_eq!(row["result"]["status"], "EXPIRED");
    assert_eq!(again["result"]["status"], json!("ACTIVE"));
}
