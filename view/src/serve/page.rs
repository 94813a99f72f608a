//! The files of the page. They are part of the program, and load nothing from elsewhere.

use super::response::Response;

const HTML: &str = "text/html";
const STYLE: &str = "text/css";
const SCRIPT: &str = "text/javascript";

/// Each file: its name, its type and what it holds. The first is the page.
const FILES: &[(&str, &str, &str)] = &[
    ("", HTML, include_str!("page/index.html")),
    ("icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("view.css", STYLE, include_str!("page/view.css")),
    ("view.js", SCRIPT, include_str!("page/view.js")),
    ("actions.js", SCRIPT, include_str!("page/actions.js")),
    ("archive.js", SCRIPT, include_str!("page/archive.js")),
    ("card.js", SCRIPT, include_str!("page/card.js")),
    ("details.js", SCRIPT, include_str!("page/details.js")),
    ("dom.js", SCRIPT, include_str!("page/dom.js")),
    ("feed.js", SCRIPT, include_str!("page/feed.js")),
    ("keys.js", SCRIPT, include_str!("page/keys.js")),
    ("log.js", SCRIPT, include_str!("page/log.js")),
    ("machines.js", SCRIPT, include_str!("page/machines.js")),
    ("notifications.js", SCRIPT, include_str!("page/notifications.js")),
    ("sections.js", SCRIPT, include_str!("page/sections.js")),
    ("server.js", SCRIPT, include_str!("page/server.js")),
];

/// Returns a file of the page, if there is one with this name.
pub(super) fn file(name: &str) -> Option<Response> {
    let (_, content_type, text) = FILES.iter().find(|(known, ..)| *known == name)?;
    Some(Response::new(200, content_type, *text))
}
