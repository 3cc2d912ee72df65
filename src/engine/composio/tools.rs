//! The tools of a toolkit that Composio leads to: taken when somebody connects, and again when they are a day old.

use std::time::Duration;

use crate::api::error::{Code, Result};
use crate::api::ids::Slug;
use crate::api::time::Millis;
use crate::api::toolkits::{Availability, Provider};
use crate::api::ways::{RefreshToolkit, ToolkitRefreshed};
use crate::api::workspace::User;
use crate::catalog::manifest::Tool;
use crate::engine::Engine;
use crate::engine::known::Known;
use crate::engine::servers::{compared, refreshed, text};
use crate::provider::mcp::Taken;

/// How long the tools of a toolkit are believed before they are taken again.
const BELIEVED: Duration = Duration::from_hours(24);

impl Engine {
    /// Takes the tools of a toolkit as they are now. Each is called at its own version, so none changes by itself.
    pub(in crate::engine) async fn take_tools(&self, known: &Known) -> Result<()> {
        let now = self.offered_by_composio(known).await?;
        self.store.put_tools(known.slug(), Provider::Composio, (&text(&now)?, None), Millis::now())
    }

    /// Takes the tools of a toolkit again that Composio leads to, if nobody has or that is long ago; where that
    /// fails, those that are known go on.
    pub(in crate::engine) async fn learn_tools(
        &self,
        user: &User,
        slug: &Slug,
        by: (Option<Provider>, Option<&str>),
    ) -> Result<()> {
        let Ok(known) = self.toolkit_of(user, slug, by) else { return Ok(()) };
        let until = known.checked_at.map(|at| at.after(BELIEVED));
        let is_old = until.is_none_or(|until| until <= Millis::now());
        let usable = known.availability().0 == Availability::Available;
        if known.provider() != Provider::Composio || !is_old || !usable {
            return Ok(());
        }
        match self.take_tools(&known).await {
            Err(error)
                if known.checked_at.is_none() || error.code == Code::FeatureNotConfigured =>
            {
                Err(error)
            }
            Err(error) => {
                self.note(format!(
                    "Composio could not be asked for the tools of `{slug}`: {error}."
                ));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Looks at the tools that Composio offers of a toolkit now, and takes them if told to.
    pub(in crate::engine) async fn refresh_offered(
        &self,
        known: &Known,
        op: &RefreshToolkit,
    ) -> Result<ToolkitRefreshed> {
        let now = self.offered_by_composio(known).await?;
        let change = compared(known, &now);
        let accepted = op.accept && !change.is_none();
        if accepted || known.checked_at.is_none() {
            let at = Millis::now();
            self.store.put_tools(known.slug(), Provider::Composio, (&text(&now)?, None), at)?;
        }
        Ok(refreshed(known, &change, accepted))
    }

    async fn offered_by_composio(&self, known: &Known) -> Result<Vec<Tool>> {
        let reached = self.composio()?;
        let before = &known.manifest.tools;
        let taken = reached.api().tools(known.slug(), known.remote_slug()?, before).await?;
        let Taken { tools, left_out } = taken;
        for (name, why) in left_out {
            self.note(format!("Composio offers `{name}`, which cannot be used: {why}."));
        }
        Ok(tools)
    }
}
