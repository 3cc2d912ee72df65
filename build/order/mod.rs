//! Tells the linker which functions belong next to each other.
//!
//! Most commands are over in a few milliseconds, of which much goes to reading the binary: it is large, what one
//! command needs of it is little, and what lies near that is read with it. `make` finds out which functions commands
//! run and writes `functions.ld`. A function that is not there lies where it always did.

use std::env;
use std::path::Path;

use crate::Result;

/// Has a release for Linux linked by `functions.ld`, which GNU ld and LLD understand: with a linker that was chosen,
/// it is linked as ever.
#[expect(clippy::disallowed_methods, reason = "cargo tells a build script what it builds this way")]
pub(crate) fn link() -> Result<()> {
    let is = |name: &str, wanted: &str| env::var(name).is_ok_and(|value| value == wanted);
    let chosen = env::var_os("RUSTC_LINKER").is_some()
        || env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("link"));
    let gnu = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if is("PROFILE", "release") && gnu && !chosen {
        let script = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("build/order/functions.ld");
        println!("cargo::rustc-link-arg-bin=naive=-T{}", script.display());
    }
    Ok(())
}
