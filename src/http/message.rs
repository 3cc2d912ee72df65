//! Messages that others send here, signed with a secret that both know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// A message as it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    /// Its name
    pub(crate) id: &'a str,
    /// When it was sent, as it came
    pub(crate) timestamp: &'a str,
    /// Its signatures, `v1,<base64>`, with spaces between them
    pub(crate) signatures: &'a str,
    /// Its body, byte for byte
    pub(crate) body: &'a [u8],
}

/// How many signatures of a message are looked at.
const SIGNATURES: usize = 8;

/// Tells whether one of the signatures of a message is that of a secret: the HMAC-SHA256 over id, timestamp and
/// body with dots between them. Compared in constant time.
///
/// Source: Standard Webhooks 1.0.0, "Signature scheme" (read 2026-11-28). A secret counts as its own letters, and one
/// that begins with `whsec_` also as the bytes that the rest of it is the base64 of.
pub(crate) fn is_signed(message: &Signed<'_>, secret: &SecretString) -> bool {
    let text = secret.expose_secret();
    let encoded = text.strip_prefix("whsec_").and_then(|rest| STANDARD.decode(rest).ok());
    let keys = [Some(text.as_bytes().to_vec()), encoded];
    keys.into_iter().flatten().any(|key| is_signed_by(message, &key))
}

fn is_signed_by(message: &Signed<'_>, key: &[u8]) -> bool {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
    let mac = mac
        .chain_update(message.id)
        .chain_update(".")
        .chain_update(message.timestamp)
        .chain_update(".")
        .chain_update(message.body);
    let signatures = message.signatures.split_ascii_whitespace().take(SIGNATURES);
    let mut given = signatures.filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
    given.any(|given| mac.clone().verify_slice(&given).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(signatures: &str, body: &[u8]) -> bool {
        let (id, timestamp) = ("msg_1", "1700000000");
        is_signed(&Signed { id, timestamp, signatures, body }, &"whsec_rig".into())
    }

    #[test]
    fn one_good_signature_of_several_is_enough_and_no_other_is_good() {
        let mac = Hmac::<Sha256>::new_from_slice(b"whsec_rig").unwrap();
        let mac = mac.chain_update("msg_1.1700000000.{}").finalize().into_bytes();
        let good = format!("v1,{}", STANDARD.encode(mac));

        assert!(signed(&good, b"{}"));
        assert!(signed(&format!("v1,AAAA v2,x {good}"), b"{}"));
        assert!(!signed(&good, b"{} "));
        assert!(!signed("v1,AAAA", b"{}"));
        assert!(!signed(&good.replace("v1,", ""), b"{}"));
        assert!(!signed("", b"{}"));
    }
}
