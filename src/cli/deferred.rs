//! The tree of commands, of which no more is put together than a command line asks for.

use std::ffi::OsString;
use std::ops::Deref;

use clap::builder::CommandExt;
use clap::error::Error;
use clap::{ArgMatches, FromArgMatches, Subcommand};

/// A group of commands, whose flags and helps the parser makes only where the group was named: to make them all takes
/// longer than most commands do what they are for.
#[derive(Debug)]
pub(crate) struct Deferred<T>(pub(crate) T);

impl<T> Deref for Deferred<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<T: Subcommand> Subcommand for Deferred<T> {
    fn augment_subcommands(group: clap::Command) -> clap::Command {
        let put_together = group.add(Group(T::augment_subcommands));
        put_together.defer(|group| described(group, T::augment_subcommands))
    }

    fn augment_subcommands_for_update(group: clap::Command) -> clap::Command {
        group.defer(|group| described(group, T::augment_subcommands_for_update))
    }

    fn has_subcommand(name: &str) -> bool {
        T::has_subcommand(name)
    }
}

/// How the commands of a group are added to it.
#[derive(Debug, Clone, Copy)]
struct Group(fn(clap::Command) -> clap::Command);

impl CommandExt for Group {}

/// Puts a group together, which goes on to say of itself what was said where it was named.
fn described(group: clap::Command, augment: fn(clap::Command) -> clap::Command) -> clap::Command {
    let (about, long) = (group.get_about().cloned(), group.get_long_about().cloned());
    let group = augment(group);
    let group = match about {
        Some(about) => group.about(about),
        None => group,
    };
    match long {
        Some(long) => group.long_about(long),
        None => group.long_about(None::<&str>),
    }
}

/// Returns a command with those commands below it alone that a word names, and without what it says to people.
pub(super) fn narrowed(command: &clap::Command, words: &[OsString]) -> clap::Command {
    let is_named = |one: &&clap::Command| {
        let mut names = one.get_all_aliases().chain([one.get_name()]);
        names.any(|name| words.iter().any(|word| word == name))
    };
    let narrow = |whole: &clap::Command| {
        let below = whole.get_subcommands().filter(is_named).map(|one| narrowed(one, words));
        clap::Command::new(whole.get_name().to_owned())
            .aliases(whole.get_all_aliases().map(str::to_owned).collect::<Vec<_>>())
            .args(whole.get_arguments())
            .subcommand_required(true)
            .subcommands(below)
    };
    match command.get::<Group>() {
        Some(Group(augment)) => narrow(&augment(command.clone())),
        None if command.has_subcommands() => narrow(command),
        None => command.clone(),
    }
}
