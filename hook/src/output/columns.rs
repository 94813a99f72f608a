//! Cells in columns.

use textwrap::core::display_width;

/// The spaces between two columns.
const GAP: usize = 2;

/// How wide the columns of some rows are. A column in which nothing stands takes no room.
pub struct Columns(Vec<usize>);

impl Columns {
    /// As wide as the widest cell of each column; the header counts where the column has a cell.
    #[must_use]
    pub fn fit<'a>(header: &[&str], rows: impl IntoIterator<Item = &'a [String]>) -> Self {
        let mut widths: Vec<usize> = Vec::new();
        for row in rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = display_width(cell).max(*widest);
            }
        }
        for (widest, name) in widths.iter_mut().zip(header).filter(|(widest, _)| **widest > 0) {
            *widest = display_width(name).max(*widest);
        }
        Self(widths)
    }

    /// Takes width from the widest of the columns at these positions, but leaves each at least `min`. Returns whether one of
    /// them could give some.
    pub fn narrow(&mut self, positions: &[usize], by: usize, min: usize) -> bool {
        let mut chosen: Vec<&mut usize> =
            self.0.iter_mut().enumerate().filter(|(at, _)| positions.contains(at)).map(|(_, width)| width).collect();
        chosen.sort_unstable_by(|a, b| b.cmp(a));
        let mut widths = chosen.into_iter();
        let (Some(widest), next) = (widths.next(), widths.next()) else { return false };
        // Not below the next one, so that all of them give in the end.
        let floor = next.map_or(min, |next| (*next).max(min)).min(widest.saturating_sub(1)).max(min);
        let given = by.min(widest.saturating_sub(floor));
        *widest -= given;
        given > 0
    }

    /// The widths, in the order of the columns.
    #[must_use]
    pub fn widths(&self) -> &[usize] {
        &self.0
    }

    /// The cells side by side, without spaces at the end. `paint` styles a cell, given its column; it must not change its width.
    #[must_use]
    pub fn line<C: AsRef<str>>(&self, cells: &[C], paint: impl Fn(usize, &str) -> String) -> String {
        let mut line = String::new();
        let mut owed = 0;
        for (column, (cell, widest)) in cells.iter().zip(&self.0).enumerate().filter(|(_, (_, widest))| **widest > 0) {
            let cell = cell.as_ref();
            if cell.is_empty() {
                owed += widest + GAP;
                continue;
            }
            pad(&mut line, owed);
            line.push_str(&paint(column, cell));
            owed = widest - display_width(cell) + GAP;
        }
        line
    }
}

/// Appends spaces.
pub fn pad(text: &mut String, spaces: usize) {
    text.extend(std::iter::repeat_n(' ', spaces));
}

#[cfg(test)]
mod tests {
    use super::Columns;

    fn check(header: &[&str], rows: &[&[&str]], expected: &str) {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|&cell| cell.to_owned()).collect()).collect();
        let columns = Columns::fit(header, rows.iter().map(Vec::as_slice));
        let plain = |_: usize, cell: &str| cell.to_owned();
        let lines = std::iter::once(columns.line(header, plain)).chain(rows.iter().map(|row| columns.line(row, plain)));
        assert_eq!(lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"), expected);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        check(&[], &[&["a", "bb", "c"], &["\u{4f60}a", "b", ""]], "a    bb  c\n\u{4f60}a  b");
    }

    #[test]
    fn a_header_widens_its_column() {
        check(&["STATUS", "ID"], &[&["ok", "1"], &["lost", "22"]], "STATUS  ID\nok      1\nlost    22");
    }

    #[test]
    fn a_column_without_cells_has_no_header() {
        check(&["A", "NAME", "C"], &[&["a", "", "c"], &["b", "", "dd"]], "A  C\na  c\nb  dd");
    }
}
