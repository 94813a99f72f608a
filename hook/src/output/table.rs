//! Formats rows in columns.

use textwrap::core::display_width;

/// Formats rows in columns, two spaces apart. The last column takes the remaining width.
#[must_use]
pub fn table<R: AsRef<[String]>>(rows: &[R]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (column, cell) in row.as_ref().iter().enumerate() {
            let width = display_width(cell);
            match widths.get_mut(column) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let mut text = String::new();
    for row in rows {
        // A column in which every cell is empty takes no width.
        for (cell, widest) in row.as_ref().iter().zip(&widths).filter(|(_, widest)| **widest > 0) {
            text.push_str(cell);
            pad(&mut text, widest - display_width(cell) + 2);
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

pub(super) fn pad(text: &mut String, spaces: usize) {
    text.extend(std::iter::repeat_n(' ', spaces));
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "bb", "c"], ["\u{4f60}a", "b", ""]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "a    bb  c\n\u{4f60}a  b\n");
        let rows = [["a", "", "c"], ["b", "", "dd"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "a  c\nb  dd\n");
    }
}
