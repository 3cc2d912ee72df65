//! Which toolkits an app has enabled: those that its Default kit allows by name. So the gate enforces it for every
//! door, and what was connected before survives.

use serde::Serialize;

use super::{Asked, Stop};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{AppId, Slug};
use crate::api::kits::{Kit, UpdateKit};
use crate::api::time::Millis;
use crate::api::toolkits::GetToolkit;
use crate::engine::{KIT_CHANGED, integrated, integrating};
use crate::server::wrong::Wrong;
use crate::store::Integration;

/// How often a change is tried that somebody else was quicker with.
const TRIES: usize = 10;

/// An integration as it is configured. Never holds a credential.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    id: String,
    app_id: AppId,
    toolkit_slug: Slug,
    display_name: String,
    enabled: bool,
    scopes: Vec<String>,
    auth_scheme: &'static str,
    created_at: Millis,
    updated_at: Millis,
}

/// Returns the toolkits that the app has enabled.
pub(super) fn toolkits(asked: &Asked) -> Result<Vec<Slug>> {
    Ok(integrated(&asked.app.default_kit()?).cloned().collect())
}

/// Fails if the app has not enabled a toolkit.
pub(super) fn check(asked: &Asked, toolkit: &Slug) -> Result<()> {
    if toolkits(asked)?.contains(toolkit) { Ok(()) } else { Err(not_enabled(toolkit.as_str())) }
}

/// Makes the error of a toolkit that the app has not enabled.
pub(super) fn not_enabled(toolkit: &str) -> Error {
    let toolkit = toolkit.replace('`', "'");
    Error::new(Code::Forbidden, format!("toolkit `{toolkit}` is not enabled for this app"))
        .reason("toolkit_not_allowed")
}

/// Returns the integrations of the app that are enabled, the oldest first.
pub(super) async fn rows(asked: &Asked) -> std::result::Result<Vec<Row>, Stop> {
    let enabled = toolkits(asked)?;
    let mut rows = Vec::new();
    for one in asked.app.integrations()? {
        if enabled.contains(&one.toolkit) {
            rows.push(row(asked, one).await?);
        }
    }
    Ok(rows)
}

/// Returns an integration that is enabled, if it is.
pub(super) async fn find(asked: &Asked, toolkit: &Slug) -> std::result::Result<Option<Row>, Stop> {
    Ok(rows(asked).await?.into_iter().find(|row| row.toolkit_slug == *toolkit))
}

async fn row(asked: &Asked, one: Integration) -> std::result::Result<Row, Stop> {
    let detail = asked.done(GetToolkit::of(one.toolkit.clone())).await?;
    Ok(Row {
        id: one.id,
        app_id: asked.id.clone(),
        toolkit_slug: one.toolkit,
        display_name: one.display_name,
        enabled: true,
        scopes: detail.scopes,
        auth_scheme: super::catalog::scheme(detail.summary.auth_type),
        created_at: one.created_at,
        updated_at: one.updated_at,
    })
}

/// Enables a toolkit under a name.
pub(super) async fn enable(
    asked: &Asked,
    toolkit: &Slug,
    name: &str,
) -> std::result::Result<(), Stop> {
    // Without the name it would be enabled and not listed.
    asked.app.name_integration(toolkit, name)?;
    change(asked, |kit| integrating(kit, integrated(kit).chain([toolkit]).cloned())).await
}

/// Disables a toolkit, which may never have been enabled.
pub(super) async fn disable(asked: &Asked, toolkit: &Slug) -> std::result::Result<(), Stop> {
    if !toolkits(asked)?.contains(toolkit) {
        return Ok(());
    }
    let rest = |kit: &Kit| integrating(kit, integrated(kit).filter(|one| *one != toolkit).cloned());
    change(asked, rest).await
}

/// Changes the kit that rules the app, once more where somebody else has changed it meanwhile.
async fn change(
    asked: &Asked,
    wanted: impl Fn(&Kit) -> UpdateKit,
) -> std::result::Result<(), Stop> {
    for _ in 0..TRIES {
        match asked.done(wanted(&asked.app.default_kit()?)).await {
            Err(Stop::Wrong(Wrong::Refused(error)))
                if error.reason.as_deref() == Some(KIT_CHANGED) => {}
            ended => return ended.map(drop),
        }
    }
    Err(Error::new(Code::DuplicateRequest, "others change the integrations of this app").into())
}
