//! GitHub as far as a developer's assistant needs it: repositories, files and branches, issues with
//! labels and comments, pull requests, search.
//!
//! All accounts share one GitHub: what is public can be read and discussed by everybody, and is
//! written to by its owner. Left out: organizations, reviews, actions, releases, milestones, Git
//! itself. Source: docs.github.com/rest, API version 2026-03-10.

mod branches;
mod comments;
mod files;
mod issues;
mod labels;
mod people;
mod pulls;
mod reply;
mod repositories;
mod search;
mod seed;

use axum::http::{HeaderName, Method, StatusCode};
use axum::response::Response;
use rusqlite::Connection;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::World;
use super::guest::{self, Guest, Stranger};
use super::http::{self, Call};
use super::store::objects::Shelf;
use crate::api::time::Millis;
use reply::{Refusal, Reply};

/// The scopes of which one must have been granted.
type Scopes = &'static [&'static str];

type Answer = Result<Reply, Refusal>;

/// Where people would look at it.
const PAGES: &str = "https://github.sandbox.example";

/// Scopes that let write to what is public, and to what is private.
const PUBLIC: Scopes = &["public_repo", "repo"];
const PRIVATE: Scopes = &["repo"];

/// A user at one moment, with what they ask.
struct Desk<'a> {
    /// The database, within a transaction if something may be changed.
    db: &'a Connection,
    call: &'a Call,
    guest: &'a Guest,
    /// The user's name.
    login: &'a str,
    /// Where the API is, without a slash at the end.
    base: &'a str,
    now: Millis,
}

impl Desk<'_> {
    /// Returns the time as GitHub writes it: `2026-11-20T10:38:47Z`.
    fn time(&self) -> String {
        written(self.now)
    }

    fn need(&self, scopes: Scopes) -> Result<(), Refusal> {
        if self.guest.may(scopes) {
            return Ok(());
        }
        Err(Refusal::scope(scopes))
    }

    /// Returns the JSON object that was sent; nothing sent is an empty one.
    fn body(&self) -> Result<Value, Refusal> {
        if self.call.body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        let bad = |text| Refusal::new(StatusCode::BAD_REQUEST, text);
        let body: Value =
            serde_json::from_slice(&self.call.body).map_err(|_| bad("Problems parsing JSON"))?;
        if body.is_object() { Ok(body) } else { Err(bad("Body should be a JSON object")) }
    }
}

/// The shelf of everybody's users or repositories.
fn everybody(kind: &str) -> Shelf<'_> {
    Shelf { app: "github", owner: "github", kind }
}

/// The shelf of what is in one repository.
fn of<'a>(repository: &'a Value, kind: &'a str) -> Shelf<'a> {
    Shelf { app: "github", owner: text(repository, "key"), kind }
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

fn written(at: Millis) -> String {
    Millis(at.0 / 1000 * 1000).to_string().replace(".000Z", "Z")
}

/// Returns a number that stands for a name.
fn number_of(name: &str) -> u32 {
    let digest = Sha256::digest(name);
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) >> 1
}

/// Returns 40 hexadecimal digits that stand for a content. Not Git's own hash.
fn sha_of(content: &str) -> String {
    let mut sha = format!("{:x}", Sha256::digest(content));
    sha.truncate(40);
    sha
}

/// Answers `/…`.
pub(super) fn answer(world: &World, call: &Call, path: &[&str]) -> Response {
    let (answer, scopes) = match admit(world, call) {
        Ok((guest, now)) => {
            let scopes = guest.scopes().collect::<Vec<_>>().join(", ");
            (serve(world, call, path, (&guest, now)), scopes)
        }
        Err(refusal) => (Err(refusal), String::new()),
    };
    let mut response = answer.map_or_else(|refusal| refusal.response(), Reply::response);
    http::set(&mut response, HeaderName::from_static("x-oauth-scopes"), &scopes);
    let media = HeaderName::from_static("x-github-media-type");
    http::set(&mut response, media, "github.v3; format=json");
    response
}

fn admit(world: &World, call: &Call) -> Result<(Guest, Millis), Refusal> {
    let now = Millis::now();
    // GitHub takes `Authorization: token …` as well.
    let token = call.bearer().or_else(|| {
        let (scheme, token) = call.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("token").then(|| token.trim())
    });
    let guest = guest::admit(world, token, "github", now)?.map_err(|why| {
        let text = match why {
            Stranger::Nameless => "Requires authentication",
            Stranger::Unknown | Stranger::Dead => "Bad credentials",
        };
        Refusal::new(StatusCode::UNAUTHORIZED, text)
    })?;
    Ok((guest, now))
}

