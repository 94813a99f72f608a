//! Rows in columns with a header, for a terminal of any width.

use std::borrow::Cow;

use textwrap::core::display_width;

use super::columns::{Columns, pad};
use super::style::Style;
use super::terminal::Terminal;

/// By how much rows are indented below the title of a section.
const INDENT: usize = 2;

/// The column whose cells are coloured by what they say.
const STATUS: &str = "STATUS";

/// One row.
pub struct Row {
    /// The columns that come first.
    pub primary: Vec<String>,
    /// The columns that come after them, or on a second line where there is no room.
    pub secondary: Vec<String>,
}

/// Rows below a title.
pub struct Section {
    /// The title; empty for rows that have none.
    pub title: String,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A list as a command prints it.
pub struct Listing {
    /// The names of the first columns.
    pub primary: &'static [&'static str],
    /// The names of the others.
    pub secondary: &'static [&'static str],
    /// The names of those that may be cut off to keep each row on one line.
    pub flexible: &'static [&'static str],
    /// The rows. A section without rows is left out.
    pub sections: Vec<Section>,
}

/// The width that a column keeps when it is cut off.
const MIN_FLEXIBLE: usize = 8;

/// How rows are laid out.
enum Layout {
    /// Each on a line.
    OneLine(Columns),
    /// Each on two lines: the first columns, and the others below.
    TwoLines {
        /// How many columns the terminal has.
        width: usize,
        first: Columns,
    },
    /// Each on as many lines as it needs.
    Wrapped {
        /// How many columns the terminal has.
        width: usize,
    },
}

impl Listing {
    /// A list without sections.
    #[must_use]
    pub fn new(primary: &'static [&'static str], secondary: &'static [&'static str], rows: Vec<Row>) -> Self {
        Self { primary, secondary, flexible: &[], sections: vec![Section { title: String::new(), rows }] }
    }

    /// The lines: a header and the rows. Nothing where there are no rows.
    #[must_use]
    pub fn render(&self, terminal: &Terminal) -> String {
        if self.rows().next().is_none() {
            return String::new();
        }
        let layout = self.layout(terminal);
        let mut lines = Vec::new();
        lines.extend(self.header(&layout).map(|header| self.indented(&paint(Style::Dim, terminal, &header))));
        for section in self.sections.iter().filter(|section| !section.rows.is_empty()) {
            if !section.title.is_empty() {
                let title =
                    terminal.width.map_or(Cow::Borrowed(&*section.title), |width| truncate(&section.title, width));
                lines.push(paint(Style::Heading, terminal, &title));
            }
            section.rows.iter().for_each(|row| self.push_row(&mut lines, row, &layout, terminal));
        }
        lines.join("\n") + "\n"
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.sections.iter().flat_map(|section| &section.rows)
    }

    fn indent(&self) -> usize {
        if self.sections.iter().any(|section| !section.title.is_empty()) { INDENT } else { 0 }
    }

    fn indented(&self, line: &str) -> String {
        format!("{:1$}{line}", "", self.indent())
    }

    fn names(&self) -> Vec<&'static str> {
        self.primary.iter().chain(self.secondary).copied().collect()
    }

    /// The widest layout in which every row finds room.
    fn layout(&self, terminal: &Terminal) -> Layout {
        let rows: Vec<Vec<String>> = self.rows().map(Row::cells).collect();
        let names = self.names();
        let all = Columns::fit(&names, rows.iter().map(Vec::as_slice));
        let Some(width) = terminal.width else { return Layout::OneLine(all) };
        if let Some(columns) = self.narrowed(all, &rows, width) {
            return Layout::OneLine(columns);
        }
        let fits =
            |columns: &Columns, cells: &[String]| display_width(&self.indented(&columns.line(cells, plain))) <= width;
        let has_room =
            |columns: &Columns, names: &[&str]| display_width(&self.indented(&columns.line(names, plain))) <= width;
        let first = Columns::fit(self.primary, self.rows().map(|row| row.primary.as_slice()));
        if has_room(&first, self.primary) && self.rows().all(|row| fits(&first, &row.primary)) {
            Layout::TwoLines { width, first }
        } else {
            Layout::Wrapped { width }
        }
    }

    /// The columns, narrowed where that is allowed, if every row then fits on one line.
    fn narrowed(&self, mut columns: Columns, rows: &[Vec<String>], width: usize) -> Option<Columns> {
        let names = self.names();
        let header: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let flexible: Vec<usize> =
            names.iter().enumerate().filter(|(_, name)| self.flexible.contains(name)).map(|(at, _)| at).collect();
        loop {
            let line = |cells: &Vec<String>| display_width(&self.indented(&columns.line(&cut(cells, &columns), plain)));
            let widest = std::iter::once(&header).chain(rows).map(line).max().unwrap_or(0);
            if widest <= width {
                return Some(columns);
            }
            if !columns.narrow(&flexible, widest - width, MIN_FLEXIBLE) {
                return None;
            }
        }
    }

    /// The names of the columns; none where there are no columns.
    fn header(&self, layout: &Layout) -> Option<String> {
        match layout {
            Layout::OneLine(columns) => Some(columns.line(&self.names(), plain)),
            Layout::TwoLines { first, .. } => Some(first.line(self.primary, plain)),
            Layout::Wrapped { .. } => None,
        }
    }

    fn push_row(&self, lines: &mut Vec<String>, row: &Row, layout: &Layout, terminal: &Terminal) {
        let style = |column: usize, cell: &str| {
            let is_status = self.primary.get(column) == Some(&STATUS);
            let style = Style::of_status(cell).filter(|_| is_status);
            Style::paint_if(style, terminal.colour, cell).into_owned()
        };
        let below = self.indent() + INDENT;
        match layout {
            Layout::OneLine(columns) => lines.push(self.indented(&columns.line(&cut(&row.cells(), columns), style))),
            Layout::TwoLines { width, first } => {
                lines.push(self.indented(&first.line(&row.primary, style)));
                lines.extend(wrap_cells(&row.secondary, *width, below, below, |_, cell| cell.to_owned()));
            }
            Layout::Wrapped { width } => {
                lines.extend(wrap_cells(&row.primary, *width, self.indent(), below, style));
                lines.extend(wrap_cells(&row.secondary, *width, below, below, |_, cell| cell.to_owned()));
            }
        }
    }
}

