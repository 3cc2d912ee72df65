//! `backup` and `restore`: the store in a file, and back.

use std::fs;

use crate::support::{Naive, until};

fn users(naive: &Naive) -> Vec<String> {
    let run = naive.run("users list").exits(0).json();
    let users = run["result"]["users"].as_array().unwrap();
    users.iter().filter_map(|user| user["external_id"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_store_comes_back_as_it_was_with_the_credentials_in_it() {
    let naive = Naive::new();
    drop(naive.run("connections connect gmail --user alice").exits(0));
    let backup = naive.run("backup kept.db").exits(0).json();
    drop(naive.run("connections disconnect gmail --user alice --purge --yes").exits(0));
    drop(naive.run("users create bob").exits(0));

    let restored = naive.run("restore kept.db").exits(0).json();

    assert_eq!(users(&naive), ["alice"]);
    assert_eq!(restored["result"]["key_id"], backup["result"]["key_id"]);
    assert!(fs::exists(restored["result"]["kept"].as_str().unwrap()).unwrap());
    let mine = naive.run("connections execute gmail GMAIL_LIST_LABELS --user alice").json();
    assert_ne!(mine["error"]["reason"], "credential_damaged", "{mine}");
    assert_eq!(naive.run("logs verify").exits(0).json()["result"]["intact"], true);
    drop(naive.run("users create carol").exits(0));
}

#[cfg(unix)]
#[test]
fn a_backup_is_its_owners_alone_and_replaces_nothing_unasked() {
    use std::os::unix::fs::PermissionsExt as _;
    let naive = Naive::new();
    fs::write(naive.home().join("taken.db"), "mine").unwrap();

    let taken = naive.run("backup taken.db").exits(1).json();
    let inside = naive.run("backup sandbox/naive.db --force").exits(2).json();
    drop(naive.run("backup taken.db --force").exits(0));

    assert_eq!(taken["error"]["code"], "invalid_input");
    assert_eq!(taken["error"]["hint"], "name another file, or add `--force`");
    assert_eq!(inside["error"]["message"], "a backup does not go where the store is");
    let about = fs::metadata(naive.home().join("taken.db")).unwrap();
    assert_eq!(about.permissions().mode() & 0o777, 0o600);
    assert!(about.len() > 4096);
}

#[test]
fn what_is_no_backup_changes_nothing() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    drop(naive.run("backup kept.db").exits(0));
    let whole = fs::read(naive.home().join("kept.db")).unwrap();
    fs::write(naive.home().join("cut.db"), &whole[..whole.len() / 2]).unwrap();
    fs::write(naive.home().join("text.db"), "not a database, but long enough to be read as one")
        .unwrap();

    for file in ["cut.db", "text.db", "none.db"] {
        let run = naive.run(&format!("restore {file}")).exits(1).json();
        assert_eq!(run["error"]["code"], "invalid_input", "{file}");
    }
    assert_eq!(users(&naive), ["alice"]);
}

#[test]
fn a_store_that_is_damaged_is_brought_back() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    drop(naive.run("backup kept.db").exits(0));
    fs::write(naive.home().join("sandbox/naive.db"), "rubbish ".repeat(2000)).unwrap();
    drop(naive.run("users list").exits(1));

    drop(naive.run("restore kept.db").exits(0));

    assert_eq!(users(&naive), ["alice"]);
}

#[test]
fn a_store_that_another_process_reads_is_not_replaced() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    drop(naive.run("backup kept.db").exits(0));
    let mut follower = naive.command(["logs", "all", "--follow"]).spawn().unwrap();
    let mut lines =
        std::io::BufRead::lines(std::io::BufReader::new(follower.stdout.take().unwrap()));
    let first = until("an entry", || lines.next());
    assert!(first.is_ok());

    let run = naive.run("restore kept.db").exits(1).json();
    follower.kill().unwrap();
    follower.wait().unwrap();

    assert_eq!(run["error"]["reason"], "store_in_use");
    drop(naive.run("restore kept.db").exits(0));
}

#[test]
fn a_key_neither_takes_a_store_away_nor_brings_one_back() {
    let naive = Naive::new();
    drop(naive.run("backup kept.db").exits(0));
    for line in ["--profile sandbox backup more.db", "--profile sandbox restore kept.db"] {
        let words = line.split(' ');
        let run = naive.command(words).env("NAIVE_API_KEY", "nv_sk_x").output().unwrap();
        assert_eq!(run.status.code(), Some(4), "{line}");
    }
    assert!(!naive.home().join("more.db").exists());
}
