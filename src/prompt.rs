//! To come.
/// One tune of a prompt file.
#[derive(Clone, Debug)]
pub struct Scene;
