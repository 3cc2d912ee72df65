//! Keys of programs: made here, known by their hash. Knows nothing of whose they are.

use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{KeyInit, OsRng};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest, Sha256};

use crate::api::ids::hex;
use crate::api::keys::{Dialect, Role};

/// What the keys of a store on some machine have in their name, and no hosted API's.
const MARK: &str = "_local_";

/// How keys of the Integrations API begin.
const INTEGRATIONS: &str = "bb_sk_";
/// How keys of the Connectors API begin, whose second word says whether the apps behind it are the real ones.
const CONNECTORS: &str = "alm_";

/// Returns a new key of an API: what it is for, that a store on this machine made it, and its random bits.
///
/// What keys of another vendor's API look like, and how long they are, its clients may check: 40 digits for the
/// Integrations API, 48 for the Connectors API, after `alm_live_` or, where the apps are `simulated`, `alm_test_`.
pub(crate) fn mint(dialect: Dialect, role: Role, simulated: bool) -> SecretString {
    let random = random();
    match (dialect, role) {
        (Dialect::Naive, Role::Workspace) => format!("nv_sk{MARK}{random}"),
        (Dialect::Naive, Role::Agent) => format!("nv_ag{MARK}{random}"),
        (Dialect::Integrations, _) => format!("{INTEGRATIONS}{}", &random[..40]),
        (Dialect::Connectors, _) => {
            let world = if simulated { "test" } else { "live" };
            format!("{CONNECTORS}{world}_{}", &random[..48])
        }
    }
    .into()
}

/// Returns a new key of a session.
pub(crate) fn mint_session() -> SecretString {
    format!("nv_sess{MARK}{}", random()).into()
}

/// Returns a new secret by which an address knows that it is we who tell it something.
pub(crate) fn mint_signing() -> SecretString {
    format!("whsec_{}", random()).into()
}

/// Returns a new secret by which a browser is known: what stands in a one-time link, or in a cookie.
pub(crate) fn mint_browser() -> SecretString {
    random().into()
}

/// Returns what follows from a secret for one purpose, and says nothing of the secret.
pub(crate) fn derived(secret: &SecretString, purpose: &str) -> String {
    let sum = Sha256::new().chain_update(purpose).chain_update([0]);
    hex(&sum.chain_update(secret.expose_secret()).finalize())
}

/// Returns 256 bits of the system's own, from the generator of the cipher's keys, in hexadecimal.
fn random() -> String {
    hex(&XChaCha20Poly1305::generate_key(&mut OsRng))
}

/// Returns the hash by which a store knows a key.
///
/// A plain SHA-256 is enough: nobody guesses 160 random bits. What is looked up is the hash, so how long
/// the comparison takes tells of the hash alone, and nobody can choose one byte of it after another.
pub(crate) fn hash(key: &SecretString) -> [u8; 32] {
    Sha256::digest(key.expose_secret()).into()
}

/// Tells whether what stands in the place of a key is none: nothing, or blanks.
pub(crate) fn is_blank(key: &SecretString) -> bool {
    key.expose_secret().trim().is_empty()
}

/// Tells whether a secret is this text.
pub(crate) fn is(secret: &SecretString, text: &str) -> bool {
    secret.expose_secret() == text
}

/// Returns the end of a key, by which people tell keys apart.
pub(crate) fn last_4(key: &SecretString) -> String {
    let key = key.expose_secret();
    key.chars().skip(key.chars().count().saturating_sub(4)).collect()
}

/// Returns the beginning of a key, by which people tell apart what it is for.
pub(crate) fn prefix(key: &SecretString) -> String {
    key.expose_secret().chars().take(12).collect()
}

/// Returns a new key, or signing secret, as it is told to whoever asked for it: once, and nowhere else.
pub(crate) fn told_once(key: &SecretString) -> String {
    key.expose_secret().to_owned()
}

/// Tells whether a store on some machine made a key, or it is for another API than the Naive one: no Naive API
/// that nobody named may see it.
pub(crate) fn is_local(key: &SecretString) -> bool {
    let key = key.expose_secret();
    key.contains(MARK) || key.starts_with(INTEGRATIONS) || key.starts_with(CONNECTORS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signing_secret_says_what_it_is_and_no_two_are_the_same() {
        let (one, other) = (told_once(&mint_signing()), told_once(&mint_signing()));

        assert!(one.starts_with("whsec_") && one.len() == "whsec_".len() + 64);
        assert_ne!(one, other);
    }

    #[test]
    fn a_key_says_what_it_is_and_no_two_are_the_same() {
        let naive = |role| mint(Dialect::Naive, role, true);
        let (agent, other, workspace) =
            (naive(Role::Agent), naive(Role::Agent), naive(Role::Workspace));

        assert!(told_once(&agent).starts_with("nv_ag_local_"));
        assert!(told_once(&workspace).starts_with("nv_sk_local_"));
        assert_eq!(told_once(&agent).len(), "nv_ag_local_".len() + 64);
        assert!(told_once(&agent).ends_with(&last_4(&agent)));
        assert_ne!(hash(&agent), hash(&other));
        assert!(is_local(&agent) && !is_local(&"nv_sk_live_1".into()));
    }

    #[test]
    fn keys_of_other_apis_look_as_their_clients_expect() {
        let integrations = mint(Dialect::Integrations, Role::Workspace, true);
        let test = mint(Dialect::Connectors, Role::Agent, true);
        let live = mint(Dialect::Connectors, Role::Agent, false);

        for (key, begins, digits) in
            [(&integrations, "bb_sk_", 40), (&test, "alm_test_", 48), (&live, "alm_live_", 48)]
        {
            let told = told_once(key);
            let rest = told.strip_prefix(begins).unwrap();
            assert!(rest.len() == digits && rest.chars().all(|c| c.is_ascii_hexdigit()), "{told}");
            assert_eq!(prefix(key), told[..12]);
            assert!(is_local(key));
        }
    }
}
