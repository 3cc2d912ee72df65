//! What toolkits exist and what they offer. Manifests in, manifests out: no store and no network.

mod check;
pub(crate) mod input;
pub(crate) mod manifest;
mod read;
pub(crate) mod search;
pub(crate) mod shape;
pub(crate) mod template;

pub(crate) use read::{Format, from_json, parse};

use url::Url;

use crate::api::error::{Error, Result};
use crate::api::ids::Slug;
use manifest::Manifest;

/// The shipped manifests, in the order of their slugs; `build.rs` packs them from `builtin/*.toml`.
const BUILTIN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// Returns the slugs of the shipped toolkits, in order.
pub(crate) fn builtin_slugs() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().map(|(slug, _)| *slug)
}

/// Returns the shipped toolkit of that slug.
///
/// It is not judged here: a test holds every shipped manifest to what added ones are held to.
pub(crate) fn builtin(slug: &Slug) -> Option<Result<Manifest>> {
    let (_, text) = BUILTIN.iter().find(|(name, _)| *name == slug.as_str())?;
    let read = serde_json::from_str(text);
    Some(read.map_err(|error| Error::internal("a shipped manifest cannot be read", error)))
}

/// Moves every address of a toolkit to the sandbox at `sandbox`: the same paths, on one loopback host.
pub(crate) fn relocate(mut toolkit: Manifest, sandbox: &Url) -> Manifest {
    let home = format!("{}/{}", sandbox.as_str().trim_end_matches('/'), toolkit.slug);
    let path = toolkit.base_url.splitn(4, '/').nth(3).map(|path| format!("/{path}"));
    toolkit.base_url = home.clone() + &path.unwrap_or_default();
    let at = |path: &str| Url::parse(&format!("{home}{path}")).ok();
    let auth = &mut toolkit.auth;
    let revokes = auth.revoke_url.is_some() || auth.issuer.is_some();
    auth.issuer = at("");
    auth.authorize_url = at("/oauth/authorize");
    auth.token_url = at("/oauth/token");
    auth.revoke_url = at("/oauth/revoke").filter(|_| revokes);
    auth.device_url = auth.device_url.take().and_then(|_| at("/oauth/device"));
    auth.registration_url = auth.registration_url.take().and_then(|_| at("/oauth/register"));
    auth.client_id = Some("naive-sandbox".to_owned());
    toolkit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_toolkit_is_whole() {
        for (slug, text) in BUILTIN {
            let toolkit = parse(text, Format::Json, slug).unwrap();

            assert_eq!(toolkit.slug.as_str(), *slug);
            assert!(toolkit.tools.len() >= 6, "{slug}");
        }
        assert!(builtin_slugs().is_sorted());
    }

    #[test]
    fn a_relocated_toolkit_keeps_its_paths() {
        let gmail = builtin(&"gmail".parse().unwrap()).unwrap().unwrap();

        let moved = relocate(gmail, &"http://127.0.0.1:7/".parse().unwrap());

        assert_eq!(moved.base_url, "http://127.0.0.1:7/gmail/gmail/v1");
        assert_eq!(moved.auth.token_url.unwrap().as_str(), "http://127.0.0.1:7/gmail/oauth/token");
        let github = builtin(&"github".parse().unwrap()).unwrap().unwrap();
        let moved = relocate(github, &"http://127.0.0.1:7/".parse().unwrap());
        assert_eq!(moved.base_url, "http://127.0.0.1:7/github");
    }
}
