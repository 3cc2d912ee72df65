//! What toolkits exist and what they offer. Manifests in, manifests out: no store and no network.

mod brokerage;
mod check;
pub(crate) mod input;
pub(crate) mod manifest;
pub(crate) mod openapi;
mod read;
pub(crate) mod search;
pub(crate) mod shape;
pub(crate) mod template;

pub(crate) use brokerage::{DATA, brokerage};
pub(crate) use read::{Format, from_json, parse};

use url::Url;

use crate::api::error::{Error, Result};
use crate::api::ids::Slug;
use manifest::Manifest;

/// A manifest that is shipped, as `build.rs` packs it from `builtin/*.toml`.
struct Shipped {
    slug: &'static str,
    /// All of it, as JSON
    whole: &'static str,
    /// The same without its tools, for those who only list it
    card: &'static str,
    /// How many tools it has
    tools: usize,
}

/// The shipped manifests, in the order of their slugs.
const BUILTIN: &[Shipped] = include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// Returns the slugs of the shipped toolkits, in order.
pub(crate) fn builtin_slugs() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().map(|shipped| shipped.slug)
}

/// Returns the shipped toolkit of that slug.
///
/// It is not judged here: a test holds every shipped manifest to what added ones are held to.
pub(crate) fn builtin(slug: &Slug) -> Option<Result<Manifest>> {
    shipped(slug).map(|shipped| read_shipped(shipped.whole))
}

/// Returns how many tools the shipped toolkit of that slug has, and the toolkit without them: far less
/// to read, for lists.
pub(crate) fn builtin_card(slug: &Slug) -> Option<Result<(usize, Manifest)>> {
    shipped(slug).map(|shipped| Ok((shipped.tools, read_shipped(shipped.card)?)))
}

fn shipped(slug: &Slug) -> Option<&'static Shipped> {
    BUILTIN.iter().find(|shipped| shipped.slug == slug.as_str())
}

fn read_shipped(text: &str) -> Result<Manifest> {
    serde_json::from_str(text)
        .map_err(|error| Error::internal("a shipped manifest cannot be read", error))
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
        for Shipped { slug, whole, tools, .. } in BUILTIN {
            let toolkit = parse(whole, Format::Json, slug).unwrap();
            let (count, card) = builtin_card(&toolkit.slug).unwrap().unwrap();

            assert_eq!(toolkit.slug.as_str(), *slug);
            assert!(*tools >= 6 && toolkit.tools.len() == *tools, "{slug}");
            assert_eq!((card.name, count), (toolkit.name, *tools));
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
