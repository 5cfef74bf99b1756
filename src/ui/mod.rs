//! The performer's screen: text in, requests out. All of it runs on the main thread.
//!
//! [`app::App`] is the only writer of editor buffers and panels, a reducer without I/O: [`app::Input`] in, [`app::Request`]s out.
//! [`view`] draws an `&App` and nothing else; [`terminal`] owns the real terminal and the loop. A [`document::Document`] is a text in an
//! [`editor`], what the parser makes of it ([`highlight`]), and where in it the music is ([`follow`]).

pub mod app;
pub mod bench;
pub mod document;
pub mod editor;
pub mod follow;
pub mod highlight;
pub mod keys;
pub mod osc52;
pub mod terminal;
pub mod theme;
pub mod view;

pub use app::{App, Evaluation, Input, Request};
