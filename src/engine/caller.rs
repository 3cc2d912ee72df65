//! Who is calling: the credential says so, never the terminal.

use crate::api::approvals::Actor;
use crate::api::keys::Role;

/// Whoever makes a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The operator at the command line, on a store of their own
    Human,
    /// A program with a key of this store
    Key(Holder),
    /// Nobody who could be named: a browser that comes back from a login, or time
    System,
    /// Somebody whose key is good for nothing here
    Refused(Refusal),
}

/// A program with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The key's id, `key_…`
    pub(crate) id: String,
    /// What its maker calls it
    pub(crate) name: String,
    /// What it lets its holder do
    pub(crate) role: Role,
    /// UUID of the user it is sealed to
    pub(crate) user: Option<String>,
}

/// Why a key is good for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// This store does not know it
    Unknown,
    /// It was taken back
    Revoked,
    /// Its time is over
    Expired,
    /// It is for another API than the one it was shown to
    OtherDialect,
}

impl Caller {
    /// Returns the user it is sealed to, by UUID.
    pub(crate) fn seal(&self) -> Option<&str> {
        match self {
            Self::Key(holder) => holder.user.as_deref(),
            Self::Human | Self::System | Self::Refused(_) => None,
        }
    }

    /// Tells whether it may see what belongs to a user, by UUID, or to the workspace as a whole.
    pub(crate) fn may_see(&self, user: Option<&str>) -> bool {
        self.seal().is_none_or(|seal| user == Some(seal))
    }

    /// Returns its name in approvals and in the log.
    pub(crate) fn actor(&self) -> Actor {
        let name = match self {
            Self::Human => return Actor::operator(),
            Self::System => return Actor::system(),
            Self::Key(holder) => Some(holder.name.clone()),
            Self::Refused(_) => None,
        };
        Actor { actor_type: "agent".to_owned(), actor_id: self.actor_id().to_owned(), name }
    }

    /// Returns the id in that name.
    pub(crate) fn actor_id(&self) -> &str {
        match self {
            Self::Human => Actor::OPERATOR,
            Self::System => Actor::SYSTEM,
            Self::Key(holder) => &holder.id,
            Self::Refused(_) => "unknown",
        }
    }
}
