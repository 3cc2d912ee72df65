//! The code that reaches apps: given a tool, its input and an opened credential, it calls out.

pub(crate) mod direct;
