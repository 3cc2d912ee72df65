//! `naive`: AI agents act on people's accounts while people stay in charge.
mod api;

fn main() {}
