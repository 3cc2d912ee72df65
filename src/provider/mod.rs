//! The code that reaches apps: given a tool, its input and an opened credential, it calls out.

pub(crate) mod direct;
#[cfg_attr(not(test), expect(dead_code, reason = "the engine reaches for it next"))]
pub(crate) mod mcp;