impl Row {
    fn cells(&self) -> Vec<String> {
        self.primary.iter().chain(&self.secondary).cloned().collect()
    }
}

/// The cells, none of them wider than its column.
fn cut(cells: &[String], columns: &Columns) -> Vec<String> {
    cells.iter().zip(columns.widths()).map(|(cell, width)| truncate(cell, *width).into_owned()).collect()
}

fn plain(_: usize, cell: &str) -> String {
    cell.to_owned()
}

fn paint(style: Style, terminal: &Terminal, text: &str) -> String {
    Style::paint_if(Some(style), terminal.colour, text).into_owned()
}

/// A text that fits. Of a path the end is kept: it tells paths apart.
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

/// Cells side by side, two spaces between, on as many lines as they need; `indent` before the first line, `below` before the others.
fn wrap_cells(
    cells: &[String],
    width: usize,
    indent: usize,
    below: usize,
    style: impl Fn(usize, &str) -> String,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    // A dash stands for an empty cell of a column: here there are no columns.
    for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty() && *cell != "-") {
        match lines.last_mut() {
            Some(line) if display_width(line) + 2 + display_width(cell) <= width => {
                pad(line, 2);
                line.push_str(&style(column, cell));
            }
            last => {
                let indent = if last.is_some() { below } else { indent };
                let mut line = String::new();
                pad(&mut line, indent);
                let cell = truncate(cell, width.saturating_sub(indent));
                line.push_str(&style(column, &cell));
                lines.push(line);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(primary: &[&str], secondary: &[&str]) -> Row {
        let cells = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        Row { primary: cells(primary), secondary: cells(secondary) }
    }

    fn check(width: Option<usize>, colour: bool, expected: &str) {
        let sections = vec![
            Section { title: "waits".into(), rows: vec![row(&["idle", "%1"], &["aa", "site"])] },
            Section { title: "none".into(), rows: Vec::new() },
            Section {
                title: "works".into(),
                rows: vec![row(&["active", "%20"], &["b", "x"]), row(&["active", "%3"], &["ccc", ""])],
            },
        ];
        let listing = Listing { primary: &["STATUS", "PANE"], secondary: &["ID", "PROJECT"], flexible: &[], sections };
        assert_eq!(listing.render(&Terminal { width, colour }), expected, "{width:?}");
    }

    #[test]
    fn columns_and_their_header_are_those_of_all_sections() {
        let wide = "  STATUS  PANE  ID   PROJECT\nwaits\n  idle    %1    aa   site\nworks\n  active  %20   b    x\n  active  %3    ccc\n";
        check(None, false, wide);
        check(Some(28), false, wide);
    }

    #[test]
    fn where_one_row_needs_two_lines_each_has_two() {
        check(
            Some(27),
            false,
            "  STATUS  PANE\nwaits\n  idle    %1\n    aa  site\nworks\n  active  %20\n    b  x\n  active  %3\n    ccc\n",
        );
    }

    #[test]
    fn what_may_be_cut_off_is_cut_before_a_row_takes_two_lines() {
        let rows = vec![row(&["r1"], &["a-long-project", "\"a name as long\""]), row(&["r2"], &["short", ""])];
        let listing = Listing { flexible: &["PROJECT", "NAME"], ..Listing::new(&["ID"], &["PROJECT", "NAME"], rows) };
        for (width, expected) in [
            (36, "ID  PROJECT         NAME\nr1  a-long-project  \"a name as long\"\nr2  short\n"),
            (32, "ID  PROJECT        NAME\nr1  a-long-proje\u{2026}  \"a name as l\u{2026}\nr2  short\n"),
            (22, "ID  PROJECT   NAME\nr1  a-long-\u{2026}  \"a name\u{2026}\nr2  short\n"),
            (21, "ID\nr1\n  a-long-project\n  \"a name as long\"\nr2\n  short\n"),
        ] {
            assert_eq!(listing.render(&Terminal { width: Some(width), colour: false }), expected, "{width}");
        }
    }

    #[test]
    fn colour_changes_no_column() {
        check(
            Some(28),
            true,
            "  \u{1b}[2mSTATUS  PANE  ID   PROJECT\u{1b}[0m\n\u{1b}[1mwaits\u{1b}[0m\n  \u{1b}[33midle\u{1b}[0m    %1    aa   site\n\u{1b}[1mworks\u{1b}[0m\n  \u{1b}[32mactive\u{1b}[0m  %20   b    x\n  \u{1b}[32mactive\u{1b}[0m  %3    ccc\n",
        );
    }

    #[test]
    fn where_the_first_columns_find_no_room_there_are_none() {
        check(
            Some(9),
            true,
            "\u{1b}[1mwaits\u{1b}[0m\n  \u{1b}[33midle\u{1b}[0m\n    %1\n    aa\n    site\n\u{1b}[1mworks\u{1b}[0m\n  \u{1b}[32mactive\u{1b}[0m\n    %20\n    b  x\n  \u{1b}[32mactive\u{1b}[0m\n    %3\n    ccc\n",
        );
        check(
            Some(4),
            false,
            "wai\u{2026}\n  i\u{2026}\n    \u{2026}\n    \u{2026}\n    \u{2026}\nwor\u{2026}\n  a\u{2026}\n    \u{2026}\n    \u{2026}\n    \u{2026}\n  a\u{2026}\n    \u{2026}\n    \u{2026}\n",
        );
    }

    #[test]
    fn in_a_narrow_pane_each_row_has_as_many_lines_as_it_needs() {
        let row = row(&["lost", "claude", "-", "25 min"], &["98bc3f4e", "", "/home/me/parser"]);
        let sections = vec![Section { title: "lost (`baton resume`)".into(), rows: vec![row] }];
        let listing = Listing {
            primary: &["STATUS", "AGENT", "PANE", "AGE"],
            secondary: &["ID", "NAME", "PROJECT"],
            flexible: &[],
            sections,
        };
        let text = |width| listing.render(&Terminal { width: Some(width), colour: false });
        assert_eq!(text(26), "lost (`baton resume`)\n  lost  claude  25 min\n    98bc3f4e\n    /home/me/parser\n");
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
    fn a_list_without_sections_is_not_indented() {
        let rows = vec![row(&["aa", "lost"], &["/long/path"])];
        let listing = Listing::new(&["ID", "STATUS"], &["PROJECT"], rows);
        let text = |width| listing.render(&Terminal { width: Some(width), colour: false });
        assert_eq!(text(80), "ID  STATUS  PROJECT\naa  lost    /long/path\n");
        assert_eq!(text(15), "ID  STATUS\naa  lost\n  /long/path\n");
        assert_eq!(Listing::new(&["ID"], &[], Vec::new()).render(&Terminal { width: None, colour: true }), "");
    }
}
