//! Tokens that an app signs for its users (JSON Web Tokens, RFC 7519): who signed them, and until when they are good.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::api::error::{Error, Result};

/// Longest token that is looked at, in bytes.
const LONGEST: usize = 8 * 1024;

/// By what the tokens of an app are known. The key says which algorithm it is, never the token.
pub(crate) struct TokenKey {
    key: DecodingKey,
    algorithm: Algorithm,
}

/// What a token claims, so far as it matters here.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Claims {
    /// For whom it is
    pub(crate) sub: String,
}

/// Why a token is good for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Untrusted {
    /// Its time is over
    Expired,
    /// It is none, or another's
    Invalid,
}

/// Tells whether a bearer is a token and not a key, by its form.
pub(crate) fn is_token(bearer: &SecretString) -> bool {
    bearer.expose_secret().split('.').count() == 3
}

impl TokenKey {
    /// Takes the secret that signs with HS256; fails with `InvalidInput` for one that is shorter than the hash
    /// (RFC 7518, 3.2).
    pub(crate) fn secret(secret: &SecretString) -> Result<Self> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() < 32 {
            return Err(Error::usage("a secret of `hs256` is shorter than 32 bytes"));
        }
        Ok(Self { key: DecodingKey::from_secret(secret), algorithm: Algorithm::HS256 })
    }

    /// Reads an RSA public key for RS256 from PEM; fails with `InvalidInput` if it holds none.
    pub(crate) fn public(pem: &str) -> Result<Self> {
        let is_private = pem.contains("PRIVATE KEY");
        let key = DecodingKey::from_rsa_pem(pem.as_bytes()).ok().filter(|_| !is_private);
        let key = key.ok_or_else(|| {
            Error::usage("a key of `rs256` is no RSA public key in PEM")
                .hint("it begins with `-----BEGIN PUBLIC KEY-----`")
        })?;
        Ok(Self { key, algorithm: Algorithm::RS256 })
    }

    /// Returns what a token claims that this key has signed for the issuer; clocks may differ by a minute.
    pub(crate) fn claims(
        &self,
        token: &SecretString,
        issuer: &str,
    ) -> std::result::Result<Claims, Untrusted> {
        let token = token.expose_secret();
        if token.len() > LONGEST {
            return Err(Untrusted::Invalid);
        }
        let mut wanted = Validation::new(self.algorithm);
        wanted.set_required_spec_claims(&["exp", "iss", "sub"]);
        wanted.set_issuer(&[issuer]);
        wanted.validate_nbf = true;
        wanted.validate_aud = false;
        match decode(token, &self.key, &wanted) {
            Ok(token) => Ok(token.claims),
            Err(error) => Err(match error.kind() {
                ErrorKind::ExpiredSignature => Untrusted::Expired,
                _ => Untrusted::Invalid,
            }),
        }
    }
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};

    use super::*;

    // Made with `openssl genrsa 2048` for this test; the private half is gone.
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAi9U1g+hB5Ewh+Y+rwUdV
wDit5UlI3Ouw4b3h19w9SGlKAqBeqK7XDAb7p1/D9fsJuMQlmnWa6jIMjgAPfIo+
zRcUhXjyWwiWznViW0m2+/2TAyzzaHRcEOittM/jb06cpI4VCyWhYOZkndU14dnN
pBnXja5GlEipsaZ9S6dSEvYxv/DppS0kSWxD9x9Y5H8yBFl1lnIh5UKb67wDfKLt
20K2w/4CghYJDi2DdZLtqSj2xZdVfZ21j550LdN61yFxSsW+Ae6HxXph/qpgumg1
a38jOir5FbaxQ6WKi42ycQC3bWAFLPq+XV3koEabsgnI3EanAzlNAyH9Z59u3Qdh
fQIDAQAB
-----END PUBLIC KEY-----";
    const SIGNED: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJidXR0ZXJiYXNlOmFwcDpvbmUiLCJzdWIiOiJ1IiwiZXhwIjo0MTAyNDQ0ODAwfQ.DHHE3UD7n_cv887PGYb305hmR6w_IZvqczAucWqrYyR-r-ne9TLaKuv8f8BbydSK4piumFcwqLUNlnf-5gQMM-KVVF1Prlu-ID793oQwXHfRbsXJeso9lPLOUoZsEviouLjJT_47bnzFH5PyRWvbIvmdPQHbAB1jx2Y-1xlk6aR-wyIoqY_n6IU8OjZMvExS9sDMEYbirHVT1jvNykUfBvbbO9CwbvHAv-GjQRr12KafOeoP4Mza91UMkYVeJ_XpAdZ9dHWCnPC97UipnUrnjVQE_KPOuhupXjRzLOauJus-W1yROd7D77Vt_Y7rXRJY1_XQufisj-aUPxyAj13Zmg";

    #[test]
    fn a_public_key_knows_what_its_other_half_has_signed() {
        let key = TokenKey::public(PUBLIC).unwrap();
        let claims = |token: &str| key.claims(&token.into(), "butterbase:app:one");

        let known = claims(SIGNED);

        assert_eq!(known, Ok(Claims { sub: "u".to_owned() }));
        assert_eq!(key.claims(&SIGNED.into(), "butterbase:app:two"), Err(Untrusted::Invalid));
        let (text, signature) = SIGNED.rsplit_once('.').unwrap();
        let (header, _) = text.split_once('.').unwrap();
        let long = format!("{text}.{}", "A".repeat(LONGEST));
        for bad in [&format!("{header}.e30.{signature}"), &format!("{text}."), "", "..", &long] {
            assert_eq!(claims(bad), Err(Untrusted::Invalid), "{bad}");
        }
    }

    #[test]
    fn a_public_key_signs_no_token_as_if_it_were_a_secret() {
        let key = TokenKey::public(PUBLIC).unwrap();
        let claims = serde_json::json!({"iss": "a", "sub": "u", "exp": 4_102_444_800_i64});
        let secret = EncodingKey::from_secret(PUBLIC.as_bytes());

        let token = encode(&Header::default(), &claims, &secret).unwrap();

        assert_eq!(key.claims(&token.into(), "a"), Err(Untrusted::Invalid));
    }

    #[test]
    fn what_is_no_key_is_refused_before_anything_is_served() {
        for bad in ["", "x", "-----BEGIN PUBLIC KEY-----AAAA-----END PUBLIC KEY-----"] {
            assert!(TokenKey::public(bad).is_err(), "{bad}");
        }
        assert!(TokenKey::public(&PUBLIC.replace("PUBLIC KEY", "PRIVATE KEY")).is_err());
        assert!(TokenKey::public(&PUBLIC[..120]).is_err());
        assert!(TokenKey::secret(&"short".into()).is_err());
    }
}
