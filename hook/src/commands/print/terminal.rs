//! Things in columns, for a terminal of whatever width.

use std::borrow::Cow;
use std::io;

use textwrap::core::display_width;

use super::{pad, table};

/// By how much the things below a heading stand in.
const INDENT: usize = 2;

/// What is known of one thing: what matters, and the rest.
pub struct Item {
    /// The columns that come first.
    pub first: Vec<String>,
    /// The columns that come after them, or on a second line where there is no room.
    pub second: Vec<String>,
}

/// Things below a heading.
pub struct Section {
    /// The heading; empty for things that have none.
    pub title: String,
    /// The things.
    pub items: Vec<Item>,
}

/// Where lines are printed.
pub struct Terminal {
    /// How many columns it has; none for what is no terminal: there no line is too long.
    pub width: Option<usize>,
    /// Whether headings are set off.
    pub bold: bool,
}

impl Terminal {
    /// The terminal at standard output.
    #[must_use]
    pub fn of_stdout() -> Self {
        let width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        let unset = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self { width, bold: width.is_some() && unset("NO_COLOR") && !dumb }
    }

    /// Sections, each thing on a line, or each on two where one of them would not fit. One without things is left out.
    #[must_use]
    pub fn sections(&self, sections: &[Section]) -> String {
        // What comes first stands in the columns of all, what comes second in those of its own section.
        let firsts: Vec<&[String]> = sections.iter().flat_map(|it| &it.items).map(|it| &*it.first).collect();
        let firsts = table(&firsts);
        let widest = firsts.lines().map(display_width).max().unwrap_or(0);
        let seconds: Vec<String> = sections.iter().map(Section::seconds).collect();
        let mut firsts = firsts.lines();
        let mut rows = Vec::with_capacity(sections.len());
        for (section, seconds) in sections.iter().zip(&seconds) {
            // The firsts last: zip takes from its left side first, and what finds no partner would be lost.
            let parts = section.items.iter().zip(seconds.lines()).zip(firsts.by_ref());
            let row = |((item, second), first)| Row { item, indent: section.indent(), first, second };
            rows.push(parts.map(row).collect::<Vec<_>>());
        }
        let fits = |row: &Row<'_>| self.width.is_none_or(|width| display_width(&row.one_line(widest)) <= width);
        let one_line_each = rows.iter().flatten().all(fits);
        let mut text = String::new();
        for (rows, section) in rows.iter().zip(sections).filter(|(rows, _)| !rows.is_empty()) {
            text.push_str(&self.heading(&section.title));
            for row in rows {
                let lines = if one_line_each { row.one_line(widest) } else { row.two_lines() };
                for line in lines.lines() {
                    text.push_str(&self.cut(line));
                    text.push('\n');
                }
            }
        }
        text
    }

    fn heading(&self, title: &str) -> String {
        match title {
            "" => String::new(),
            title if self.bold => format!("\u{1b}[1m{title}\u{1b}[0m\n"),
            title => format!("{title}\n"),
        }
    }

    /// A line, cut where the terminal ends.
    fn cut<'l>(&self, line: &'l str) -> Cow<'l, str> {
        let Some(width) = self.width.filter(|width| display_width(line) > *width) else { return Cow::Borrowed(line) };
        let mut cut = String::new();
        for c in line.chars() {
            if display_width(&cut) + display_width(c.encode_utf8(&mut [0; 4])) >= width {
                break;
            }
            cut.push(c);
        }
        cut.push('\u{2026}');
        Cow::Owned(cut)
    }
}

impl Section {
    const fn indent(&self) -> usize {
        if self.title.is_empty() { 0 } else { INDENT }
    }

    fn seconds(&self) -> String {
        table(&self.items.iter().map(|it| &*it.second).collect::<Vec<&[String]>>())
    }
}

/// One thing, on its way to be printed.
struct Row<'a> {
    item: &'a Item,
    indent: usize,
    first: &'a str,
    second: &'a str,
}

impl Row<'_> {
    fn one_line(&self, widest: usize) -> String {
        let mut line = String::new();
        pad(&mut line, self.indent);
        line.push_str(self.first);
        if !self.second.is_empty() {
            pad(&mut line, widest - display_width(self.first) + 2);
            line.push_str(self.second);
        }
        line
    }

    fn two_lines(&self) -> String {
        let indent = self.indent;
        let second: Vec<&str> = self.item.second.iter().map(String::as_str).filter(|cell| !cell.is_empty()).collect();
        let first = format!("{:indent$}{}", "", self.first);
        let below = indent + INDENT;
        if second.is_empty() { first } else { format!("{first}\n{:below$}{}", "", second.join("  ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(first: &[&str], second: &[&str]) -> Item {
        let cells = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        Item { first: cells(first), second: cells(second) }
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
            "\u{1b}[1mwaits\u{1b}[0m\n  idle  \u{2026}\n    aa  \u{2026}\n\u{1b}[1mworks\u{1b}[0m\n  active\u{2026}\n    b  x\n  active\u{2026}\n    ccc\n",
        );
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
