//! The key to an API: given once, kept sealed, sent to that address alone.

use serde_json::json;

use super::{KEY, always, client, is_readable_below, without_key};
use crate::support::{Naive, Upstream};

const ME: &str =
    r#"{"agent_id": "a1", "agent_name": "bot", "company_id": "c1", "company_name": "Acme"}"#;

fn api() -> Upstream {
    Upstream::new(|request| match request.headers.get("authorization").map(String::as_str) {
        _ if request.path == "/health" => (200, r#"{"status": "ok"}"#.to_owned()),
        Some(bearer) if bearer == format!("Bearer {KEY}") || bearer.ends_with("_other") => {
            (200, ME.to_owned())
        }
        _ => {
            (401, r#"{"error": {"code": "unauthorized", "message": "the key is unknown"}}"#.into())
        }
    })
}

#[test]
fn a_key_is_checked_and_kept_sealed() {
    let api = api();
    let naive = without_key(&api);

    let run = naive.fed("login --key -", KEY).exits(0);
    let who = naive.run("whoami").exits(0).json();

    assert_eq!(run.json()["result"]["identity"]["agent_name"], "bot");
    assert!(!format!("{}{}", run.out, run.err).contains(KEY));
    assert_eq!(who["result"]["keySource"], "login");
    assert_eq!(who["result"]["baseUrl"], api.url);
    assert_eq!(who["result"]["identity"], serde_json::from_str::<serde_json::Value>(ME).unwrap());
    assert!(!is_readable_below(naive.home(), KEY));
    let paths: Vec<_> = api.received().into_iter().map(|one| one.path).collect();
    assert_eq!(paths, ["/v1/auth/me", "/v1/auth/me"]);
}

#[test]
fn a_login_needs_no_profile_and_logging_out_forgets_it() {
    let api = api();
    let naive = Naive::new().env("NAIVE_BASE_URL", &api.url);

    let login = naive.fed("login --key -", KEY).exits(0).json();
    let out = naive.run("logout").exits(0).json();
    let again = naive.run("logout").exits(0).json();
    let after = naive.run("--profile cloud whoami").exits(4).json();

    let next = &login["next_steps"][0]["command"];
    assert_eq!(*next, "naive config set default_profile cloud");
    assert_eq!(out["result"]["logged_out"], true);
    assert_eq!(again["result"]["logged_out"], false);
    assert_eq!(after["error"]["reason"], "key_missing");
}

#[test]
fn a_key_that_the_api_does_not_know_is_not_kept() {
    let api = api();
    let naive = without_key(&api);

    let run = naive.fed("login --key -", "nv_sk_wrong").exits(4).json();

    assert_eq!(run["error"]["message"], "the key is unknown");
    assert_eq!(naive.run("whoami").exits(4).json()["error"]["reason"], "key_missing");
}

#[test]
fn the_key_of_the_environment_outranks_the_one_that_is_kept() {
    let api = api();
    let naive = without_key(&api);
    naive.fed("login --key -", KEY).exits(0);
    let naive = naive.env("NAIVE_API_KEY", "nv_sk_live_other");

    let who = naive.run("whoami").exits(0).json();

    assert_eq!(who["result"]["keySource"], "environment");
    assert_eq!(api.received()[1].headers["authorization"], "Bearer nv_sk_live_other");
}

#[test]
fn each_address_has_its_own_key_and_is_sent_no_other() {
    let (one, other) = (api(), api());
    let naive = without_key(&one);
    naive.fed("login --key -", KEY).exits(0);

    let elsewhere = naive.run(&format!("--base-url {} whoami", other.url)).exits(4).json();
    let line = format!("--base-url {}/ login --key -", other.url);
    naive.fed(&line, "nv_sk_live_other").exits(0);
    naive.run("whoami").exits(0);

    assert_eq!(elsewhere["error"]["reason"], "key_missing");
    let keys = |api: &Upstream| -> Vec<_> {
        api.received().into_iter().map(|one| one.headers["authorization"].clone()).collect()
    };
    assert_eq!(keys(&one), [format!("Bearer {KEY}"), format!("Bearer {KEY}")]);
    assert_eq!(keys(&other), ["Bearer nv_sk_live_other"]);
}

#[test]
fn a_key_never_comes_from_the_command_line_and_is_never_asked_for_in_a_pipe() {
    let api = api();
    let naive = without_key(&api);

    let in_argv = naive.run("login --key nv_sk_live_secret").exits(2);
    let in_a_pipe = naive.run("login").exits(2).json();

    assert!(!in_argv.out.contains("nv_sk_live_secret"), "{}", in_argv.out);
    let hint = &in_a_pipe["error"]["hint"];
    assert_eq!(*hint, "give it on stdin with `naive login --key -`");
    assert!(api.received().is_empty());
}

#[test]
fn a_key_that_a_store_made_goes_to_a_named_address_only() {
    let naive = Naive::new();

    let run = naive.fed("login --key -", "nv_sk_local_00").exits(4).json();

    assert_eq!(run["error"]["reason"], "key_unknown");
    assert_eq!(run["error"]["hint"], "name the API with `--base-url`");
}

#[test]
fn an_address_that_may_not_be_called_is_a_usage_error() {
    let naive = Naive::new().env("NAIVE_PROFILE", "cloud").env("NAIVE_API_KEY", KEY);

    for bad in [
        "nonsense",
        "ftp://a.example",
        "http://a.example",
        "https://u:secret@a.example",
        "https://a.example/?x=1",
    ] {
        let run = naive.run(&format!("--base-url {bad} whoami")).exits(2);
        let said = run.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(said.starts_with("`--base-url` names no API: "), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
    let named = naive.env("NAIVE_BASE_URL", "x").run("whoami").exits(2).json();
    assert!(named["error"]["message"].as_str().unwrap().starts_with("`NAIVE_BASE_URL` names"));
}

#[test]
fn the_flag_outranks_the_environment_and_that_the_config_file() {
    let (flag, variable, configured) = (api(), api(), api());
    let naive = Naive::new().env("NAIVE_PROFILE", "cloud").env("NAIVE_API_KEY", KEY);
    // The config file's keys are the operator's to set.
    let set = format!("[profiles.cloud]\nbase_url = \"{}\"\n", configured.url);
    std::fs::write(naive.home().join("config.toml"), set).unwrap();

    naive.run("whoami").exits(0);
    let naive = naive.env("NAIVE_API_URL", &variable.url);
    naive.run("whoami").exits(0);
    naive.run(&format!("whoami --base-url {}", flag.url)).exits(0);

    let asked = [&configured, &variable, &flag].map(|api| api.received().len());
    assert_eq!(asked, [1, 1, 1]);
}

#[test]
fn what_needs_a_store_of_this_machine_says_so() {
    let naive = client(&always(200, "{}"));

    for (line, name) in [
        ("vault status", "vault status"),
        ("backup x.db", "backup"),
        ("restore x.db", "restore"),
        ("approvals notify-secret", "approvals notify-secret"),
    ] {
        let run = naive.run(line).exits(2).json();
        let said = format!("`naive {name}` works on a store of this machine");
        assert_eq!(run["error"]["message"], said);
        assert_eq!(run["error"]["hint"], "use `--profile local`");
    }
}

#[test]
fn what_is_for_an_api_says_so_elsewhere() {
    let naive = Naive::new();

    for line in [
        "--profile local login --key -",
        "--profile local logout",
        "api GET /v1/users",
        "--base-url http://127.0.0.1:9 users list",
    ] {
        let run = naive.run(line).exits(2).json();
        assert_eq!(run["error"]["hint"], "add `--profile cloud`", "{line}");
    }
}

#[test]
fn whom_commands_act_for_is_chosen_here_and_asked_there() {
    let api = Upstream::new(|request| match request.path.as_str() {
        "/v1/users/alice" => (200, json!({"id": "u1", "shape": "new"}).to_string()),
        _ => (200, json!({"connections": []}).to_string()),
    });
    let naive = client(&api);

    naive.run("use alice").exits(0);
    naive.run("connections connected").exits(0);

    assert_eq!(api.received()[1].path, "/v1/users/alice/connections/connected");
}

#[test]
fn the_doctor_asks_the_api() {
    let api = api();
    let naive = client(&api);

    let run = naive.run("doctor").json();

    let checks = run["result"]["checks"].as_array().unwrap();
    let found = |name: &str| checks.iter().find(|check| check["check"] == name).unwrap();
    assert_eq!(found("login")["found"], "bot, from the environment");
    assert!(found("API")["ok"].as_bool().unwrap());
    assert_eq!(api.received()[0].path, "/health");
    assert!(!api.received()[0].headers.contains_key("authorization"));
}
