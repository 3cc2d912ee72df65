//! What programs that we start get of our own environment.

use std::env;
use std::ffi::OsString;

/// Returns what a program that is started with a cleared environment gets of ours: where programs and the home
/// are, and on Windows what nothing runs without.
#[expect(clippy::disallowed_methods, reason = "`settings` is the only reader of the environment")]
pub(crate) fn inherited() -> impl Iterator<Item = (&'static str, OsString)> {
    let names = ["PATH", "HOME", "SystemRoot", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP"];
    names.into_iter().filter_map(|name| Some((name, env::var_os(name)?)))
}
