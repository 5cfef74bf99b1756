//! Barline.
