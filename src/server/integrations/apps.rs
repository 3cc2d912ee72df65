//! The apps that are served: each a workspace of its own, below the one that holds the keys.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::api::error::{Code, Error, Result};
use crate::api::ids::AppId;
use crate::engine::Engine;
use crate::vault::tokens::TokenKey;

/// How many apps are open at once.
const MOST: usize = 64;

/// The apps that are open, and the keys by which their users' tokens are known.
#[derive(Debug, Default)]
pub(in crate::server) struct Apps {
    open: Mutex<Open>,
    keys: HashMap<AppId, TokenKey>,
}

#[derive(Debug, Default)]
struct Open {
    /// By id, with the turn in which each was last asked for
    apps: HashMap<AppId, (u64, Arc<Engine>)>,
    turn: u64,
}

impl Apps {
    /// Returns apps of which none is open.
    pub(in crate::server) fn new(keys: HashMap<AppId, TokenKey>) -> Self {
        Self { open: Mutex::default(), keys }
    }

    /// Returns the key by which the tokens of an app's users are known, if the operator has named one.
    pub(super) fn key(&self, app: &AppId) -> Option<&TokenKey> {
        self.keys.get(app)
    }

    /// Returns those that are open now.
    pub(in crate::server) fn all(&self) -> Vec<(AppId, Arc<Engine>)> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.apps.iter().map(|(id, (_, app))| (id.clone(), Arc::clone(app))).collect()
    }

    /// Returns the workspace of an app, if it was made before.
    pub(super) fn present(&self, main: &Engine, id: &AppId) -> Result<Option<Arc<Engine>>> {
        main.has_app(id).then(|| self.opened(main, id)).transpose()
    }

    /// Returns the workspace of an app, which is made if it is not there. Where there are too many, it is opened in
    /// the place of the idle one that was not asked for longest.
    pub(super) fn opened(&self, main: &Engine, id: &AppId) -> Result<Arc<Engine>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.turn += 1;
        let turn = open.turn;
        if let Some((last, app)) = open.apps.get_mut(id) {
            *last = turn;
            return Ok(Arc::clone(app));
        }
        if open.apps.len() >= MOST {
            let idle = open.apps.iter().filter(|(_, (_, app))| Arc::strong_count(app) == 1);
            let oldest = idle.min_by_key(|(_, (last, _))| *last).map(|(id, _)| id.clone());
            open.apps.remove(&oldest.ok_or_else(too_many)?);
        }
        let app = Arc::new(main.app(id)?);
        open.apps.insert(id.clone(), (turn, Arc::clone(&app)));
        Ok(app)
    }
}

fn too_many() -> Error {
    Error::new(Code::FeatureNotConfigured, "too many apps are in use at once")
        .hint("try again in a moment")
        .reason("too_many_apps")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::tests::engine;

    fn app(number: usize) -> AppId {
        format!("app-{number}").parse().unwrap()
    }

    #[test]
    fn the_app_that_nobody_asked_for_longest_makes_room_and_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let (main, apps) = (engine(dir.path()), Apps::default());
        for number in 0..MOST {
            apps.opened(&main, &app(number)).unwrap();
        }
        let first = apps.opened(&main, &app(0)).unwrap();

        apps.opened(&main, &app(MOST)).unwrap();

        assert_eq!(apps.all().len(), MOST);
        let open = |number| apps.open.lock().unwrap().apps.contains_key(&app(number));
        assert!(open(0) && !open(1) && open(MOST));
        assert!(Arc::ptr_eq(&first, &apps.opened(&main, &app(0)).unwrap()));
        assert!(apps.present(&main, &app(1)).unwrap().is_some());
        assert!(apps.present(&main, &app(MOST + 1)).unwrap().is_none());
        assert_eq!(main.apps().len(), MOST + 1);
    }

    #[test]
    fn apps_that_are_all_in_use_stay_open() {
        let dir = tempfile::tempdir().unwrap();
        let (main, apps) = (engine(dir.path()), Apps::default());
        let held: Vec<_> = (0..MOST).map(|n| apps.opened(&main, &app(n)).unwrap()).collect();

        let refused = apps.opened(&main, &app(MOST)).unwrap_err();

        assert_eq!(refused.reason.as_deref(), Some("too_many_apps"));
        assert_eq!(apps.all().len(), held.len());
        assert!(!main.has_app(&app(MOST)));
    }
}
