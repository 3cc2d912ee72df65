//! The cloud profile: `naive` as the client of an API that answers on a socket.

mod answers;
mod api;
mod cached;
mod calls;
mod connect;
mod login;
mod same;
mod waits;

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Naive, Received, Upstream};

/// The key of the tests; the sandbox and the local profile know none like it.
const KEY: &str = "nv_sk_live_of_the_test";

/// An API that gives every request the same answer.
fn always(status: u16, body: impl Into<String>) -> Upstream {
    let body = body.into();
    Upstream::new(move |_| (status, body.clone()))
}

/// A machine that calls this API with the key of the tests.
fn client(api: &Upstream) -> Naive {
    without_key(api).env("NAIVE_API_KEY", KEY)
}

/// A machine that calls this API.
fn without_key(api: &Upstream) -> Naive {
    Naive::new()
        .env("NAIVE_PROFILE", "cloud")
        .env("NAIVE_BASE_URL", &api.url)
        .env("NAIVE_ENCRYPTION_KEY", "0123456789abcdef".repeat(4))
}

/// Returns what was sent with a method.
fn sent(api: &Upstream, method: &str) -> Vec<Received> {
    api.received().into_iter().filter(|one| one.method == method).collect()
}

/// Returns a body as JSON.
fn body(one: &Received) -> Value {
    serde_json::from_str(&one.body).unwrap()
}

/// Tells whether any file below a directory holds a text.
fn is_readable_below(dir: &Path, text: &str) -> bool {
    fs::read_dir(dir).unwrap().map(Result::unwrap).any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return is_readable_below(&path, text);
        }
        let bytes = fs::read(path).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}
