//! Patterns that name projects by their identities.

/// Matches one segment.
const ONE: &str = "*";

/// Matches any number of segments, also none.
const ANY: &str = "**";

/// Returns whether a text can be a pattern: segments with `/` between them, such as `github.com/acme/*`. `*` and `**`
/// stand for whole segments only. A URL is no pattern, because identities have no scheme and no user.
#[must_use]
pub fn is_pattern(text: &str) -> bool {
    text.split('/').all(|segment| {
        let is_plain = |c: char| c.is_ascii_graphic() && !"*@?#".contains(c) || !c.is_ascii() && c.is_alphanumeric();
        segment == ONE || segment == ANY || (!segment.is_empty() && segment.chars().all(is_plain))
    })
}

/// Returns whether the identity of a project matches a pattern. `*` matches one segment and `**` any number of them.
/// Lower and upper case differ, except in the host.
#[must_use]
pub fn matches(pattern: &str, identity: &str) -> bool {
    let segments: Vec<&str> = identity.split('/').collect();
    // For each number of segments, whether the pattern so far matches that many of the first ones. This takes a number
    // of steps that is bounded by the two lengths, however many `**` there are.
    let mut reached = vec![false; segments.len() + 1];
    if let Some(none) = reached.first_mut() {
        *none = true;
    }
    for (at, part) in pattern.split('/').enumerate() {
        reached = if part == ANY {
            let mut is_reached = false;
            reached
                .into_iter()
                .map(|it| {
                    is_reached |= it;
                    is_reached
                })
                .collect()
        } else {
            let fits = |segment: &str| part == ONE || part == segment || at == 0 && part.eq_ignore_ascii_case(segment);
            let next = segments.iter().zip(reached).map(|(segment, before)| before && fits(segment));
            std::iter::once(false).chain(next).collect()
        };
    }
    reached.last().is_some_and(|whole| *whole)
}
