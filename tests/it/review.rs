//! What a reader of the code found wrong before anybody met it.

use std::fs;

use crate::support::{Naive, Run, Upstream};

/// A machine that is connected to an app whose key stands in the query, and whose one write is a GET.
fn connected(upstream: &Upstream) -> Naive {
    let naive =
        Naive::new().env("NAIVE_PROFILE", "local").env("NAIVE_CREDENTIAL_API_KEY", "hunter2");
    let manifest = format!(
        r#"slug = "old"
name = "Old"
description = "An old app"
base_url = "{}"
[auth]
type = "api_key"
fields = [{{ key = "api_key", label = "Key" }}]
place = {{ in = "query", name = "key", value = "{{api_key}}" }}
[[tools]]
slug = "OLD_SEND"
name = "Send"
description = "Send"
request = "GET /send"
effect = "write"
"#,
        upstream.url
    );
    fs::write(naive.home().join("old.toml"), manifest).unwrap();
    naive.run("toolkits add old.toml").exits(0);
    naive.run("connections connect old").exits(0);
    naive
}

fn send(naive: &Naive, more: &str) -> Run {
    naive.run(&format!("connections execute old OLD_SEND {more}"))
}

#[test]
fn a_write_is_sent_once_whatever_its_method() {
    let upstream = Upstream::new(|_| (503, "{}".to_owned()));
    let naive = connected(&upstream);

    let run = send(&naive, "").exits(7);

    assert_eq!(run.json()["error"]["code"], "outcome_unknown");
    assert_eq!(upstream.received().len(), 1);
}

#[test]
fn a_short_key_is_masked_too() {
    let upstream = Upstream::new(|_| (200, "{}".to_owned()));
    let naive = connected(&upstream);

    let run = send(&naive, "--dry-run").exits(0);

    assert!(!run.out.contains("hunter2"), "{}", run.out);
    assert!(upstream.received().is_empty());
}
