//! Secrets that a program of the operator's is started with, in its environment. Nothing else puts one there.

use std::collections::BTreeMap;
use std::process::Command;

use secrecy::{ExposeSecret as _, SecretString};

/// What stands for a secret wherever such a program's words are shown.
const MASK: &str = "********";
/// Shortest text that is taken for an echoed secret.
const ECHO_MIN: usize = 8;

/// Puts secrets into the environment of a program that is about to be started.
pub(crate) fn furnish(command: &mut Command, environment: &BTreeMap<String, SecretString>) {
    for (name, secret) in environment {
        command.env(name, secret.expose_secret());
    }
}

/// Returns a text in which what the program was given is masked.
pub(crate) fn masked(text: &str, environment: &BTreeMap<String, SecretString>) -> String {
    let secrets = environment.values().map(SecretString::expose_secret);
    let long = secrets.filter(|secret| secret.len() >= ECHO_MIN);
    long.fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
}
