//! Lays out items in columns for a terminal of any width.

use std::borrow::Cow;
use std::io;

use textwrap::core::display_width;

use super::table::{pad, table};

/// How far items are indented below a heading.
const INDENT: usize = 2;

/// What is known about one item: the important columns, and the rest.
pub struct Item {
    /// The columns that come first.
    pub primary: Vec<String>,
    /// The columns that come after them, or on a second line if they do not fit.
    pub secondary: Vec<String>,
}

/// Items below a heading.
pub struct Section {
    /// The heading, or an empty text.
    pub title: String,
    /// The items.
    pub items: Vec<Item>,
}

/// The terminal or file that lines are printed to.
pub struct Terminal {
    /// The number of columns. `None` if it is not a terminal, so that lines may have any length.
    pub width: Option<usize>,
    /// Whether headings are bold.
    pub bold: bool,
}

impl Terminal {
    /// Returns the terminal at standard output.
    #[must_use]
    pub fn stdout() -> Self {
        let width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        let unset = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self { width, bold: width.is_some() && unset("NO_COLOR") && !dumb }
    }

    /// Formats sections. Each item takes one line, or two if one of the items does not fit on a line. A section
    /// without items is left out.
    #[must_use]
    pub fn sections(&self, sections: &[Section]) -> String {
        // The primary columns are aligned across all sections, the secondary ones within a section.
        let firsts: Vec<&[String]> = sections.iter().flat_map(|it| &it.items).map(|it| &*it.primary).collect();
        let firsts = table(&firsts);
        let widest = firsts.lines().map(display_width).max().unwrap_or(0);
        let seconds: Vec<String> = sections.iter().map(Section::seconds).collect();
        let mut firsts = firsts.lines();
        let mut rows = Vec::with_capacity(sections.len());
        for (section, seconds) in sections.iter().zip(&seconds) {
            // Zip the primary columns last: zip takes from its left side first, and would lose an item that finds no
            // partner.
            let parts = section.items.iter().zip(seconds.lines()).zip(firsts.by_ref());
            let row =
                |((item, second), first)| Row { item, indent: section.indent(), primary: first, secondary: second };
            rows.push(parts.map(row).collect::<Vec<_>>());
        }
        let layout = self.layout(&rows, widest);
        let mut text = String::new();
        for (rows, section) in rows.iter().zip(sections).filter(|(rows, _)| !rows.is_empty()) {
            text.push_str(&self.heading(&section.title));
            rows.iter().for_each(|row| row.push_to(&mut text, layout, widest));
        }
        text
    }

    /// Returns the widest layout in which each item fits.
    fn layout(&self, rows: &[Vec<Row<'_>>], widest: usize) -> Layout {
        let Some(width) = self.width else { return Layout::OneLine };
        let fit =
            |line: &dyn Fn(&Row<'_>) -> String| rows.iter().flatten().all(|row| display_width(&line(row)) <= width);
        if fit(&|row| row.one_line(widest)) {
            Layout::OneLine
        } else {
            Layout::Wrapped { width, in_columns: fit(&|row| row.first_line()) }
        }
    }

    fn heading(&self, title: &str) -> String {
        let title = self.width.map_or(Cow::Borrowed(title), |width| truncate(title, width));
        match &*title {
            "" => String::new(),
            title if self.bold => format!("\u{1b}[1m{title}\u{1b}[0m\n"),
            title => format!("{title}\n"),
        }
    }
}

/// The layout of the items.
#[derive(Clone, Copy)]
enum Layout {
    /// Each item on one line.
    OneLine,
    /// Each item on two lines, or on as many as it needs.
    Wrapped {
        /// The number of columns of the terminal.
        width: usize,
        /// Whether the primary cells are still aligned in columns.
        in_columns: bool,
    },
}

/// Shortens a text to a width. Keeps the end of a path, because that distinguishes paths.
fn truncate(text: &str, width: usize) -> Cow<'_, str> {
    if display_width(text) <= width {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut room = width.saturating_sub(1);
    let mut take = |c: char| {
        let fits = display_width(c.encode_utf8(&mut [0; 4])) <= room;
        room -= if fits { display_width(c.encode_utf8(&mut [0; 4])) } else { room };
        fits
    };
    if text.contains('/') {
        kept.extend(text.chars().rev().take_while(|c| take(*c)));
        Cow::Owned(std::iter::once('\u{2026}').chain(kept.chars().rev()).collect())
    } else {
        kept.extend(text.chars().take_while(|c| take(*c)));
        kept.push('\u{2026}');
        Cow::Owned(kept)
    }
}

/// Places cells side by side, two spaces apart, on as many lines as they need. `indent` is the indentation of the
/// first line, `below` that of the others.
fn wrap_cells(cells: &[String], width: usize, indent: usize, below: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    // A dash only fills a column, and these lines have no columns.
    for cell in cells.iter().filter(|cell| !cell.is_empty() && *cell != "-") {
        match lines.last_mut() {
            Some(line) if display_width(line) + 2 + display_width(cell) <= width => {
                pad(line, 2);
                line.push_str(cell);
            }
            last => {
                let indent = if last.is_some() { below } else { indent };
                let mut line = String::new();
                pad(&mut line, indent);
                line.push_str(&truncate(cell, width.saturating_sub(indent)));
                lines.push(line);
            }
        }
    }
    lines
}

impl Section {
    const fn indent(&self) -> usize {
        if self.title.is_empty() { 0 } else { INDENT }
    }

    fn seconds(&self) -> String {
        table(&self.items.iter().map(|it| &*it.secondary).collect::<Vec<&[String]>>())
    }
}

/// One item, prepared for printing.
struct Row<'a> {
    item: &'a Item,
    indent: usize,
    primary: &'a str,
    secondary: &'a str,
}

impl Row<'_> {
    fn one_line(&self, widest: usize) -> String {
        let mut line = String::new();
        self.push_one_line(&mut line, widest);
        line
    }

