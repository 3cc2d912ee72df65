//! Exactly once: approvals under kills, crowds, failing disks and power cuts, their effects counted in
//! the ledger of the upstream and not in what `naive` says of itself.

mod crowd;
mod disk;
mod kills;
mod orders;
mod power;
mod scene;
