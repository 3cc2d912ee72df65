//! Where the workspaces of apps of the Integrations API lie.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::ids::AppId;

/// Directory of the workspaces of apps, below the one that holds the keys to them.
pub(crate) const APPS: &str = "apps";

impl AppId {
    /// Returns where its workspace lies, below the one that holds its keys. Two apps are two also where files are
    /// found by their name whatever its case.
    pub(crate) fn place(&self) -> PathBuf {
        let mut name = String::new();
        for letter in self.as_str().chars() {
            if letter.is_ascii_uppercase() {
                name.push('=');
            }
            name.push(letter.to_ascii_lowercase());
        }
        Path::new(APPS).join(name)
    }

    /// Returns the app whose workspace lies in a directory of that name.
    pub(crate) fn at(name: &OsStr) -> Option<Self> {
        let mut id = String::new();
        let mut letters = name.to_str()?.chars();
        while let Some(letter) = letters.next() {
            id.push(if letter == '=' { letters.next()?.to_ascii_uppercase() } else { letter });
        }
        id.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_apps_never_lie_at_the_same_place() {
        let place = |id: &str| id.parse::<AppId>().unwrap().place();

        assert_eq!(place("app_abc-1"), Path::new("apps/app_abc-1"));
        assert_eq!(place("App"), Path::new("apps/=app"));
        assert_ne!(place("aPp"), place("app"));
    }

    #[test]
    fn an_app_is_known_by_the_name_of_its_directory() {
        for id in ["app_abc-1", "App", "aPP", "A"] {
            let app: AppId = id.parse().unwrap();
            assert_eq!(AppId::at(app.place().file_name().unwrap()), Some(app), "{id}");
        }
        for other in [".tmp", "=", "a b", ""] {
            assert_eq!(AppId::at(OsStr::new(other)), None, "{other}");
        }
    }
}
