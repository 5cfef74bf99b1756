//! Notes to canonical text.
