//! Keys for the server's other APIs: how they look, whose they are, and what they do not open.

use serde_json::{Value, json};

use crate::keys::{by, made};
use crate::support::Naive;
use crate::users::handles;

#[test]
fn each_api_has_keys_of_its_own_form() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);

    let plain = made(&naive, "--role agent");
    let app = made(&naive, "--dialect integrations --app app_1");
    let any = made(&naive, "--dialect integrations");
    let test = made(&naive, "--dialect connectors --user alice");
    let live = made(&naive, "--dialect connectors --profile local");

    let forms = [
        (&plain, "nv_ag_local_", 64),
        (&app, "bb_sk_", 40),
        (&test, "alm_test_", 48),
        (&live, "alm_live_", 48),
    ];
    for (key, begins, digits) in forms {
        let secret = key["api_key"].as_str().unwrap();
        let rest = secret.strip_prefix(begins).unwrap();
        assert!(rest.len() == digits && rest.chars().all(|c| c.is_ascii_hexdigit()), "{secret}");
        assert_eq!(key["prefix"], secret[..12]);
    }
    assert_eq!((&app["role"], &app["app"]), (&json!("workspace"), &json!("app_1")));
    assert_eq!(any.get("app"), None);
    assert_eq!((&test["role"], &test["dialect"]), (&json!("agent"), &json!("connectors")));
    let alice = naive.run("users get alice").exits(0).json()["result"]["id"].clone();
    assert_eq!(test["tenant_user_id"], alice);
    assert!(live["tenant_user_id"].is_string(), "it is the workspace's own user's");
    let list = naive.run("keys list").exits(0).json()["result"]["keys"].clone();
    let dialects: Vec<_> = list.as_array().unwrap().iter().map(|key| &key["dialect"]).collect();
    assert_eq!(dialects, ["connectors", "integrations", "integrations", "naive"]);
    let table = naive.run("keys list --output table").exits(0).out;
    assert!(table.contains("integrations: app_1"), "{table}");
}

#[test]
fn a_key_of_another_api_is_no_caller_at_the_command_line() {
    let naive = Naive::new();
    let keys = [made(&naive, "--dialect connectors"), made(&naive, "--dialect integrations")];

    for key in &keys {
        for line in ["whoami", "users create mallory", "--profile sandbox connections connected"] {
            let run = by(&naive, key, line).exits(4);

            let error = run.json()["error"].clone();
            assert_eq!(error["code"], "unauthorized", "{line}");
            assert_eq!(error["reason"], "key_of_another_dialect", "{line}");
        }
        // Another profile's store does not know it, and nobody else's API is asked.
        let elsewhere = by(&naive, key, "--profile cloud whoami").exits(4).json();
        assert_eq!(elsewhere["error"]["reason"], "key_unknown");
    }
    assert_eq!(handles(&naive), ["-"]);
}

#[test]
fn what_makes_no_key_of_an_api_is_told_so() {
    let naive = Naive::new();

    let wrong: [(&str, Value); 6] = [
        ("--dialect naive", json!("/role")),
        ("--dialect naive --role agent --app a", json!("/app")),
        ("--dialect connectors --app a", json!("/app")),
        ("--dialect connectors --role workspace", json!("/role")),
        ("--dialect integrations --role agent", json!("/role")),
        ("--dialect integrations --user default", json!("/user")),
    ];
    for (words, pointer) in wrong {
        let run = naive.run(&format!("keys create --name x {words}")).exits(1);

        let error = run.json()["error"].clone();
        assert_eq!(error["code"], "invalid_input", "{words}");
        assert_eq!(error["details"][0]["pointer"], pointer, "{words}");
        assert!(error["hint"].is_string(), "{words}");
    }
    naive.run("keys create --name x").exits(2);
    naive.run("keys create --name x --dialect connectors --user nobody --profile local").exits(1);
    naive.run("keys create --name x --dialect integrations --app a/b").exits(2);
    naive.run("keys create --name x --dialect other").exits(2);
    assert_eq!(naive.run("keys list").exits(0).json()["result"]["keys"], json!([]));
}

#[test]
fn where_resolvers_are_separate_no_key_makes_one_for_an_app() {
    let naive = Naive::new();
    let workspace = made(&naive, "--role workspace");
    naive.run("workspace update --separate-resolver true").exits(0);

    let app = by(&naive, &workspace, "keys create --name x --dialect integrations").exits(1);
    let own = by(&naive, &workspace, "keys create --name x --dialect connectors").exits(0);

    assert_eq!(app.json()["error"]["reason"], "separate_resolver");
    assert_eq!(own.json()["result"]["role"], "agent");
}
