//! A connection that goes from one machine to another in a sealed block.

use serde_json::{Value, json};

use crate::app::{App, KEY, OAUTH};
use crate::browser::{Login, visit};
use crate::support::{Naive, Run};

const IMPORT: &str = "connections import";

/// An app that is connected on one machine, and another machine with the same app.
struct Two {
    here: App,
    there: Naive,
    id: String,
    key: String,
}

fn two(auth: &str) -> Two {
    let here = App::on(Naive::new().env("BROWSER", "/bin/true"), auth, |_| None);
    let login = Login::start(&here.naive, "connections connect acme --label work");
    drop(visit(&here.callback(&login.link)));
    let id = login.end().exits(0).json()["result"]["connectedAccountId"].clone();
    let there = Naive::new().env("NAIVE_PROFILE", "local");
    let manifest = std::fs::read(here.naive.home().join("acme.toml")).unwrap();
    std::fs::write(there.home().join("acme.toml"), manifest).unwrap();
    drop(there.run("toolkits add acme.toml").exits(0));
    let key = there.run("vault public-key").exits(0).json()["result"]["public_key"].clone();
    Two { here, there, id: text(&id), key: text(&key) }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Two {
    fn export(&self, more: &str) -> Run {
        self.here.naive.run(&format!("connections export {} --to {} {more}", self.id, self.key))
    }

    fn block(&self) -> String {
        text(&self.export("").exits(0).json()["result"]["block"])
    }

    fn import(&self, block: &str) -> Run {
        self.there.fed(IMPORT, block)
    }

    fn rows(naive: &Naive) -> Value {
        naive.run("connections connected").exits(0).json()["result"]["connections"].clone()
    }
}

#[test]
fn a_connection_is_sealed_here_and_works_there() {
    let two = two(OAUTH);
    let calls = two.here.upstream.received().len();

    let sealed = two.export("").exits(0);
    let opened = two.import(&sealed.out).exits(0).json();
    let asked = two.here.upstream.received().len();
    let run = two.there.run("connections execute acme ACME_READ").exits(0).json();

    assert_eq!(sealed.json()["result"]["status"], "ACTIVE");
    assert_eq!(sealed.json()["result"]["rotates"], true);
    assert!(sealed.json()["hints"][0].as_str().unwrap().contains("only one machine can go on"));
    assert_eq!(opened["result"]["status"], "ACTIVE");
    assert_eq!(opened["result"]["account"], "ada");
    assert_eq!(asked, calls, "neither side asked the app anything");
    assert_eq!(run["result"]["data"], json!({"done": true}));
    let sent = two.here.calls("GET", "/things");
    assert_eq!(sent[0].headers["authorization"], "Bearer access-0-of-the-test");
    let row = &Two::rows(&two.there)[0];
    assert_eq!((&row["label"], &row["scopes"]), (&json!("work"), &json!(["all"])));
    assert_eq!(Two::rows(&two.here.naive)[0]["status"], "ACTIVE");
}

#[test]
fn a_move_switches_off_here_and_its_purge_revokes_nothing() {
    let two = two(OAUTH);

    let moved = two.export("--move --output table").exits(0);
    let call = two.here.execute("ACME_READ").exits(4).json();
    drop(two.there.fed("connections import --label mine", &moved.out).exits(0));

    assert!(moved.out.starts_with("-----BEGIN NAIVE CONNECTION-----\nVersion: 1\nTo: "));
    let purge =
        format!("connections disconnect acme --account {} --purge --keep-upstream --yes", two.id);
    assert!(moved.err.contains(&purge[..purge.len() - 6]), "{}", moved.err);
    assert_eq!(call["error"]["message"], "the connection of `default` to `acme` is inactive");
    let purged = two.here.naive.run(&purge).exits(0).json();
    assert_eq!(purged["result"]["status"], "REVOKED");
    assert_eq!(purged["result"]["revokedUpstream"], false);
    assert!(two.here.calls("POST", "/revoke").is_empty());
    assert_eq!(Two::rows(&two.there)[0]["label"], "mine");
    drop(two.there.run("connections execute acme ACME_READ").exits(0));
    assert_eq!(two.export("--move").exits(1).json()["error"]["reason"], "not_connected");
}

#[cfg(target_os = "linux")]
#[test]
fn a_moved_block_that_could_not_be_written_is_not_lost() {
    let two = two(OAUTH);
    let words = ["connections", "export", &two.id, "--to", &two.key, "--move"];
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();

    let lost = two.here.naive.command(words).stdout(full).output().unwrap();
    let other = two.export("--move --jq .success").exits(0);
    let again = two.export("--move").exits(0);

    assert_eq!(lost.status.code(), Some(1));
    assert_eq!(other.out, "true\n");
    assert_eq!(again.json()["result"]["status"], "INACTIVE");
    drop(two.import(&again.out).exits(0));
    drop(two.there.run("connections execute acme ACME_READ").exits(0));
}

#[test]
fn a_name_that_nobody_has_is_not_said_to_be_taken() {
    let naive = Naive::new();
    let done = naive.run("connections connect gmail").exits(0).json();
    let key = text(&naive.run("vault public-key").exits(0).json()["result"]["public_key"]);
    let id = text(&done["result"]["connectedAccountId"]);
    let sealed = naive.run(&format!("connections export {id} --to {key}")).exits(0);

    let again = naive.fed(IMPORT, &sealed.out).exits(1).json();
    let second = naive.fed("connections import --label second", &sealed.out).exits(0);
    let third = naive.fed("connections import --label second", &sealed.out).exits(1).json();

    assert_eq!(again["error"]["hint"], "give it a name of its own with `--label`");
    assert!(second.err.contains("Each home has a sandbox of its own"), "{}", second.err);
    assert_eq!(third["error"]["hint"], "give it another name than `second` with `--label`");
}

#[test]
fn a_block_that_is_wrong_is_named_and_changes_nothing() {
    let two = two(OAUTH);
    let block = two.block();
    let stranger = Naive::new().env("NAIVE_PROFILE", "local");
    let line = block.lines().nth(5).unwrap();
    let swapped: String = line.chars().rev().collect();
    let table = [
        (String::new(), "block_malformed"),
        ("{}".to_owned(), "block_malformed"),
        (block[..block.len() / 2].to_owned(), "block_truncated"),
        (block.replace(line, ""), "block_damaged"),
        (block.replace(line, &swapped), "block_damaged"),
        (block.replace("Version: 1", "Version: 2"), "block_newer"),
    ];

    for (bad, reason) in &table {
        let run = two.import(bad).exits(1).json();
        assert_eq!(run["error"]["reason"], *reason, "{bad}");
        assert_eq!(run["error"]["code"], "invalid_input");
        assert_ne!(run["error"]["hint"], Value::Null);
    }
    let other = stranger.fed(IMPORT, &block).exits(1).json();

    assert_eq!(other["error"]["reason"], "block_other_key");
    assert_eq!(other["error"]["message"], "the block is sealed for another key");
    assert_eq!(Two::rows(&two.there), json!([]));
    let listed = two.there.run("connections list --search acme").exits(0).json();
    assert_eq!(listed["result"]["toolkits"][0]["connection"], Value::Null);
    drop(two.import(&block).exits(0));
}

#[test]
fn a_key_that_was_not_copied_whole_seals_nothing() {
    let two = two(OAUTH);
    for bad in ["x", &two.key[..two.key.len() - 1], &two.key.replace("naive1", "naive2")] {
        let line = format!("connections export {} --to {bad} --move", two.id);
        let run = two.here.naive.run(&line).exits(1).json();

        assert_eq!(run["error"]["reason"], "public_key_malformed", "{bad}");
    }
    drop(two.here.execute("ACME_READ").exits(0));
}

#[test]
fn a_toolkit_that_is_unknown_or_another_there_is_refused() {
    let two = two(OAUTH);
    let block = two.block();
    let elsewhere = two.there.home().join("acme.toml");
    let manifest = std::fs::read_to_string(&elsewhere).unwrap();
    let moved = format!("base_url = \"{}\"", two.here.upstream.url);
    let manifest = manifest.replace(&moved, "base_url = \"https://evil.example\"");

    drop(two.there.run("toolkits remove acme").exits(0));
    let unknown = two.import(&block).exits(1).json();
    std::fs::write(&elsewhere, manifest).unwrap();
    drop(two.there.run("toolkits add acme.toml").exits(0));
    let other = two.import(&block).exits(1).json();
    let simulated = two.there.fed("--profile sandbox connections import", &block).exits(1).json();

    assert_eq!(unknown["error"]["reason"], "toolkit_unknown");
    assert_eq!(other["error"]["reason"], "other_toolkit");
    assert_eq!(simulated["error"]["reason"], "block_other_key", "each profile has its own key");
    assert_eq!(Two::rows(&two.there), json!([]));
}

#[test]
fn tokens_of_another_oauth_client_are_refused_until_it_is_configured() {
    let two = two(OAUTH);
    drop(two.there.run("toolkits configure acme --client-id another").exits(0));
    let block = two.block();

    let refused = two.import(&block).exits(4).json();
    drop(two.there.run("toolkits configure acme --client-id naive").exits(0));
    let run = two.import(&block);

    assert_eq!(
        refused["error"],
        json!({
            "code": "not_configured",
            "message": "the tokens belong to the OAuth client `naive`; `acme` uses `another` here",
            "hint": "run `naive toolkits configure acme --client-id=naive`, with `--client-secret -` if it has a secret; then import again",
            "reason": "other_client",
        })
    );
    drop(run.exits(0));
}

#[test]
fn what_is_connected_there_is_not_replaced() {
    let two = two(OAUTH);
    let block = two.block();
    drop(two.import(&block).exits(0));

    let again = two.import(&block).exits(1).json();

    assert_eq!(again["error"]["reason"], "already_connected");
    drop(two.there.fed("connections import --label second", &block).exits(0));
    assert_eq!(Two::rows(&two.there).as_array().unwrap().len(), 2);
}

#[test]
fn an_api_key_goes_over_as_well_and_belongs_to_the_user_who_is_named() {
    let naive = Naive::new().env("NAIVE_CREDENTIAL_API_KEY", "key-of-the-test");
    let here = App::on(naive, KEY, |_| None);
    let done = here.naive.run("connections connect acme").exits(0).json();
    let there = Naive::new().env("NAIVE_PROFILE", "local");
    let manifest = std::fs::read(here.naive.home().join("acme.toml")).unwrap();
    std::fs::write(there.home().join("acme.toml"), manifest).unwrap();
    drop(there.run("toolkits add acme.toml").exits(0));
    drop(there.run("users create alice").exits(0));
    let key = there.run("vault public-key").exits(0).json()["result"]["public_key"].clone();

    let id = text(&done["result"]["connectedAccountId"]);
    let sealed = here.naive.run(&format!("connections export {id} --to {}", text(&key))).exits(0);
    drop(there.fed("connections import --user alice", &sealed.out).exits(0));

    assert_eq!(sealed.json()["result"]["rotates"], false);
    drop(there.run("connections execute acme ACME_READ --user alice").exits(0));
    assert_eq!(here.calls("GET", "/things")[0].headers["x-key"], "key-of-the-test");
}

#[test]
fn a_key_nobody_knows_hands_nothing_over() {
    let two = two(OAUTH);
    let block = two.block();
    let stranger = |words: &[&str]| {
        let mut command = two.there.command(words);
        command.env("NAIVE_API_KEY", "nv_sk_unknown");
        crate::support::ended(command.output().unwrap()).exits(4).json()["error"]["code"].clone()
    };

    assert_eq!(stranger(&["connections", "export", &two.id, "--to", &two.key]), "unauthorized");
    assert_eq!(stranger(&["connections", "import"]), "unauthorized");
    assert_eq!(stranger(&["vault", "public-key"]), "unauthorized");
    drop(two.import(&block).exits(0));
}
