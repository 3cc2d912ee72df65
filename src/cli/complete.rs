//! Completions that know this workspace: toolkits, tools, users and account kits.

use std::ffi::OsString;

use clap::{Command, CommandFactory as _};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::CompleteEnv;

use super::Cli;
use crate::api::ids::Slug;
use crate::catalog::added::Listing;
use crate::catalog::builtin_slugs;
use crate::catalog::pack::{App, Name};
use crate::settings::{Flags, Profile, Settings};
use crate::store::Store;

/// Answers the shell and ends the process, if it was a shell that asked.
///
/// Looks at the store of the profile that the environment names, and asks nobody else.
pub(crate) fn complete() {
    CompleteEnv::with_factory(|| with_values(whole())).complete();
}

/// Returns all commands, those of groups too.
fn whole() -> Command {
    let mut whole = Cli::command();
    whole.build();
    whole
}

/// Hangs the candidates on every argument of these names, however deep.
fn with_values(command: Command) -> Command {
    let command = command.mut_args(|arg| match arg.get_id().as_str() {
        "toolkit" => arg.add(ArgValueCandidates::new(toolkits)),
        "tool" => arg.add(ArgValueCandidates::new(tools)),
        "user" => arg.add(ArgValueCandidates::new(users)),
        "kit" | "account_kit_id" => arg.add(ArgValueCandidates::new(kits)),
        _ => arg,
    });
    command.mut_subcommands(with_values)
}

fn store() -> Option<Store> {
    let settings = Settings::resolve(&Flags::default()).ok()?;
    if settings.api_key.is_some() || settings.profile == Profile::Cloud {
        // Nobody is asked here whose names a key may see.
        return None;
    }
    settings.dir.join("naive.db").exists().then(|| Store::open(&settings.dir).ok())?
}

fn toolkits() -> Vec<CompletionCandidate> {
    let added = store().and_then(|store| store.added_slugs().ok()).unwrap_or_default();
    let mut slugs: Vec<String> = builtin_slugs().map(str::to_owned).collect();
    slugs.extend(added.iter().map(Slug::to_string));
    slugs.sort();
    slugs.dedup();
    slugs.into_iter().map(CompletionCandidate::new).collect()
}

fn users() -> Vec<CompletionCandidate> {
    let users = store().and_then(|store| store.users().ok()).unwrap_or_default();
    users.iter().map(|user| CompletionCandidate::new(user.handle().to_owned())).collect()
}

fn kits() -> Vec<CompletionCandidate> {
    let kits = store().and_then(|store| store.kits().ok()).unwrap_or_default();
    kits.into_iter().map(|kit| CompletionCandidate::new(kit.name)).collect()
}

/// Returns the tools of the toolkit that stands before on the line.
fn tools() -> Vec<CompletionCandidate> {
    let words: Vec<OsString> =
        std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let store = store();
    let added = |slug: &Slug| store.as_ref()?.added(slug).ok().flatten();
    let names =
        words.iter().filter_map(|word| word.to_str()?.parse::<Slug>().ok()).find_map(|slug| {
            match added(&slug) {
                Some(row) => {
                    let listing = Listing::read(row.listing).ok()?;
                    Some((0..listing.len()).map(|at| listing.name(at)).collect())
                }
                None => App::of(slug.as_str())?.names().ok(),
            }
        });
    let candidate =
        |name: Name| CompletionCandidate::new(name.slug).help(Some(name.description.into()));
    let names: Vec<Name> = names.unwrap_or_default();
    names.into_iter().map(candidate).collect()
}