fn serve(world: &World, call: &Call, path: &[&str], (guest, now): (&Guest, Millis)) -> Answer {
    let base = &format!("{}/github", world.base);
    let mut login = world.store.read(|db| people::login_of(db, &guest.account))?;
    if login.is_none() {
        let made = world.store.write(|tx| seed::account(tx, &guest.account, now))?;
        login = Some(made);
    }
    let login = &login.unwrap_or_default();
    if call.method == Method::GET {
        world.store.read(|db| dispatch(&Desk { db, call, guest, login, base, now }, path))
    } else {
        world.store.write(|tx| dispatch(&Desk { db: tx, call, guest, login, base, now }, path))
    }
}

/// Everything that is played.
fn dispatch(desk: &Desk<'_>, path: &[&str]) -> Answer {
    match (desk.call.method.as_str(), path) {
        ("GET", ["user"]) => people::own(desk),
        ("GET", ["user", "emails"]) => people::emails(desk),
        ("GET", ["user", "repos"]) => repositories::own(desk),
        ("POST", ["user", "repos"]) => repositories::create(desk),
        ("GET", ["users", login]) => people::get(desk, login),
        ("GET", ["users", login, "repos"]) => repositories::of_user(desk, login),
        ("GET", ["issues"] | ["user", "issues"]) => search::assigned(desk),
        ("GET", ["search", "issues"]) => search::issues(desk),
        ("GET", ["search", "repositories"]) => search::repositories(desk),
        ("GET", ["rate_limit"]) => Ok(reply::rate_limit(desk)),
        (verb, ["repos", owner, name, rest @ ..]) => {
            let repository = repositories::find(desk, owner, name)?;
            in_repository(desk, verb, &repository, rest)
        }
        _ => {
            desk.call.leave();
            Err(Refusal::not_found())
        }
    }
}

fn in_repository(desk: &Desk<'_>, verb: &str, repository: &Value, path: &[&str]) -> Answer {
    match (verb, path) {
        ("GET", []) => Ok(Reply::ok(repositories::shown(desk, repository))),
        ("PATCH", []) => repositories::update(desk, repository),
        ("DELETE", []) => repositories::delete(desk, repository),
        (_, ["issues", "comments", id]) => comments::one(desk, repository, verb, id),
        ("GET", ["issues"]) => issues::list(desk, repository),
        ("POST", ["issues"]) => issues::create(desk, repository),
        ("GET", ["issues", number]) => issues::get(desk, repository, number),
        ("PATCH", ["issues", number]) => issues::update(desk, repository, number),
        ("GET", ["issues", number, "comments"]) => comments::list(desk, repository, number),
        ("POST", ["issues", number, "comments"]) => comments::create(desk, repository, number),
        (_, ["issues", number, "labels", rest @ ..]) => {
            labels::of_issue(desk, repository, (verb, number, rest))
        }
        (_, ["issues", number, "assignees"]) => issues::assign(desk, repository, verb, number),
        (_, ["labels", rest @ ..]) => labels::answer(desk, repository, verb, rest),
        ("GET", ["pulls"]) => pulls::list(desk, repository),
        ("POST", ["pulls"]) => pulls::create(desk, repository),
        ("GET", ["pulls", number]) => pulls::get(desk, repository, number),
        ("PATCH", ["pulls", number]) => pulls::update(desk, repository, number),
        ("GET", ["pulls", number, "files"]) => pulls::files(desk, repository, number),
        ("GET", ["pulls", number, "merge"]) => pulls::is_merged(desk, repository, number),
        ("PUT", ["pulls", number, "merge"]) => pulls::merge(desk, repository, number),
        ("GET", ["readme"]) => files::get(desk, repository, "README.md"),
        ("GET", ["contents", path @ ..]) => files::get(desk, repository, &path.join("/")),
        ("PUT", ["contents", path @ ..]) => files::put(desk, repository, &path.join("/")),
        ("DELETE", ["contents", path @ ..]) => files::delete(desk, repository, &path.join("/")),
        ("GET", ["branches"]) => branches::list(desk, repository),
        ("GET", ["branches", name @ ..]) => branches::get(desk, repository, &name.join("/")),
        ("GET", ["commits"]) => branches::commits(desk, repository),
        ("GET", ["commits", sha]) => branches::commit(desk, repository, sha),
        ("POST", ["git", "refs"]) => branches::create(desk, repository),
        ("GET", ["git", "ref", "heads", name @ ..]) => {
            branches::reference(desk, repository, &name.join("/"))
        }
        ("DELETE", ["git", "refs", "heads", name @ ..]) => {
            branches::delete(desk, repository, &name.join("/"))
        }
        _ => {
            desk.call.leave();
            Err(Refusal::not_found())
        }
    }
}
