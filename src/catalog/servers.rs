//! MCP servers that vendors run for everybody: facts, from which a way to the app is made.

use super::manifest::{Auth, Field, Manifest, Part, Place};
use crate::api::ids::Slug;
use crate::api::toolkits::{AuthType, Provider};

/// One line a server: slug, name, address, how a client is had.
const SERVERS: &str = include_str!("shipped/servers.tsv");

/// A server, as the list has it.
#[derive(Debug, Clone, Copy)]
struct Server {
    slug: &'static str,
    name: &'static str,
    address: &'static str,
    client: &'static str,
}

fn all() -> impl Iterator<Item = Server> {
    SERVERS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut parts = line.split('\t');
        let (slug, name) = (parts.next()?, parts.next()?);
        Some(Server { slug, name, address: parts.next()?, client: parts.next()? })
    })
}

/// Returns the slugs of the servers, in order.
pub(crate) fn server_slugs() -> impl Iterator<Item = &'static str> {
    all().map(|server| server.slug)
}

/// Returns the way to an app by its vendor's server, if that is known; its tools are learnt from it.
pub(crate) fn server(slug: &Slug) -> Option<Manifest> {
    let server = all().find(|server| server.slug == slug.as_str())?;
    Some(by_address(slug.clone(), server.name, server.address.to_owned(), auth(server)))
}

/// Returns the way to a server at an address, as far as an address tells it.
pub(crate) fn by_address(slug: Slug, name: &str, address: String, auth: Auth) -> Manifest {
    Manifest {
        provider: Provider::Mcp,
        description: format!("What the MCP server of {name} offers"),
        ..Manifest::bare(slug, name.to_owned(), address, auth)
    }
}

fn auth(server: Server) -> Auth {
    match server.client {
        "none" => Auth::fresh(),
        "key" => bearer(),
        client => Auth { registers_nobody: client != "registers", ..by_oauth(server.address) },
    }
}

/// Returns the login of a server that names its OAuth server itself (RFC 9728).
pub(crate) fn by_oauth(address: &str) -> Auth {
    Auth { kind: AuthType::Oauth2, resource: address.parse().ok(), ..Auth::fresh() }
}

/// Returns the login of a server that takes a key which users paste.
pub(crate) fn bearer() -> Auth {
    let place = Place {
        part: Part::Header,
        name: "Authorization".to_owned(),
        value: "Bearer {api_key}".to_owned(),
    };
    let field = Field { key: "api_key".to_owned(), label: "API key".to_owned(), secret: true };
    Auth { kind: AuthType::ApiKey, fields: vec![field], place: Some(place), ..Auth::fresh() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_is_a_way_that_an_added_one_could_be() {
        for slug in server_slugs() {
            let manifest = server(&slug.parse().unwrap()).unwrap();
            super::super::from_json(&serde_json::to_string(&manifest).unwrap()).unwrap();

            assert!(manifest.base_url.starts_with("https://"), "{slug}");
        }
        assert!(server_slugs().is_sorted());
        assert!(all().all(|one| {
            ["registers", "given", "document", "key", "none"].contains(&one.client)
        }));
    }
}