    fn push_one_line(&self, text: &mut String, widest: usize) {
        pad(text, self.indent);
        text.push_str(self.primary);
        if !self.secondary.is_empty() {
            pad(text, widest - display_width(self.primary) + 2);
            text.push_str(self.secondary);
        }
    }

    fn first_line(&self) -> String {
        format!("{:1$}{2}", "", self.indent, self.primary)
    }

    fn push_to(&self, text: &mut String, layout: Layout, widest: usize) {
        let Layout::Wrapped { width, in_columns } = layout else {
            self.push_one_line(text, widest);
            return text.push('\n');
        };
        let below = self.indent + INDENT;
        let firsts = if in_columns {
            vec![self.first_line()]
        } else {
            wrap_cells(&self.item.primary, width, self.indent, below)
        };
        for line in firsts.into_iter().chain(wrap_cells(&self.item.secondary, width, below, below)) {
            text.push_str(&line);
            text.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(primary: &[&str], secondary: &[&str]) -> Item {
        let cells = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        Item { primary: cells(primary), secondary: cells(secondary) }
    }

    fn check(width: Option<usize>, bold: bool, expected: &str) {
        let sections = [
            Section { title: "waits".into(), items: vec![item(&["idle", "%1"], &["aa", "site"])] },
            Section { title: "none".into(), items: Vec::new() },
            Section {
                title: "works".into(),
                items: vec![item(&["active", "%20"], &["b", "x"]), item(&["active", "%3"], &["ccc", ""])],
            },
        ];
        assert_eq!(Terminal { width, bold }.sections(&sections), expected, "{width:?}");
    }

    #[test]
    fn columns_stand_below_each_other_in_all_sections() {
        let wide = "waits\n  idle    %1   aa  site\nworks\n  active  %20  b    x\n  active  %3   ccc\n";
        check(None, false, wide);
        check(Some(23), false, wide);
    }

    #[test]
    fn where_one_thing_needs_two_lines_each_has_two() {
        check(
            Some(22),
            false,
            "waits\n  idle    %1\n    aa  site\nworks\n  active  %20\n    b  x\n  active  %3\n    ccc\n",
        );
        check(
            Some(9),
            true,
            "\u{1b}[1mwaits\u{1b}[0m\n  idle\n    %1\n    aa\n    site\n\u{1b}[1mworks\u{1b}[0m\n  active\n    %20\n    b  x\n  active\n    %3\n    ccc\n",
        );
        check(
            Some(4),
            false,
            "wai\u{2026}\n  i\u{2026}\n    \u{2026}\n    \u{2026}\n    \u{2026}\nwor\u{2026}\n  a\u{2026}\n    \u{2026}\n    \u{2026}\n    \u{2026}\n  a\u{2026}\n    \u{2026}\n    \u{2026}\n",
        );
    }

    #[test]
    fn in_a_narrow_pane_each_thing_has_as_many_lines_as_it_needs() {
        let item = item(&["lost", "claude", "-", "25 min"], &["98bc3f4e", "", "/home/me/parser"]);
        let sections = [Section { title: "lost (`baton resume`)".into(), items: vec![item] }];
        let text = |width| Terminal { width: Some(width), bold: false }.sections(&sections);
        assert_eq!(text(22), "lost (`baton resume`)\n  lost  claude  25 min\n    98bc3f4e\n    /home/me/parser\n");
        assert_eq!(
            text(16),
            "lost (`baton re\u{2026}\n  lost  claude\n    25 min\n    98bc3f4e\n    \u{2026}e/me/parser\n"
        );
    }

    #[test]
    fn of_a_path_the_end_is_kept() {
        for (text, width, expected) in [
            ("/a/long/path", 12, "/a/long/path"),
            ("/a/long/path", 6, "\u{2026}/path"),
            ("a long name", 6, "a lon\u{2026}"),
            ("/a/\u{4f60}\u{597d}", 4, "\u{2026}\u{597d}"),
            ("\u{4f60}\u{597d}", 3, "\u{4f60}\u{2026}"),
            ("ab", 1, "\u{2026}"),
        ] {
            assert_eq!(truncate(text, width), expected);
        }
    }

    #[test]
    fn what_has_no_heading_stands_at_the_edge() {
        let sections = [Section { title: String::new(), items: vec![item(&["aa", "lost"], &["/long/path"])] }];
        let text = |width| Terminal { width: Some(width), bold: false }.sections(&sections);
        assert_eq!(text(80), "aa  lost  /long/path\n");
        assert_eq!(text(15), "aa  lost\n  /long/path\n");
        assert_eq!(Terminal { width: None, bold: true }.sections(&[]), "");
    }
}
