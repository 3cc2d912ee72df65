//! What there is to be traded, as a market tells it.

use uuid::Uuid;

use super::{Listed, Market, options, universe};
use crate::api::time::Millis;
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::AssetClass;

#[expect(
    clippy::unused_self,
    reason = "callers ask a market what it lists, though all list the same"
)]
impl Market {
    /// Returns what is listed under a symbol, in the spelling of [`Market::resolve`], an expired
    /// option included.
    pub(crate) fn listed(&self, symbol: &Symbol, at: Millis) -> Option<Listed> {
        match symbol.contract() {
            Some(contract) => options::listed(&contract, at),
            None => universe::find(symbol.as_str()).map(|entry| entry.listed.clone()),
        }
    }

    /// Returns all shares and coins, ordered by symbol, inactive ones included.
    pub(crate) fn assets(&self) -> impl Iterator<Item = &'static Listed> {
        universe::all().iter().map(|entry| &entry.listed)
    }

    /// Returns the active options of a share, ordered by expiry, right and strike; none if it has
    /// none.
    pub(crate) fn chain(&self, underlying: &Symbol, at: Millis) -> Vec<Listed> {
        universe::find(underlying.as_str()).map_or(Vec::new(), |entry| options::chain(entry, at))
    }

    /// Tells whether there are options of a share.
    pub(crate) fn has_options(&self, share: &Symbol) -> bool {
        universe::find(share.as_str()).is_some_and(|entry| entry.volatility.is_some())
    }

    /// Returns the spelling of a symbol that the exchange itself uses, and its market: `BTCUSD` is
    /// `BTC/USD`.
    ///
    /// Reads ids of assets and contracts as well, with dashes or without. Shares and coins are
    /// those that are listed, in capitals; of options the form is judged and not whether there is
    /// such a contract.
    pub(crate) fn resolve(&self, text: &str) -> Option<(Symbol, AssetClass)> {
        let symbol = match Uuid::try_parse(text) {
            Err(_) => universe::spelled(text),
            Ok(id) => universe::of_id(id)
                .map(|listed| listed.symbol.clone())
                .or_else(|| options::of_id(id)?.to_string().parse().ok()),
        }?;
        let class = symbol.class();
        Some((symbol, class))
    }
}
